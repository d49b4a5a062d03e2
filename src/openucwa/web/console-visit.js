// The console while a user is signed in: one application, one event channel, and the sections that share them.

import { Account } from "./account.js";
import { AccountCard } from "./console-account.js";
import { FindSection } from "./console-find.js";
import { MeSection } from "./console-me.js";
import { MeetingsView } from "./console-meetings.js";
import { hashOf, PeopleSection } from "./console-people.js";
import { Sections } from "./console-sections.js";
import { WebhooksSection } from "./console-webhooks.js";
import { MeetingChanges } from "./meeting-changes.js";
import { OwnPresence } from "./own-presence.js";
import { PresenceWatch } from "./presence-watch.js";
import { Talks } from "./talks.js";
import { t } from "./texts.js";
import { Webhooks } from "./webhooks.js";
import { inWords } from "./words.js";

const ACTIVE = ["pointerdown", "keydown"];
const BELL = "openucwa bell";

export class Visit {
  #notices;
  #own;
  #presence;
  #talks;
  #people;
  #me;
  #account;
  #changes;
  #bell = new AbortController();
  #rings = !navigator.locks; // whether this tab rings for invitations while it is hidden

  // `session`: opened. signedOut(): the user has signed out everywhere.
  constructor(client, session, notices, signedOut) {
    this.session = session;
    this.#notices = notices;
    const go = (hash) => this.sections.go(hash);
    this.#own = new OwnPresence(client, session, () => this.#me?.draw());
    this.#presence = new PresenceWatch(client, session, () => this.#drawPresence());
    this.#talks = new Talks(client, session, (talk, part, words) => this.#talkChanged(talk, part, words));
    this.meetings = new MeetingsView(client, session, notices, this.#presence, go);
    this.#account = new AccountCard(new Account(client, session), notices, signedOut);
    this.#me = new MeSection(this.#own, this.#account, notices);
    const me = this.#own.me?.uri;
    const shared = { talks: this.#talks, presence: this.#presence, me };
    this.#people = new PeopleSection(client, session, notices, shared);
    const listed = () => this.meetings.listed();
    const find = new FindSection(this.meetings.meetings, notices, { go, listed });
    const webhooks = new WebhooksSection(new Webhooks(client, session), notices, listed);
    this.sections = new Sections([this.#me, this.#people, find, webhooks, this.meetings]);
    this.#changes = new MeetingChanges(client, session, me, (ids) => this.meetings.changed(ids));
    for (const type of ACTIVE) document.addEventListener(type, this.#active, { passive: true });
    this.#takeBell(me);
  }

  // Whether events are needed while the page is hidden.
  get listens() {
    return this.#rings || this.meetings.live.isIn || this.#talks.all.size > 0;
  }

  get memory() {
    return { live: this.meetings.live.memory, talks: this.#talks.memory };
  }

  // Goes on with what was remembered. `memory`: of the page before it was loaded again; null: it begins.
  async start(memory) {
    if (memory?.live) await this.meetings.live.restore(memory.live);
    if (memory?.talks) await this.#talks.restore(memory.talks);
    this.#drawInvitations();
    // On a slow network the list comes first.
    this.meetings.listed().then(() => {
      if (this.#bell.signal.aborted) return; // signed out meanwhile
      this.meetings.lobby.read();
      this.#startPeople();
    });
  }

  take(event) {
    this.meetings.take(event);
    this.#talks.take(event);
    this.#presence.take(event);
    this.#people.take(event);
    this.#own.take(event);
  }

  // The application is another one now.
  async reopened() {
    this.#talks.lost();
    this.#presence.reopened();
    this.#startPeople();
    await this.meetings.reopened();
  }

  // Reads what the event channel does not report.
  refresh() {
    this.meetings.catchUp((time) => this.#changes.reportsSince(time));
    this.meetings.lobby.read();
    this.#people.markRead();
  }

  close() {
    this.#bell.abort();
    this.#changes.close();
    for (const type of ACTIVE) document.removeEventListener(type, this.#active);
    this.sections.close();
    this.#account.close();
    this.#people.close();
    this.meetings.close();
    this.#notices.invitations([]);
  }

  #active = () => this.#own.active();

  // A token may not be good for people; then there are meetings only.
  async #startPeople() {
    const starts = await Promise.allSettled([this.#own.start(), this.#people.start()]);
    for (const { reason } of starts) if (reason) this.#notices.say(inWords(reason));
  }

  #drawPresence() {
    this.#people.drawPresence();
    this.meetings.live.drawPresence();
  }

  #talkChanged(talk, part, words) {
    if (part === "messages") this.#count(talk);
    this.#people.talkChanged(talk, part);
    if (part === "invited" || part === "started" || part === "over") this.#drawInvitations();
    if (part === "invited") this.#notices.say(invitationWords(talk));
    else if (words) this.#notices.say(words);
  }

  // Counts the messages since the conversation was last shown.
  #count(talk) {
    const received = talk.conversation.messages.filter(({ mine }) => !mine).length;
    const fresh = received - (talk.received ?? 0);
    talk.received = received;
    if (fresh <= 0 || talk.waits) return;
    talk.unread += fresh;
    if (location.hash !== hashOf(talk.uri)) this.#notices.say(t`Message from ${talk.name}.`);
  }

  #drawInvitations() {
    const lines = this.#talks.waiting.map((talk) => ({
      id: talk.key,
      words: invitationWords(talk),
      quote: talk.first,
      who: talk.name,
      accept: () => this.#answer(talk, true),
      decline: () => this.#answer(talk, false),
    }));
    this.#notices.invitations(lines);
  }

  async #answer(talk, accept) {
    try {
      if (accept) {
        await this.#talks.accept(talk);
        await this.sections.go(hashOf(talk.uri));
      } else await this.#talks.decline(talk);
    } catch (error) {
      this.#notices.say(inWords(error));
    }
  }

  // Of all tabs of a browser, one rings for invitations while it is hidden.
  async #takeBell(user) {
    if (!navigator.locks) return;
    try {
      await navigator.locks.request(`${BELL} ${user}`, { signal: this.#bell.signal }, () => {
        this.#rings = true;
        return new Promise((resolve) => this.#bell.signal.addEventListener("abort", resolve));
      });
    } catch {
      // Signed out before it was this tab's turn.
    }
    this.#rings = false;
  }
}

function invitationWords({ name, toMeeting }) {
  return toMeeting ? t`${name} invites you to a meeting.` : t`${name} invites you to a conversation.`;
}
