// The meeting that the organizer takes part in, in the console. It stays joined while other meetings are shown.

import { Conversation } from "./conversation.js";
import { $, busy, notify } from "./elements.js";
import { LiveConversation } from "./live-conversation.js";
import { nameOf } from "./meeting-words.js";
import { t } from "./texts.js";
import { inWords } from "./words.js";

const LOST = t`This page lost contact with the server for a while, so you are no longer in the meeting.`;

export class ConsoleLive {
  #client;
  #session;
  #notices;
  #listener;
  #view;
  #shown = null; // the meeting that is shown
  #joined = null; // {id, name, conversation}
  #joining = false;
  #early = []; // events that came before the answer that says which are this meeting's

  // `presence`: a PresenceWatch. listener: {changed(id): the meeting, or its data, is another than before; open(id):
  // shows a meeting; counted(): `unread`, or the meeting that one is in, is another one; waiting(lobby): who waits in
  // the lobby of the joined meeting (console-lobby.js), null where one is in none}.
  constructor(client, session, notices, presence, listener) {
    this.#client = client;
    this.#session = session;
    this.#notices = notices;
    this.#listener = listener;
    this.#view = new LiveConversation(3, presence);
    this.#view.messages.counted = () => {
      notices.unread = this.unread;
      listener.counted();
    };
    $("live-people").replaceChildren(this.#view.people.element);
    $("live-messages").replaceChildren(this.#view.messages.element);
    $("join").onclick = () => this.join();
    $("leave").onclick = () => {
      this.leave();
      $("join").focus();
    };
  }

  // The id of the meeting that one is in; undefined: in none.
  get id() {
    return this.#joined?.id;
  }

  // Messages that came while nobody could see them.
  get unread() {
    return this.#view.messages.unread;
  }

  get isIn() {
    return this.#joined !== null;
  }

  get editing() {
    return this.#joined !== null && this.#view.messages.editing;
  }

  // What it takes to go on after the page was loaded again; null: one is in no meeting.
  get memory() {
    if (this.#joined === null) return null;
    const { id, name, conversation } = this.#joined;
    return { id, name, ...conversation.memory };
  }

  // The meeting that is shown; null: none.
  show(meeting) {
    this.#shown = meeting;
    notify($("live-error"), null);
    this.#draw();
  }

  take(event) {
    if (this.#joining) this.#early.push(event);
    else this.#joined?.conversation.take(event);
  }

  // Goes on with what was remembered, if it is still there.
  async restore({ id, name, ...memory }) {
    this.#enter(id, name, memory);
    const { conversation } = this.#joined;
    try {
      await conversation.restore();
    } catch {
      if (this.#joined?.conversation === conversation) this.#end(null);
    }
  }

  // A presence is known, or has changed.
  drawPresence() {
    this.#view.drawPresence();
  }

  // Joins the meeting that is shown.
  join() {
    return busy($("join"), () => this.#join());
  }

  leave() {
    const joined = this.#joined;
    this.#end(null);
    joined?.conversation.leave().catch(() => {});
  }

  // The application that took part has ended.
  lost() {
    if (this.#joined) this.#end(LOST);
  }

  async #join() {
    const meeting = this.#shown;
    notify($("live-error"), null);
    this.leave();
    this.#joining = true;
    try {
      const hrefs = await this.#session.run((application) => this.#client.join(application, meeting.onlineMeetingUri));
      this.#enter(meeting.onlineMeetingId, nameOf(meeting), hrefs);
      if (hrefs.conversation) await this.#joined.conversation.restore();
    } catch (error) {
      this.#end(inWords(error));
    } finally {
      this.#joining = false;
      for (const event of this.#early.splice(0)) this.#joined?.conversation.take(event);
    }
  }

  #enter(id, name, hrefs) {
    const conversation = new Conversation(this.#client, hrefs, (part, words) => {
      if (this.#joined?.conversation === conversation) this.#changed(part, words);
    });
    this.#joined = { id, name, conversation };
    this.#view.show(conversation);
    this.#draw();
  }

  #changed(part, words) {
    const { id, conversation } = this.#joined;
    const inside = conversation.stage === "inside";
    if (part === "stage" && conversation.stage === "over") {
      const { reason } = conversation;
      this.#end(
        reason?.subcode === "Ended"
          ? t`The meeting has ended.`
          : (reason?.message ?? t`You are no longer in the meeting.`),
      );
      return;
    }
    const fresh = this.#view.draw(part);
    if (part === "messages" && inside) this.#announce(fresh.filter(({ mine }) => !mine));
    if (part === "stage" && conversation.stage === "inside") {
      this.#draw();
      if (this.#shown?.onlineMeetingId === id) this.#view.people.heading.focus();
      this.#notices.say(t`You are in the meeting.`);
      this.#listener.counted();
    }
    if (part === "waiting" || (part === "stage" && inside)) this.#followLobby();
    if (inside && (part === "data" || part === "meeting")) this.#listener.changed(id);
    // What changed in the data is announced where it is shown.
    if (words && part !== "data") this.#notices.say(words);
  }

  #announce(fresh) {
    if (fresh.length === 0 || this.#shown?.onlineMeetingId === this.id) return;
    this.#notices.say(t`Message from ${fresh.at(-1).name} in “${this.#joined.name}”.`);
  }

  #followLobby() {
    const { id, name, conversation } = this.#joined;
    const names = namesOf(conversation.waiting);
    this.#listener.waiting({ id, names, where: name, show: () => this.#showWaiting(id) });
  }

  async #showWaiting(id) {
    await this.#listener.open(id);
    this.#view.people.showWaiting();
  }

  #end(words) {
    this.#joined = null;
    this.#view.show(null);
    this.#listener.counted();
    this.#listener.waiting(null);
    this.#draw();
    notify($("live-error"), words);
  }

  #draw() {
    const { id, name, conversation } = this.#joined ?? {};
    const here = id !== undefined && id === this.#shown?.onlineMeetingId && conversation.stage === "inside";
    $("inside").hidden = !here;
    $("outside").hidden = here;
    const elsewhere = id !== undefined && id !== this.#shown?.onlineMeetingId;
    $("elsewhere").hidden = !elsewhere;
    if (elsewhere) $("elsewhere").textContent = t`You are in “${name}”. Joining this meeting leaves that one.`;
  }
}

function namesOf(people) {
  return [...people.values()].map((each) => each.name);
}
