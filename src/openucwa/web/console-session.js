// What a signed-in organizer's page talks through: an application that is opened again when it has ended (a device that
// slept), with all addresses that the page still holds; and what refusals mean in words.

import { ServerAway, linkOf } from "./ucwa.js";

const AGENT = "openucwa console";
const ENDED = new Set(["ApplicationNotFound", "TooManyApplications"]);

export class Session {
  application = null;
  #client;
  #tell;
  #former = []; // the addresses of applications that have ended
  #opening = null;
  #stop = new AbortController();

  // tell: {event(event), away(error or null), reopened(), over(error)}.
  constructor(client, tell) {
    this.#client = client;
    this.#tell = tell;
  }

  async open() {
    this.application = await this.#client.open(AGENT);
    this.#follow();
  }

  // Ends the application, and with it whatever part it has in a meeting.
  close() {
    this.#stop.abort();
    if (this.application === null) return;
    this.#client.delete(linkOf(this.application, "self"), { keepalive: true }).catch(() => {});
  }

  get(href, options) {
    return this.#send("get", href, options);
  }

  post(href, body, options) {
    return this.#send("post", href, body, options);
  }

  delete(href, options) {
    return this.#send("delete", href, options);
  }

  // Puts back what was read; ucwa.js has what that needs.
  put(resource, options) {
    return this.#again(() => this.#client.put({ ...resource, _links: { self: { href: this.#now(linkOf(resource, "self")) } } }, options));
  }

  // Asks to come into a meeting; the href of the invitation.
  join(onlineMeetingUri) {
    return this.#again(() => this.#client.join(this.application, onlineMeetingUri));
  }

  #send(method, href, ...rest) {
    return this.#again(() => this.#client[method](this.#now(href), ...rest));
  }

  async #again(request) {
    try {
      return await request();
    } catch (error) {
      if (!ENDED.has(error.subcode)) throw error;
      await this.#reopen();
      return request();
    }
  }

  // An address of an earlier application, as it is in the one that is open now.
  #now(href) {
    for (const former of this.#former) {
      if (href.startsWith(`${former}/`)) return place(this.application) + href.slice(former.length);
    }
    return href;
  }

  #reopen() {
    this.#opening ??= this.#openAnother().finally(() => (this.#opening = null));
    return this.#opening;
  }

  async #openAnother() {
    const former = place(this.application);
    this.application = await this.#client.open(AGENT);
    if (place(this.application) !== former) this.#former.push(former);
    this.#tell.reopened();
  }

  // Polling also keeps the application from ending while the page is there.
  async #follow() {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const polled = this.application;
      try {
        for await (const event of this.#client.events(polled, { signal, away: this.#tell.away })) {
          if (polled !== this.application) break;
          this.#tell.event(event);
        }
      } catch (error) {
        if (signal.aborted) return;
        try {
          if (!ENDED.has(error.subcode)) throw error;
          if (polled === this.application) await this.#reopen();
        } catch (last) {
          this.#tell.over(last);
          return;
        }
      }
    }
  }
}

function place(application) {
  return linkOf(application, "self").split("?")[0];
}

const CONFLICTS = {
  AlreadyExists: "There is already an extension with this id in the meeting.",
  TooManyGroups: "The meeting holds as many extensions as it may. Delete one that is no longer needed.",
  TooManyOnlineMeetings: "You have as many meetings as you may. Delete one that is no longer needed.",
};

// Why something did not work, for people.
export function inWords(error) {
  if (error instanceof ServerAway) return "The server can't be reached. Nothing is lost here; try again in a while.";
  const { status, subcode, message } = error;
  if (status === 401) return "You are no longer signed in.";
  if (status === 404) return "It is no longer there: it was deleted, or its time has run out.";
  if (status === 409) return CONFLICTS[subcode] ?? `That is not possible: ${message}`;
  if (status === 410) return "Your meetings are at another server, which can't be reached from here.";
  if (status === 413) return `That is more than this server takes: ${message}`;
  if (status === 429) return `Too many requests at once. Try again in ${error.retryAfter ?? 10} seconds.`;
  if (status >= 500) return "The server has a problem at the moment. Try again in a while.";
  return message;
}
