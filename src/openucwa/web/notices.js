// What a page says wherever one is in it: that the server is away, that somebody waits in the lobby, and, to those who
// don't look at it, what has changed. And its title.

import { button, keep, make } from "./elements.js";

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

  // meetings: [{id, names, where, label, show}], those in whose lobby somebody waits. `names`: of those who wait;
  // `where`: of which meeting, "" where that is clear; `label`: of the button that does show().
  lobby(meetings) {
    this.#count = meetings.reduce((sum, { names }) => sum + names.length, 0);
    this.#drawTitle();
    this.#lobby.hidden = meetings.length === 0;
    keep(
      this.#lobby,
      meetings,
      ({ id }) => id,
      (each, drawn) => lobbyLine(each, drawn),
      { focus: focusHeading },
    );
  }

  set title(words) {
    this.#title = words;
    this.#drawTitle();
  }

  #drawTitle() {
    document.title = this.#count ? `(${this.#count}) ${this.#title}` : this.#title;
  }
}

// Who waits for one meeting, and the way there.
function lobbyLine({ names, where, label, show }, drawn) {
  const line =
    drawn ??
    make(
      "div",
      { class: "lobby-line" },
      make("span"),
      button("", "compact", () => line.show()),
    );
  const [words, way] = line.children;
  const [first, ...others] = names;
  const who = others.length
    ? `${first} and ${others.length === 1 ? "1 other" : `${others.length} others`} are`
    : `${first} is`;
  write(words, `${who} waiting in the lobby${where && ` of “${where}”`}.`);
  write(way, label);
  way.setAttribute("aria-label", where ? `${label}: ${where}` : label);
  return Object.assign(line, { show });
}

// Leaves a text alone that is there already.
function write(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

function focusHeading() {
  [...document.querySelectorAll("h1")].find((heading) => heading.checkVisibility())?.focus();
}
