// A signed-in page's application: opened, followed by its event channel, opened again when it has ended (a device that
// slept), and ended when the page goes.

import { knowAdditions } from "./additions.js";
import { linkOf } from "./ucwa.js";

const ENDED = new Set(["ApplicationNotFound", "TooManyApplications"]);

// Whether an error says that the application is no longer there.
export function isEnded(error) {
  return ENDED.has(error.subcode);
}

export class Session {
  application = null;
  #client;
  #agent;
  #listener;
  #turn;
  #opening = null;
  #stop = new AbortController();

  // `agent`: what the page is called; `endpoint`: the endpointId; `turns`: when it may poll (poll-turns.js).
  // listener: {event(event), away(error or null), over(error), reopened?()}. Without `reopened` it is not opened again.
  constructor(client, { agent, endpoint, turns }, listener) {
    this.#client = client;
    this.#agent = agent;
    this.endpoint = endpoint;
    this.#turn = turns.take;
    this.#listener = listener;
  }

  async open() {
    const { resource, headers } = await this.#client.opened(this.#agent, this.endpoint);
    knowAdditions(resource, headers.get("Link"));
    this.application = resource;
  }

  // Does something with the application; once more with another one, where it has ended meanwhile.
  async run(work) {
    const { application } = this;
    try {
      return await work(application);
    } catch (error) {
      if (!isEnded(error) || !this.#listener.reopened) throw error;
      if (this.application === application) await this.#reopen();
      return work(this.application);
    }
  }

  // The token is another one: the cookie with which pictures are shown comes with it.
  freshen() {
    if (this.application) this.#client.get(linkOf(this.application, "self")).catch(() => {});
  }

  // Takes events from now on. Polling also keeps the application from ending while the page is there.
  async follow() {
    const { signal } = this.#stop;
    const options = { signal, away: this.#listener.away, turn: this.#turn };
    while (!signal.aborted) {
      const polled = this.application;
      try {
        for await (const event of this.#client.events(polled, options)) {
          if (polled !== this.application) break;
          this.#listener.event(event);
        }
      } catch (error) {
        if (signal.aborted) return;
        try {
          if (!isEnded(error) || !this.#listener.reopened) throw error;
          if (polled === this.application) await this.#reopen();
        } catch (last) {
          if (!signal.aborted) this.#listener.over(last);
          return;
        }
      }
    }
  }

  // Ends the application, and with it whatever part it has in a meeting. Should the server not hear of it, it will end
  // the application by itself before long.
  end() {
    this.#stop.abort();
    if (this.application === null) return;
    this.#client.delete(linkOf(this.application, "self"), { keepalive: true }).catch(() => {});
  }

  // The page goes. `tab`: what may know whether it comes back.
  leave(tab) {
    if (this.application === null || !tab.leaveSoon(this.#client.ending(this.application))) this.end();
    else this.#stop.abort();
  }

  #reopen() {
    this.#opening ??= this.#openAnother().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async #openAnother() {
    await this.open();
    this.#listener.reopened();
  }
}
