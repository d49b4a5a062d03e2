// The meeting on the join page, once one is in it: who is here, who waits, what is said, what is shared. Shows a Room
// (room.js) and does what its buttons ask for. Everything that people or applications wrote is shown as text.

import { $, button, busy, keep, make } from "./elements.js";
import { linkOf } from "./ucwa.js";
import { asDate, customProperties, dateText, renderValue, typeOf } from "./values.js";

const MARKED = 20_000; // ms for which what changed is marked
const SHOWN_MESSAGES = 500;
const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const SEEN_BY = {
  RoamedParticipantData: ["everybody here", ""],
  RoamedOrganizerData: ["the organizer only", "warn"],
  Undefined: ["the organizer only", "warn"],
};
const ACTIONS = [
  ["promote", "Make a leader"],
  ["demote", "Make an attendee"],
  ["eject", "Remove from the meeting"],
];

export class RoomView {
  #room;
  #say;
  #unread = 0;
  #shown = 0;
  #atEnd = true; // whether the last message is in view, and is to stay so
  #marks = new Map(); // by an extension's id, the timer that takes its marks away
  #controls = new AbortController();
  #resized;

  // `say(words)`: tells people who don't look. `leave()`: leaves the meeting.
  constructor(room, { say, leave }) {
    this.#room = room;
    this.#say = say;
    const { signal } = this.#controls;
    $("leave").addEventListener("click", leave, { signal });
    $("composer").addEventListener("submit", (event) => this.#send(event), { signal });
    $("text").addEventListener("keydown", (event) => this.#key(event), { signal });
    $("text").addEventListener("input", () => this.#room.typed().catch(() => {}), { signal });
    const messages = $("messages");
    const look = () => (this.#atEnd = messages.scrollHeight - messages.scrollTop - messages.clientHeight < 60);
    messages.addEventListener("scroll", look, { signal, passive: true });
    this.#resized = new ResizeObserver(() => this.#toEnd());
    this.#resized.observe(messages);
    for (const each of $("parts").children) {
      each.addEventListener("click", () => this.#choose(each.dataset.part), { signal });
    }
    for (const id of ["messages", "people", "waiting-list", "extensions"]) {
      for (const element of [...$(id).children]) if (element.id !== "no-messages") element.remove();
    }
    this.#choose("data");
    for (const part of ["meeting", "people", "waiting", "messages", "typing", "data"]) this.draw(part);
  }

  // Takes its hands off the page.
  close() {
    this.#controls.abort();
    this.#resized.disconnect();
    for (const timer of this.#marks.values()) clearTimeout(timer);
  }

  // Shows what there is now of one part of the meeting.
  draw(part) {
    ({
      meeting: () => this.#drawMeeting(),
      people: () => this.#drawPeople(),
      waiting: () => this.#drawWaiting(),
      messages: () => this.#drawMessages(),
      typing: () => this.#drawTyping(),
      data: () => this.#drawData(),
    })[part]?.();
  }

  #drawMeeting() {
    const { meeting, conversation } = this.#room;
    const subject = meeting?.subject || conversation?.subject || "Online meeting";
    $("subject").textContent = subject;
    document.title = subject;
    const organizer = meeting?.organizerName || meeting?.organizerUri?.replace("sip:", "") || "";
    $("organizer").textContent = organizer && `Organized by ${organizer}`;
    const expires = asDate(meeting?.expirationTime);
    $("expires").replaceChildren(
      ...(expires ? ["Open until ", make("time", { datetime: expires.toISOString() }, dateText(expires))] : []),
    );
  }

  // Who is here

  #drawPeople() {
    const { me, people } = this.#room;
    const everybody = [...(me ? [me] : []), ...people.values()].sort(
      (one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name),
    );
    keep(
      $("people"),
      everybody,
      (each) => linkOf(each, "self"),
      (each, drawn) => this.#person(each, drawn),
      $("who-title"),
    );
    $("who-title").textContent = `People (${everybody.length})`;
    this.#drawCounts();
  }

  #person(person, drawn) {
    const line =
      drawn ??
      make(
        "li",
        { class: "person" },
        make("span", { class: "face", "aria-hidden": "true" }),
        make("div", { class: "person-words" }),
      );
    line.querySelector(".face").textContent = initials(person.name);
    const tags = [
      person.local && ["you", "accent"],
      person.organizer && ["organizer", "good"],
      person.role === "Leader" && !person.organizer && ["leader", "good"],
      person.anonymous && ["guest", ""],
    ].filter(Boolean);
    line
      .querySelector(".person-words")
      .replaceChildren(
        make("span", { class: "person-name" }, person.name),
        ...tags.flatMap(([word, kind]) => [" ", make("span", { class: `tag ${kind}` }, word)]),
      );
    const actions = this.#room.leads ? ACTIONS.filter(([rel]) => linkOf(person, rel)) : [];
    const known = actions.map(([rel]) => rel).join(" ");
    if ((line.dataset.actions ?? "") !== known) {
      line.dataset.actions = known;
      const before = line.querySelector(".actions");
      const [wasOpen, focused] = [before?.hidden === false, before?.contains(document.activeElement)];
      for (const part of line.querySelectorAll(".actions-toggle, .actions")) part.remove();
      if (known) line.append(...this.#actions(line, person.name, actions, wasOpen));
      if (focused) line.querySelector(".actions-toggle")?.focus();
    }
    line.person = person;
    return line;
  }

  // What a leader may do to somebody: a button that opens a row of buttons.
  #actions(line, name, actions, opened) {
    const label = `Actions for ${name}`;
    const toggle = button("⋯", "quiet actions-toggle", () => open(row.hidden));
    for (const name of ["aria-label", "title"]) toggle.setAttribute(name, label);
    const buttons = actions.map(([rel, words]) =>
      button(words, rel === "eject" ? "danger compact" : "compact", (it) => this.#act(line.person, rel, it)),
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

  #drawWaiting() {
    const { waiting } = this.#room;
    $("waiting").hidden = waiting.size === 0 && !$("waiting").contains(document.activeElement);
    keep(
      $("waiting-list"),
      [...waiting.values()],
      (each) => linkOf(each, "self"),
      (each, drawn) => drawn ?? this.#waiter(each),
      $("who-title"),
    );
    $("waiting").hidden = waiting.size === 0;
    this.#drawCounts();
  }

  #waiter(person) {
    const answers = [
      ["admit", "Admit", "primary compact"],
      ["reject", "Reject", "compact"],
    ].map(([rel, word, kind]) =>
      button([word, make("span", { class: "unseen" }, ` ${person.name}`)], kind, (it) => this.#act(person, rel, it)),
    );
    const name = make("span", { class: "person-name" }, person.name);
    const words = make(
      "div",
      { class: "person-words" },
      name,
      ...(person.anonymous ? [" ", make("span", { class: "tag" }, "guest")] : []),
    );
    return make("li", { class: "person" }, words, make("div", { class: "row answers" }, ...answers));
  }

  #act(person, rel, button) {
    return busy(button, () => this.#room.act(person, rel)).catch((error) =>
      this.#say(`That did not work: ${error.message}`),
    );
  }

  // What is said

  #drawMessages() {
    const { messages, canSend } = this.#room;
    for (const control of [$("text"), $("composer").querySelector("button")]) control.disabled = !canSend;
    const list = $("messages");
    for (const message of messages.slice(this.#shown)) list.append(this.#message(message));
    const fresh = messages.slice(this.#shown).filter((message) => !message.mine);
    this.#shown = messages.length;
    while (list.querySelectorAll(".message").length > SHOWN_MESSAGES) list.querySelector(".message").remove();
    $("no-messages").hidden = messages.length > 0;
    this.#toEnd();
    if (list.offsetParent === null && fresh.length) {
      this.#unread += fresh.length;
      this.#say(`Message from ${fresh.at(-1).name}.`);
    }
    this.#drawCounts();
  }

  #toEnd() {
    if (this.#atEnd) $("messages").scrollTop = $("messages").scrollHeight;
  }

  #message({ name, mine, sent, text }) {
    const date = asDate(sent) ?? new Date();
    return make(
      "div",
      { class: mine ? "message mine" : "message" },
      make(
        "p",
        { class: "message-head small" },
        make("span", { class: "message-name" }, mine ? "You" : name),
        " ",
        make("time", { class: "muted", datetime: date.toISOString() }, TIME.format(date)),
      ),
      make("p", { class: "message-text" }, text),
    );
  }

  #drawTyping() {
    const names = [...this.#room.typing.values()];
    const [first, second] = names;
    $("typing").textContent =
      names.length === 0
        ? ""
        : names.length === 1
          ? `${first} is typing…`
          : names.length === 2
            ? `${first} and ${second} are typing…`
            : "Several people are typing…";
  }

  #key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    $("composer").requestSubmit();
  }

  async #send(event) {
    event.preventDefault();
    const field = $("text");
    const text = field.value.trim();
    if (!text || !this.#room.canSend) return;
    field.value = "";
    $("send-error").hidden = true;
    try {
      await this.#room.send(text);
    } catch (error) {
      field.value ||= text;
      $("send-error").textContent = `The message was not sent: ${error.message}`;
      $("send-error").hidden = false;
    }
  }

  // What is shared

  #drawData() {
    const { extensions, changes } = this.#room;
    keep(
      $("extensions"),
      [...extensions.values()],
      (each) => each.id,
      (each, drawn) => this.#extension(each, drawn, changes.get(each.id)),
      $("data-title"),
    );
    $("no-data").hidden = extensions.size > 0;
    this.#drawCounts();
  }

  #extension(extension, drawn, changes) {
    if (drawn && drawn.changes === changes) return drawn;
    const { id, type } = extension;
    const [who, kind] = SEEN_BY[type] ?? SEEN_BY.Undefined;
    const head = make(
      "div",
      { class: "extension-head" },
      make("h3", { class: "mono" }, id),
      make("span", { class: `tag ${kind}` }, `seen by ${who}`),
    );
    const properties = customProperties(extension);
    const titles = ["Property", "Value", "Type"].map((word) => make("th", { scope: "col" }, word));
    const body = properties.length
      ? make(
          "table",
          {},
          make("caption", { class: "unseen" }, `Properties of ${id}`),
          make("thead", {}, make("tr", {}, ...titles)),
          make("tbody", {}, ...properties.map(([name, value]) => property(name, value, changes?.get(name)))),
        )
      : make("p", { class: "empty muted small" }, "It has no properties.");
    const element = make("article", { class: "card extension", "aria-label": id }, head, body);
    element.changes = changes;
    if (changes) this.#unmark(id);
    return element;
  }

  // The marks of what changed go after a while, or they would only ever become more.
  #unmark(id) {
    clearTimeout(this.#marks.get(id));
    const timer = setTimeout(() => {
      this.#marks.delete(id);
      this.#room.changes.delete(id);
      this.draw("data");
    }, MARKED);
    this.#marks.set(id, timer);
  }

  // Which part is seen where there is no room for all of them

  #choose(part) {
    $("parts-shown").dataset.part = part;
    for (const each of $("parts").children) {
      if (each.dataset.part === part) each.setAttribute("aria-current", "true");
      else each.removeAttribute("aria-current");
    }
    if (part === "talk") this.#unread = 0;
    this.#drawCounts();
  }

  #drawCounts() {
    const { people, waiting, extensions } = this.#room;
    count("data-count", extensions.size, `${extensions.size}`);
    count("unread", this.#unread, `${this.#unread} new`);
    $("people-count").classList.toggle("waits", waiting.size > 0);
    count("people-count", 1, waiting.size ? `${waiting.size} waiting` : `${people.size + 1}`);
  }
}

function count(id, number, words) {
  $(id).textContent = number ? words : "";
}

function property(name, value, change) {
  const mark = change ? [" ", make("span", { class: "tag warn mark" }, change)] : [];
  return make(
    "tr",
    { class: change ? "changed" : null },
    make("th", { scope: "row" }, name, ...mark),
    make("td", {}, renderValue(value)),
    make("td", { class: "muted small" }, typeOf(value)),
  );
}

// The organizer first, then leaders, then everybody else.
function rank(person) {
  return person.organizer ? 0 : person.role === "Leader" ? 1 : 2;
}

function initials(name) {
  const words = name.match(/[\p{L}\p{N}]+/gu) ?? [];
  return [words[0], words.length > 1 ? words.at(-1) : ""]
    .map((word) => [...(word ?? "")][0] ?? "")
    .join("")
    .toUpperCase();
}
