// What a page says wherever one is in it: that the server is away, that somebody waits in the lobby, and, to those who
// don't look at it, what has changed. And its title.

import { busy, button, keep, make } from "./elements.js";

const MAX_SAID = 20;

export class Notices {
  #away = make("p", { id: "away", class: "banner", role: "status" });
  #lobby = make("section", { id: "lobby-banner", class: "banner", "aria-label": "Lobby", hidden: true });
  #invitations = make("section", {
    id: "invitations",
    class: "banner invitations",
    "aria-label": "Invitations",
    hidden: true,
  });
  #said = make("div", { id: "said", class: "unseen", "aria-live": "polite" });
  #title = document.title;
  #waiting = 0;
  #invited = 0;

  constructor() {
    document.body.prepend(this.#away, this.#invitations, this.#lobby, this.#said);
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
    this.#waiting = meetings.reduce((sum, { names }) => sum + names.length, 0);
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

  // lines: [{id, words, quote, who, accept, decline}], those who invite the user: `quote`: what they said with it, or null.
  invitations(lines) {
    this.#invited = lines.length;
    this.#drawTitle();
    this.#invitations.hidden = lines.length === 0;
    const draw = (each, drawn) => drawn ?? invitationLine(each);
    keep(this.#invitations, lines, ({ id }) => id, draw, { focus: focusHeading });
  }

  set title(words) {
    this.#title = words;
    this.#drawTitle();
  }

  #drawTitle() {
    const count = this.#waiting + this.#invited;
    document.title = count ? `(${count}) ${this.#title}` : this.#title;
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

// Who invites the user, and the two answers.
function invitationLine({ words, quote, who, accept, decline }) {
  const answers = [
    ["Accept", "primary compact", accept],
    ["Decline", "compact", decline],
  ].map(([word, kind, work]) => {
    const answer = button(word, kind, (it) => busy(it, work));
    answer.setAttribute("aria-label", `${word}: ${who}`);
    return answer;
  });
  const said = quote === null ? [] : [" ", make("q", {}, quote)];
  return make("div", { class: "lobby-line" }, make("span", {}, words, ...said), ...answers);
}

// Leaves a text alone that is there already.
function write(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

function focusHeading() {
  [...document.querySelectorAll("h1")].find((heading) => heading.checkVisibility())?.focus();
}
