// A conversation on a page: who is here, who waits, and what is said. Both pages show it; what else they show of the
// meeting is their own.

import { MessagesView } from "./messages-view.js";
import { PeopleView } from "./people-view.js";
import { inWords } from "./words.js";

export class LiveConversation {
  #conversation = null;
  #draw = {
    people: () => this.people.drawPeople(this.#conversation),
    waiting: () => this.people.drawWaiting(this.#conversation),
    messages: () => this.messages.drawMessages(),
    typing: () => this.messages.drawTyping(),
  };

  // `level`: of the headings.
  constructor(level) {
    this.people = new PeopleView(level, (person, rel) => this.#act(person, rel));
    this.messages = new MessagesView(level);
  }

  // Shows a conversation from now on; null: none.
  show(conversation) {
    this.#conversation = conversation;
    this.messages.show(conversation);
    if (conversation !== null) for (const part of ["people", "waiting"]) this.#draw[part]();
  }

  // Shows what is different in one part of it (conversation.js); of messages returns the new ones.
  draw(part) {
    // What a leader may do depends on who one is by now.
    if (part === "stage") this.#draw.people();
    return this.#draw[part]?.();
  }

  async #act(person, rel) {
    this.people.complain(null);
    try {
      await this.#conversation.act(person, rel);
    } catch (error) {
      this.people.complain(inWords(error));
    }
  }
}
