// Who waits in the lobbies of one's meetings, joined or not: a banner in every view, and a count in the title. The server
// has no event for it, so it is asked now and then; of all tabs of a browser one asks, and its answer is for all.

import { additionOf } from "./additions.js";
import { nameOf } from "./meeting-words.js";
import { plainName } from "./names.js";
import { t } from "./texts.js";
import { embeddedIn, linkOf } from "./ucwa.js";

const LOBBY = "openucwa:lobby";
const ASSIGNED = "myAssignedOnlineMeeting";
const VISIBLE = 15_000; // ms between two answers while the page is visible
const HIDDEN = 60_000; // ms while it is not
const SLACK = 1000; // ms by which a timer may be early

export class LobbyWatch {
  #client;
  #session;
  #notices;
  #join;
  #user;
  #meetings = []; // [{id, where, people: [{uri, name}]}]
  #live = null; // {id, where, names, show}: the joined meeting, which knows better
  #answered = Number.NEGATIVE_INFINITY; // when the last answer came, here or in another tab
  #reading = false;
  #others = new BroadcastChannel(LOBBY);
  #timer;

  // join(id): opens a meeting and joins it.
  constructor(client, session, notices, join) {
    this.#client = client;
    this.#session = session;
    this.#notices = notices;
    this.#join = join;
    this.#user = embeddedIn(session.application, "me")[0]?.uri;
    this.#others.onmessage = ({ data: { user, meetings } }) => user === this.#user && this.#take(meetings);
    this.#timer = setInterval(() => this.#readIfDue(), VISIBLE);
  }

  close() {
    clearInterval(this.#timer);
    this.#others.close();
    this.#session = null;
    this.#notices.lobby([]);
  }

  // Asks now.
  async read() {
    if (this.#reading || this.#session === null) return;
    this.#reading = true;
    this.#answered = performance.now();
    try {
      const meetings = await this.#session.run((application) => this.#ask(application));
      if (this.#session === null) return;
      this.#others.postMessage({ user: this.#user, meetings });
      this.#take(meetings);
    } catch {
      // What is shown stays until the next answer.
    } finally {
      this.#reading = false;
    }
  }

  // The joined meeting: {id, where, names, show}; null: one is in none, and what was known of its lobby may be over.
  follow(live) {
    const left = this.#live?.id;
    this.#live = live;
    if (live === null && left !== undefined) {
      this.#meetings = this.#meetings.filter((each) => each.id !== left);
      this.read();
    }
    this.#draw();
  }

  #readIfDue() {
    const interval = document.visibilityState === "visible" ? VISIBLE : HIDDEN;
    if (performance.now() - this.#answered < interval - SLACK) return undefined;
    // If another tab is asking at this moment, it passes its answer on. Locks exist in secure contexts only.
    if (!navigator.locks) return this.read();
    return navigator.locks.request(LOBBY, { ifAvailable: true }, (lock) => lock && this.read());
  }

  async #ask(application) {
    const href = await additionOf(this.#client, application, LOBBY);
    if (href === undefined) return [];
    const { resource } = await this.#client.get(href);
    return embeddedIn(resource, "openucwa:meetingLobby").map((each) => ({
      id: each.onlineMeetingId,
      where: nameOf({ subject: each.subject, rel: linkOf(each, ASSIGNED) ? ASSIGNED : undefined }),
      people: embeddedIn(each, "openucwa:waitingParticipant").map(({ uri, name }) => ({ uri, name: plainName(name) })),
    }));
  }

  #take(meetings) {
    this.#answered = performance.now();
    const known = new Set(this.#meetings.flatMap(({ id, people }) => people.map(({ uri }) => `${id} ${uri}`)));
    this.#meetings = meetings;
    for (const { id, where, people } of meetings) {
      if (id === this.#live?.id) continue;
      for (const { uri, name } of people) {
        if (!known.has(`${id} ${uri}`)) this.#notices.say(t`${name} is waiting in the lobby of “${where}”.`);
      }
    }
    this.#draw();
  }

  #draw() {
    const others = this.#meetings
      .filter(({ id }) => id !== this.#live?.id)
      .map(({ id, where, people }) => ({
        id,
        where,
        names: people.map(({ name }) => name),
        // Who is in a meeting is not taken out of it unasked.
        label: this.#live ? t`Go there` : t`Go there and join`,
        show: () => this.#join(id),
      }));
    const own = this.#live?.names.length ? [{ ...this.#live, label: t`Show` }] : [];
    this.#notices.lobby([...own, ...others]);
  }
}
