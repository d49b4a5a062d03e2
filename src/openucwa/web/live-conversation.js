// A conversation on a page: who is here, who waits, and what is said. Both pages show it; what else they show of the
// meeting is their own.

import { MessagesView } from "./messages-view.js";
import { PeopleView } from "./people-view.js";
import { inWords } from "./words.js";

export class LiveConversation {
  #conversation = null;
  #presence;
  #part; // by which the presence knows whom it shows
  #draw = {
    people: () => this.#drawPeople(),
    waiting: () => this.people.drawWaiting(this.#conversation),
    messages: () => this.messages.drawMessages(),
    typing: () => this.messages.drawTyping(),
  };

  // `level`: of the headings. `presence`: a PresenceWatch; null: the page's user may not see any. `prefix`: of the ids,
  // where a page has several.
  constructor(level, presence, prefix = "") {
    this.#presence = presence;
    this.#part = `${prefix}people`;
    const presenceOf = (uri) => presence?.of(uri);
    this.people = new PeopleView(level, (person, rel) => this.#act(person, rel), presenceOf, prefix);
    this.messages = new MessagesView(level, prefix);
  }

  // Shows a conversation from now on; null: none.
  show(conversation) {
    this.#conversation = conversation;
    this.messages.show(conversation);
    if (conversation === null) this.#presence?.watch(this.#part, []);
    else for (const part of ["people", "waiting"]) this.#draw[part]();
  }

  // A presence is known, or has changed.
  drawPresence() {
    if (this.#conversation !== null) this.people.drawPeople(this.#conversation);
  }

  // Shows what is different in one part of it (conversation.js); of messages returns the new ones.
  draw(part) {
    // What a leader may do depends on who one is by now.
    if (part === "stage") this.#draw.people();
    return this.#draw[part]?.();
  }

  #drawPeople() {
    const { me, people } = this.#conversation;
    const known = [...(me ? [me] : []), ...people.values()].filter(({ anonymous }) => !anonymous);
    this.#presence?.watch(
      this.#part,
      known.map(({ uri }) => uri),
    );
    this.people.drawPeople(this.#conversation);
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
