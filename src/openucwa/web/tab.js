// What a browser tab remembers over a reload: who is signed in, and the meeting that the page is in. It is forgotten with
// the tab. And how a page that goes for good leaves the meeting, which a page that is loaded again does not.

import { randomId } from "./ucwa.js";

const RELOAD = 1000; // ms that the page before this one may take to go
const WORKER = new URL("leaving-worker.js", import.meta.url);

export class Tab {
  #key;
  #worker = null;
  id = randomId();

  // `name`: what is remembered apart from other pages in the same tab.
  constructor(name) {
    this.#key = `openucwa ${name}`;
  }

  // What was remembered; {} for nothing. A tab that is a copy of another starts afresh: the other still uses it.
  async open() {
    const memory = this.#read();
    if (memory.tab && (await hold(memory.tab))) this.id = memory.tab;
    else {
      this.forget();
      await hold(this.id);
    }
    this.#startWorker();
    return this.#read();
  }

  // What this tab, or the one that it is a copy of, remembered: to be shown until it is known which.
  get likely() {
    return this.#read();
  }

  remember(more) {
    try {
      sessionStorage.setItem(this.#key, JSON.stringify({ ...this.#read(), ...more, tab: this.id }));
    } catch {
      // No room, or not allowed: a reload will then be a new beginning.
    }
  }

  forget() {
    try {
      sessionStorage.removeItem(this.#key);
    } catch {
      // There is nothing then.
    }
  }

  // Ends an application when the page goes, unless it comes back within seconds. `ending`: Ucwa.ending(). Whether that is
  // arranged; if not, nobody would end it.
  leaveSoon(ending) {
    if (!this.#worker) return false;
    this.#worker.postMessage({ tab: this.id, ending });
    return true;
  }

  #read() {
    try {
      return JSON.parse(sessionStorage.getItem(this.#key)) ?? {};
    } catch {
      return {};
    }
  }

  // Service workers exist in secure contexts only.
  async #startWorker() {
    try {
      const registration = await navigator.serviceWorker.register(WORKER);
      const worker = registration.active ?? registration.waiting ?? registration.installing;
      if (worker.state !== "activated") {
        await new Promise((resolve) => {
          worker.addEventListener("statechange", () => worker.state === "activated" && resolve());
        });
      }
      this.#worker = worker;
      worker.postMessage({ tab: this.id, ending: null });
    } catch {
      this.#worker = null;
    }
  }
}

// Takes the name of a tab for as long as the page is there; whether it was free.
function hold(tab) {
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    const taken = () => {
      resolve(true);
      return new Promise(() => {});
    };
    navigator.locks
      .request(`openucwa tab ${tab}`, { signal: AbortSignal.timeout(RELOAD) }, taken)
      .catch(() => resolve(false));
  });
}
