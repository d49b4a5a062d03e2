// The notices that a page shows in every view: that the server is away, that somebody waits in the lobby; announcements to
// screen readers; and the page's title.

import { followSilence, isSilent, ring, setSilent } from "./bell.js";
import { busy, button, keep, make } from "./elements.js";
import { t } from "./texts.js";

const MAX_SAID = 20;

export class Notices {
  #away = make("p", { id: "away", class: "banner", role: "status" });
  #lobby = make("section", { id: "lobby-banner", class: "banner", "aria-label": t`Lobby`, hidden: true });
  #invitations = make("section", {
    id: "invitations",
    class: "banner invitations",
    "aria-label": t`Invitations`,
    hidden: true,
  });
  #said = make("div", { id: "said", class: "unseen", "aria-live": "polite" });
  #title = document.title;
  #waiting = 0;
  #invited = 0;
  #unread = 0;
  #lines = make("div", { class: "lobby-lines" });
  #sound = button("", "compact quiet", () => setSilent(!isSilent()));
  #rung = 0; // for how many it rang

  constructor() {
    this.#lobby.append(this.#lines, this.#sound);
    followSilence(() => write(this.#sound, isSilent() ? t`Turn sound on` : t`Turn sound off`));
    document.body.prepend(this.#away, this.#invitations, this.#lobby, this.#said);
  }

  // Announces something to screen readers.
  say = (words) => {
    this.#said.append(make("p", {}, words));
    while (this.#said.children.length > MAX_SAID) this.#said.firstChild.remove();
  };

  // `error`: why the server can't be reached; null: it can.
  away = (error) => {
    this.#away.textContent = error === null ? "" : t`The server can't be reached. Trying again…`;
  };

  // meetings: [{id, names, where, label, show}], those in whose lobby somebody waits. `names`: of those who wait;
  // `where`: of which meeting, "" where that is clear; `label`: of the button that does show().
  lobby(meetings) {
    this.#waiting = meetings.reduce((sum, { names }) => sum + names.length, 0);
    this.#drawTitle();
    this.#lobby.hidden = meetings.length === 0;
    keep(
      this.#lines,
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

  // How many messages nobody has seen yet.
  set unread(count) {
    this.#unread = count;
    this.#drawTitle();
  }

  set title(words) {
    this.#title = words;
    this.#drawTitle();
  }

  #drawTitle() {
    const asking = this.#waiting + this.#invited;
    if (asking > this.#rung) ring();
    this.#rung = asking;
    const count = asking + this.#unread;
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
  write(words, lobbyWords(names, where));
  write(way, label);
  way.setAttribute("aria-label", where ? `${label}: ${where}` : label);
  return Object.assign(line, { show });
}

function lobbyWords([first, ...others], where) {
  const count = others.length;
  if (!where) {
    if (count === 0) return t`${first} is waiting in the lobby.`;
    if (count === 1) return t`${first} and 1 other are waiting in the lobby.`;
    return t`${first} and ${count} others are waiting in the lobby.`;
  }
  if (count === 0) return t`${first} is waiting in the lobby of “${where}”.`;
  if (count === 1) return t`${first} and 1 other are waiting in the lobby of “${where}”.`;
  return t`${first} and ${count} others are waiting in the lobby of “${where}”.`;
}

// Who invites the user, and the two answers.
function invitationLine({ words, quote, who, accept, decline }) {
  const answers = [
    [t`Accept`, "primary compact", accept],
    [t`Decline`, "compact", decline],
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
