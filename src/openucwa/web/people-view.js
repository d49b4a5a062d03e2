// Who is in a meeting, who waits in its lobby, and what a leader can do about either.

import { busy, button, keep, make, notify } from "./elements.js";
import { drawFace, makeFace } from "./face.js";
import { presenceWords } from "./presence-words.js";
import { t } from "./texts.js";
import { linkOf } from "./ucwa.js";

const ACTIONS = [
  ["promote", t`Make a leader`],
  ["demote", t`Make an attendee`],
  ["eject", t`Remove from the meeting`],
];
const ANSWERS = [
  ["admit", t`Admit`, "primary compact"],
  ["reject", t`Reject`, "compact"],
];

export class PeopleView {
  #act;
  #leads = false;
  #error = make("p", { class: "notice bad small", role: "alert", hidden: true });
  #waiting;
  #waitingList;
  #admitAll;
  #people;
  #presenceOf;
  #all = []; // those who wait

  // `level`: of the headings, 2 or 3. act(person, rel): follows a participant's link. presenceOf(uri): what is known of
  // somebody's presence. `prefix`: of the ids.
  constructor(level, act, presenceOf, prefix) {
    const named = (id, more = {}) => ({ id: prefix + id, ...more });
    const list = (id, title) => make("ul", named(id, { class: "people", "aria-labelledby": prefix + title }));
    this.#act = act;
    this.#presenceOf = presenceOf;
    this.#people = list("people", "people-title");
    this.#waitingList = list("waiting-list", "waiting-title");
    this.heading = make(`h${level}`, named("people-title", { tabindex: -1 }), t`People`);
    const title = make(`h${Math.max(3, level)}`, named("waiting-title", { tabindex: -1 }), t`Waiting in the lobby`);
    const waiting = named("waiting", { class: "waiting", hidden: true });
    this.#admitAll = button(t`Admit all`, "compact", (it) => busy(it, () => this.#admitEverybody()));
    const head = make("div", { class: "waiting-head" }, title, this.#admitAll);
    this.#waiting = make("div", waiting, head, this.#waitingList);
    this.element = make("div", { class: "people-view" }, this.heading, this.#error, this.#waiting, this.#people);
  }

  drawPeople({ me, people, leads }) {
    this.#leads = leads;
    const everybody = [...(me ? [me] : []), ...people.values()].sort(
      (one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name),
    );
    const draw = (each, drawn) => this.#person(each, drawn);
    keep(this.#people, everybody, (each) => linkOf(each, "self"), draw, this.heading);
    this.heading.textContent = t`People (${everybody.length})`;
  }

  drawWaiting({ waiting }) {
    // Shown first: what is hidden can't keep the focus.
    if (waiting.size) this.#waiting.hidden = false;
    this.#all = [...waiting.values()];
    this.#admitAll.hidden = waiting.size < 2;
    const draw = (each, drawn) => drawn ?? this.#waiter(each);
    keep(this.#waitingList, [...waiting.values()], (each) => linkOf(each, "self"), draw, this.heading);
    this.#waiting.hidden = waiting.size === 0;
  }

  async #admitEverybody() {
    for (const person of this.#all) await this.#act(person, "admit");
  }

  // Says why an action could not be carried out; null: nothing is wrong.
  complain(words) {
    notify(this.#error, words);
  }

  // Leads the eye, and the focus, to those who wait.
  showWaiting() {
    this.#waiting.scrollIntoView({ block: "nearest" });
    this.#waitingList.querySelector("button")?.focus();
  }

  #person(person, drawn) {
    const line = drawn ?? newLine();
    const presence = person.anonymous ? undefined : this.#presenceOf(person.uri);
    drawFace(line.querySelector(".face"), { name: person.name, photo: linkOf(person, "contactPhoto"), presence });
    const tags = [
      person.local && [t`you`, "accent"],
      person.organizer && [t`organizer`, "good"],
      person.role === "Leader" && !person.organizer && [t`leader`, "good"],
      person.anonymous && [t`guest`, ""],
    ].filter(Boolean);
    line
      .querySelector(".person-words")
      .replaceChildren(
        make("span", { class: "person-name" }, person.name),
        ...tags.flatMap(([word, kind]) => [" ", tag(word, kind)]),
        ...(presence ? [" ", make("span", { class: "presence muted small" }, presenceWords(presence))] : []),
      );
    line.person = person;
    this.#drawActions(line);
    return line;
  }

  // A leader's button, which opens a row of buttons; drawn anew only where there are others than before.
  #drawActions(line) {
    const { person } = line;
    const actions = this.#leads ? ACTIONS.filter(([rel]) => linkOf(person, rel)) : [];
    const known = actions.map(([rel]) => rel).join(" ");
    if ((line.dataset.actions ?? "") === known) return;
    line.dataset.actions = known;
    const before = line.querySelector(".actions");
    const [wasOpen, focused] = [before?.hidden === false, before?.contains(document.activeElement)];
    for (const part of line.querySelectorAll(".actions-toggle, .actions")) part.remove();
    if (known) line.append(...this.#actions(line, actions, wasOpen));
    if (focused) (line.querySelector(".actions-toggle") ?? this.heading).focus();
  }

  #actions(line, actions, opened) {
    const label = t`Actions for ${line.person.name}`;
    const toggle = button("⋯", "quiet actions-toggle", () => open(row.hidden));
    for (const name of ["aria-label", "title"]) toggle.setAttribute(name, label);
    const buttons = actions.map(([rel, words]) =>
      button(words, rel === "eject" ? "danger compact" : "compact", (it) =>
        busy(it, () => this.#act(line.person, rel)),
      ),
    );
    const row = make("div", { class: "row actions" }, ...buttons);
    const open = (yes) => {
      row.hidden = !yes;
      toggle.setAttribute("aria-expanded", String(yes));
    };
    open(opened);
    line.onkeydown = (event) => {
      if (event.key !== "Escape" || row.hidden) return;
      open(false);
      toggle.focus();
    };
    return [toggle, row];
  }

  #waiter(person) {
    const answers = ANSWERS.map(([rel, word, kind]) =>
      button([word, make("span", { class: "unseen" }, ` ${person.name}`)], kind, (it) =>
        busy(it, () => this.#act(person, rel)),
      ),
    );
    const name = make("span", { class: "person-name" }, person.name);
    const words = make("div", { class: "person-words" }, name, ...(person.anonymous ? [" ", tag(t`guest`, "")] : []));
    return make("li", { class: "person" }, words, make("div", { class: "row answers" }, ...answers));
  }
}

function newLine() {
  return make("li", { class: "person" }, makeFace(), make("div", { class: "person-words" }));
}

function tag(word, kind) {
  return make("span", { class: `tag ${kind}` }, word);
}

// The organizer first, then leaders, then everybody else.
function rank(person) {
  return person.organizer ? 0 : person.role === "Leader" ? 1 : 2;
}
