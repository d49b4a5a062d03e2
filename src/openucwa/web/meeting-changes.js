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

  // changed(): a meeting of the user, or data of one, is another than before.
  constructor(client, session, user, changed) {
    this.#client = client;
    this.#session = session;
    this.#name = `${CHANGES} ${user}`;
    this.#changed = changed;
    this.#others = new BroadcastChannel(this.#name);
    this.#others.onmessage = () => changed();
    document.addEventListener("visibilitychange", this.#visibilityChanged);
    this.#visibilityChanged();
  }

  close() {
    document.removeEventListener("visibilitychange", this.#visibilityChanged);
    this.#following?.abort();
    this.#others.close();
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
    let next = null;
    let failures = 0;
    while (!signal.aborted) {
      try {
        next ??= await this.#begin();
        if (next === undefined) return;
        const { resource } = await this.#client.get(wait ? `${next}&wait=${wait}` : next, { signal });
        next = linkOf(resource, "next");
        failures = 0;
        if (embeddedIn(resource, "openucwa:change").length > 0) this.#notify();
        if (!wait) await pause(ALONE, signal);
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        // Changes that the server has forgotten, or sent to an application that has ended: read again from the start.
        if (error.status === 410 || isEnded(error)) next = null;
        else if (!isTransient(error)) return;
        await pause(error.retryAfter ?? backOff(failures), signal);
        if (next === null) this.#notify();
      }
    }
  }

  // Where the changes from now on are; undefined: this server reports none.
  #begin() {
    return this.#session.run(async (application) => {
      const href = await additionOf(this.#client, application, CHANGES);
      return href === undefined ? undefined : linkOf((await this.#client.get(href)).resource, "next");
    });
  }

  #notify() {
    this.#others.postMessage(null);
    this.#changed();
  }
}
