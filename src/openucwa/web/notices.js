// What a page says wherever one is in it: that the server is away, that somebody waits in the lobby, and, to those who
// don't look at it, what has changed. And its title.

import { button, make } from "./elements.js";

const MAX_SAID = 20;

export class Notices {
  #away = make("p", { id: "away", class: "banner", role: "status" });
  #lobby = make("div", { id: "lobby-banner", class: "banner", hidden: true });
  #said = make("div", { id: "said", class: "unseen", "aria-live": "polite" });
  #title = document.title;
  #count = 0;

  constructor() {
    document.body.prepend(this.#away, this.#lobby, this.#said);
  }

  // Says something to people who don't look.
  say = (words) => {
    this.#said.append(make("p", {}, words));
    while (this.#said.children.length > MAX_SAID) this.#said.firstChild.remove();
  };

  // `error`: why the server can't be reached; null: it can.
  away = (error) => {
    this.#away.textContent = error === null ? "" : "The server can't be reached. Trying again…";
  };

  // `names`: of those who wait in the lobby; `where`: of which meeting, "" where that is clear; `show()`: leads there.
  lobby(names, where, show) {
    this.#count = names.length;
    this.#drawTitle();
    this.#lobby.hidden = names.length === 0;
    if (names.length === 0) {
      this.#lobby.replaceChildren();
      return;
    }
    const [first, ...others] = names;
    const who = others.length
      ? `${first} and ${others.length === 1 ? "1 other" : `${others.length} others`} are`
      : `${first} is`;
    const words = `${who} waiting in the lobby${where && ` of “${where}”`}.`;
    const shown = this.#lobby.firstElementChild;
    if (shown?.textContent === words) return;
    if (shown) shown.textContent = words;
    else
      this.#lobby.append(
        make("span", {}, words),
        button("Show", "compact", () => this.#show()),
      );
    this.#show = show;
  }

  #show = () => {};

  set title(words) {
    this.#title = words;
    this.#drawTitle();
  }

  #drawTitle() {
    document.title = this.#count ? `(${this.#count}) ${this.#title}` : this.#title;
  }
}
