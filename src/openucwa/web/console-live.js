// The chosen meeting while it takes place: the organizer joins it from the console, sees who is there and who waits, lets
// people in, and reads and writes messages. What is going on is a Room's (room.js) to know.

import { inWords } from "./console-session.js";
import { $, button, busy, keep, make, tell } from "./elements.js";
import { Room } from "./room.js";
import { linkOf } from "./ucwa.js";

const SHOWN_MESSAGES = 200;

export class LiveView {
  #session;
  #tell;
  #meeting = null;
  #room = null;
  #waitingFor = []; // events that came before the answer that says which are this meeting's
  #joining = false;
  #shown = 0;

  // tell: {say(words): for people who don't look; changed(uri): the meeting, or its data, is another than before}.
  constructor(session, tell) {
    this.#session = session;
    this.#tell = tell;
    $("join").onclick = () => busy($("join"), () => this.#join());
    $("leave").onclick = () => {
      this.leave();
      $("join").focus();
    };
    $("composer").onsubmit = (event) => {
      event.preventDefault();
      this.#send();
    };
    $("text").onkeydown = (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#send();
    };
    $("text").oninput = () => this.#room?.typed().catch(() => {});
  }

  // The meeting that can be joined now.
  show(meeting) {
    this.#meeting = meeting;
    this.#end(null);
  }

  take(event) {
    if (this.#joining) this.#waitingFor.push(event);
    else this.#room?.take(event);
  }

  // Leaves the meeting, where one is in it.
  leave() {
    const href = linkOf(this.#room?.conversation, "self");
    this.#end(null);
    if (href) this.#session.delete(href).catch(() => {});
  }

  // The server has not heard of this page for a while.
  lost() {
    if (this.#room) this.#end("The server had not heard of this page for a while, so you are no longer in the meeting.");
  }

  async #join() {
    const meeting = this.#meeting;
    tell($("live-error"), null);
    this.#joining = true;
    try {
      const invitation = await this.#session.join(meeting.onlineMeetingUri);
      if (this.#meeting !== meeting) return;
      const room = new Room({ get: (...all) => this.#session.get(...all), post: (...all) => this.#session.post(...all) }, invitation, (part, words) => {
        if (this.#room === room) this.#changed(part, words);
      });
      this.#room = room;
      this.#shown = 0;
      for (const line of $("messages").querySelectorAll(".message")) line.remove();
    } catch (error) {
      tell($("live-error"), inWords(error));
    } finally {
      this.#joining = false;
      for (const event of this.#waitingFor.splice(0)) this.#room?.take(event);
    }
  }

  #changed(part, words) {
    const { stage, reason } = this.#room;
    if (part === "stage" && stage === "room") {
      $("outside").hidden = true;
      $("inside").hidden = false;
      for (const each of ["people", "waiting", "messages"]) this.#draw(each);
      $("people-here").focus();
      this.#tell.say("You are in the meeting.");
    } else if (part === "stage" && stage === "over") {
      this.#end(reason?.subcode === "Ended" ? "The meeting has ended." : (reason?.message ?? "You are no longer in the meeting."));
      return;
    }
    if (stage === "room" && (part === "data" || part === "meeting")) this.#tell.changed(this.#meeting.onlineMeetingUri);
    // What changed in the data is said where it is shown.
    else if (words && part !== "data") this.#tell.say(words);
    this.#draw(part);
  }

  #end(words) {
    this.#room = null;
    $("inside").hidden = true;
    $("outside").hidden = false;
    $("text").value = "";
    tell($("live-error"), words);
  }

  #draw(part) {
    if (part === "people") this.#drawPeople();
    else if (part === "waiting") this.#drawWaiting();
    else if (part === "messages") this.#drawMessages();
  }

  #drawPeople() {
    const { me, people } = this.#room;
    const everybody = [...(me ? [me] : []), ...[...people.values()].sort((one, other) => one.name.localeCompare(other.name))];
    $("people-here").textContent = `People (${everybody.length})`;
    keep($("people"), everybody, (each) => linkOf(each, "self"), (each) => this.#person(each), $("people-here"));
  }

  #person(person) {
    const tags = [
      person.local && ["you", "accent"],
      person.role === "Leader" && !person.local && ["leader", "good"],
      person.anonymous && ["guest", ""],
    ].filter(Boolean);
    return make(
      "li",
      { class: "person" },
      make("span", { class: "face", "aria-hidden": "true" }, [...person.name.trim()][0]?.toUpperCase() ?? ""),
      make(
        "div",
        { class: "person-words" },
        make("span", { class: "person-name" }, person.name),
        ...tags.flatMap(([word, kind]) => [" ", make("span", { class: `tag ${kind}` }, word)]),
      ),
    );
  }

  #drawWaiting() {
    const { waiting } = this.#room;
    keep($("waiting-list"), [...waiting.values()], (each) => linkOf(each, "self"), (each, drawn) => drawn ?? this.#waiter(each), $("people-here"));
    $("waiting").hidden = waiting.size === 0;
  }

  #waiter(person) {
    const answers = [["admit", "Admit", "primary compact"], ["reject", "Reject", "compact"]].map(([rel, word, kind]) =>
      button([word, make("span", { class: "unseen" }, ` ${person.name}`)], kind, (it) => busy(it, () => this.#act(person, rel))),
    );
    const tag = person.anonymous ? [" ", make("span", { class: "tag" }, "guest")] : [];
    const words = make("div", { class: "person-words" }, make("span", { class: "person-name" }, person.name), ...tag);
    return make("li", { class: "person" }, words, make("div", { class: "row answers" }, ...answers));
  }

  async #act(person, rel) {
    tell($("live-error"), null);
    try {
      await this.#room.act(person, rel);
    } catch (error) {
      tell($("live-error"), inWords(error));
    }
  }

  #drawMessages() {
    const { messages, canSend } = this.#room;
    for (const control of [$("text"), $("composer").querySelector("button")]) control.disabled = !canSend;
    const list = $("messages");
    for (const { name, mine, text } of messages.slice(this.#shown)) {
      const head = make("p", { class: "message-head small" }, make("span", { class: "message-name" }, mine ? "You" : name));
      list.append(make("div", { class: mine ? "message mine" : "message" }, head, make("p", { class: "message-text" }, text)));
      list.scrollTop = list.scrollHeight;
    }
    this.#shown = messages.length;
    while (list.querySelectorAll(".message").length > SHOWN_MESSAGES) list.querySelector(".message").remove();
    $("no-messages").hidden = messages.length > 0;
  }

  async #send() {
    const text = $("text").value.trim();
    if (!text || !this.#room?.canSend) return;
    $("text").value = "";
    tell($("live-error"), null);
    try {
      await this.#room.send(text);
    } catch (error) {
      $("text").value ||= text;
      tell($("live-error"), `The message was not sent: ${inWords(error)}`);
    }
  }
}
