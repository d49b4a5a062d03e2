// The conversation with a person, on that person's page: from the invitation to the end.

import { $, busy, make, notify } from "./elements.js";
import { LiveConversation } from "./live-conversation.js";
import { t } from "./texts.js";
import { inWords } from "./words.js";

const PREFIX = "talk-";

export class TalkView {
  #contacts;
  #talks;
  #notices;
  #read;
  #live;
  #uri = null; // of the person whose page is shown; null: none
  #name = "";
  #talk = null; // the conversation that is shown; null: there is none

  // read(): what was unread in a conversation has been seen.
  constructor({ contacts, talks, presence, notices, read }) {
    this.#read = read;
    this.#contacts = contacts;
    this.#talks = talks;
    this.#notices = notices;
    this.#live = new LiveConversation(3, presence, PREFIX);
    this.#live.messages.words = { label: t`Message`, none: t`No messages yet.` };
    $("talk-said").replaceChildren(this.#live.messages.element);
    $("talk-who").replaceChildren(this.#live.people.element);
    $("talk-start").onclick = () => busy($("talk-start"), () => this.#start());
    $("talk-end").onclick = () => busy($("talk-end"), () => this.#leave());
    $("talk-add").onsubmit = (event) => {
      event.preventDefault();
      busy($("talk-add-button"), () => this.#add());
    };
  }

  show(uri, name) {
    this.#uri = uri;
    this.#name = name;
    notify($("talk-error"), null);
    this.#take(this.#talks.with(uri) ?? null);
  }

  hide() {
    const over = this.#talk?.end === null ? null : this.#talk;
    this.#uri = null;
    this.#take(null);
    if (over) this.#talks.forget(over);
  }

  // Something is different in a conversation. `talk`: null: it is about no particular one.
  changed(talk, part) {
    if (this.#uri === null) return;
    const shown = this.#talks.with(this.#uri) ?? null;
    if (shown !== this.#talk) this.#take(shown);
    else if (talk === this.#talk && talk !== null) {
      const fresh = this.#live.draw(part);
      if (part === "messages") this.#announce(fresh);
      if (part !== "messages" && part !== "typing") this.#draw();
      this.markRead();
    }
  }

  // What is in view counts as read.
  markRead() {
    if (!this.#talk?.unread || document.visibilityState !== "visible") return;
    this.#talk.unread = 0;
    this.#read();
  }

  drawPresence() {
    this.#live.drawPresence();
  }

  // Shows another conversation; null: none.
  #take(talk) {
    const begins = talk !== null && this.#talk === null && this.#uri !== null;
    this.#talk = talk;
    this.#live.show(talk?.conversation ?? null);
    this.#live.messages.words = { label: t`Message to ${this.#name}`, none: t`No messages yet.` };
    this.#draw();
    this.markRead();
    if (begins && document.activeElement === $("talk-start")) $("talk-title").focus();
  }

  #draw() {
    const talk = this.#talk;
    const stage = talk?.conversation.stage;
    const on = talk !== null && talk.end === null;
    $("talk").hidden = talk === null;
    $("talk-start").hidden = on || this.#uri === null;
    const waits = on && stage === "joining";
    const words = waits ? t`Waiting for ${talk.name} to answer…` : stage === "lobby" ? t`You are in the lobby.` : "";
    notify($("talk-state"), (talk?.end ?? words) || null);
    $("talk-said").hidden = talk === null || (stage !== "inside" && talk.conversation.messages.length === 0);
    $("talk-who").hidden = !(on && stage === "inside" && talk.conversation.isMeeting);
    $("talk-end").hidden = !on;
    $("talk-end").textContent = waits ? t`Cancel` : talk?.conversation.isMeeting ? t`Leave` : t`End conversation`;
    this.#drawAdd(on && talk.conversation.canAdd);
  }

  // Whom one can add: the contacts that are not in it yet.
  #drawAdd(possible) {
    const there = new Set(possible ? [...this.#talk.conversation.people.values()].map(({ uri }) => uri) : []);
    const others = possible ? [...this.#contacts.people.values()].filter(({ uri }) => !there.has(uri)) : [];
    $("talk-add").hidden = others.length === 0;
    const chosen = $("talk-add-who").value;
    const options = others.map(({ uri, name }) => make("option", { value: uri, selected: uri === chosen }, name));
    $("talk-add-who").replaceChildren(...options);
  }

  #announce(fresh) {
    if (fresh.some((message) => !message.mine) && document.visibilityState !== "visible")
      this.#notices.say(t`New message.`);
  }

  async #start() {
    notify($("talk-error"), null);
    if (this.#talk) this.#talks.forget(this.#talk);
    try {
      await this.#talks.start(this.#uri);
    } catch (error) {
      notify($("talk-error"), inWords(error));
    }
  }

  async #leave() {
    const talk = this.#talk;
    notify($("talk-error"), null);
    try {
      await this.#talks.leave(talk);
      $("talk-start").focus();
    } catch (error) {
      if (error.status !== 404) notify($("talk-error"), inWords(error));
    }
  }

  async #add() {
    notify($("talk-error"), null);
    const who = $("talk-add-who").selectedOptions[0];
    try {
      await this.#talk.conversation.add(who.value);
      this.#notices.say(t`${who.textContent} is invited.`);
    } catch (error) {
      notify($("talk-error"), inWords(error));
    }
  }
}
