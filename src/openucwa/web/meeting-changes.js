// Changes of meetings and extensions from anywhere, as the server's feed reports them. Of all tabs of a browser one that is
// visible polls, and notifies the others.

import { additionOf } from "./additions.js";
import { isEnded } from "./session.js";
import { embeddedIn, linkOf } from "./ucwa.js";
import { backOff, isTransient, pause } from "./ucwa-waits.js";

const CHANGES = "openucwa:changes";
const WAIT = 60; // s that a poll waits for a change
const ALONE = 15; // s between two polls where tabs cannot know of each other

export class MeetingChanges {
  #client;
  #session;
  #name; // of lock and channel: one for each user of the browser
  #changed;
  #others;
  #following = null; // an AbortController, while this tab polls or waits for its turn
  #next = null; // where the changes are that this tab has not read yet
  #since; // from when on it reads all changes, on the page's clock
  #failing = false; // whether the last poll failed
  #polling = null; // the signal that ends it, while it is this tab's turn to poll

  // changed(ids): these meetings of the user, or data of them, are others than before; null: any may be.
  constructor(client, session, user, changed) {
    this.#client = client;
    this.#session = session;
    this.#name = `${CHANGES} ${user}`;
    this.#changed = changed;
    this.#others = new BroadcastChannel(this.#name);
    this.#others.onmessage = ({ data: ids }) => changed(ids);
    document.addEventListener("visibilitychange", this.#visibilityChanged);
    this.#visibilityChanged();
  }

  close() {
    document.removeEventListener("visibilitychange", this.#visibilityChanged);
    this.#following?.abort();
    this.#others.close();
  }

  // Whether this tab reports every change after `time`, on the page's clock. It does while it polls, as its polls go on
  // where they stopped; what other tabs polled in between may have a gap.
  async reportsSince(time) {
    this.#visibilityChanged(); // if this is asked before the event comes here
    await navigator.locks?.query(); // by then it is known whether it is this tab's turn
    const polls = this.#polling !== null && !this.#polling.aborted;
    return polls && this.#next !== null && !this.#failing && this.#since <= time;
  }

  #visibilityChanged = () => {
    if (document.visibilityState !== "visible") {
      this.#following?.abort();
      this.#following = null;
    } else if (this.#following === null) {
      this.#following = new AbortController();
      this.#take(this.#following.signal);
    }
  };

  async #take(signal) {
    // Locks exist in secure contexts only.
    if (!navigator.locks) return this.#follow(signal, 0);
    try {
      await navigator.locks.request(this.#name, { signal }, () => this.#follow(signal, WAIT));
    } catch {
      // Hidden before it was this tab's turn.
    }
  }

  async #follow(signal, wait) {
    this.#polling = signal;
    try {
      await this.#poll(signal, wait);
    } finally {
      if (this.#polling === signal) this.#polling = null;
    }
  }

  async #poll(signal, wait) {
    let failures = 0;
    while (!signal.aborted) {
      try {
        if (this.#next === null && !(await this.#begin())) return;
        const { resource } = await this.#client.get(wait ? `${this.#next}&wait=${wait}` : this.#next, { signal });
        this.#next = linkOf(resource, "next");
        failures = 0;
        this.#failing = false;
        const changed = embeddedIn(resource, "openucwa:change").map((each) => each.onlineMeetingId);
        if (changed.length > 0) this.#notify([...new Set(changed)]);
        if (!wait) await pause(ALONE, signal);
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        this.#failing = true;
        // Changes that the server has forgotten, or sent to an application that has ended: read again from the start.
        if (error.status === 410 || isEnded(error)) this.#next = null;
        else if (!isTransient(error)) return;
        await pause(error.retryAfter ?? backOff(failures), signal);
        if (this.#next === null) this.#notify(null);
      }
    }
  }

  // Begins with the changes from now on; whether this server reports any.
  #begin() {
    return this.#session.run(async (application) => {
      const href = await additionOf(this.#client, application, CHANGES);
      if (href === undefined) return false;
      this.#next = linkOf((await this.#client.get(href)).resource, "next");
      this.#since = performance.now();
      return true;
    });
  }

  #notify(ids) {
    this.#others.postMessage(ids);
    this.#changed(ids);
  }
}
