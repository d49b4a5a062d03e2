// The presence and the notes of people that a page shows, kept current by the events of the channel. The page's parts say
// whom they show; one subscription serves all of them.

import { embeddedIn, linkOf } from "./ucwa.js";

const MINUTES = 30; // the longest that a subscription lasts; the server announces its end

export class PresenceWatch {
  #client;
  #session;
  #changed;
  #wanted = new Map(); // by the part that shows them, the URIs
  #known = new Map(); // by URI: {availability, activity, note}
  #subscription = null; // {id, href, uris}; null: none yet
  #syncing = null; // {again}, while it is brought up to date
  #reading = new Map(); // by href, whether it is to be read again

  // changed(uri): something is known about somebody, or is different now.
  constructor(client, session, changed) {
    this.#client = client;
    this.#session = session;
    this.#changed = changed;
  }

  // {availability, activity, note}, as far as known; undefined: nothing is.
  of(uri) {
    return this.#known.get(keyOf(uri));
  }

  // The people whom a part of the page shows now.
  watch(part, uris) {
    this.#wanted.set(part, new Set(uris.map(keyOf)));
    return this.#sync();
  }

  take({ type, link, in: within, sender, resource }) {
    if (sender.rel !== "people") return;
    if (link.rel === "presenceSubscription" && link.href === this.#subscription?.href) {
      if (type === "updated") this.#extend();
      else if (type === "deleted") this.reopened();
    } else if (link.rel === "contactPresence" || link.rel === "contactNote") {
      this.#read(link.href, uriIn(within?.href ?? link.href.slice(0, link.href.lastIndexOf("/"))), resource);
    }
  }

  // The application, or the subscription, has ended.
  reopened() {
    this.#subscription = null;
    return this.#sync();
  }

  async #sync() {
    if (this.#syncing) {
      this.#syncing.again = true;
      return;
    }
    this.#syncing = { again: false };
    try {
      do {
        this.#syncing.again = false;
        await this.#subscribe();
      } while (this.#syncing.again);
    } catch {
      // Presence is an extra: without it people are shown all the same.
    } finally {
      this.#syncing = null;
    }
  }

  async #subscribe() {
    const there = this.#subscription?.uris ?? new Set();
    const missing = [...new Set([...this.#wanted.values()].flatMap((uris) => [...uris]))].filter(
      (uri) => !there.has(uri),
    );
    if (missing.length === 0) return;
    await this.#session.run(async (application) => {
      const [people] = embeddedIn(application, "people");
      if (this.#subscription === null) {
        const body = { duration: MINUTES, uris: missing };
        const { resource } = await this.#client.post(linkOf(people, "presenceSubscriptions"), body);
        this.#subscription = { id: resource.id, href: linkOf(resource, "self"), uris: new Set(missing) };
      } else {
        const { id, uris } = this.#subscription;
        const body = { contactUris: missing, presenceSubscriptionId: id };
        await this.#client.post(linkOf(people, "presenceSubscriptionMemberships"), body);
        for (const uri of missing) uris.add(uri);
      }
    });
  }

  async #extend() {
    try {
      await this.#client.post(`${this.#subscription.href}?duration=${MINUTES}`);
    } catch {
      // Then it ends, and another one begins.
    }
  }

  // Reads what has changed about somebody. Asked for again meanwhile, it reads once more.
  async #read(href, uri, resource) {
    if (this.#reading.has(href)) {
      this.#reading.set(href, true);
      return;
    }
    try {
      do {
        this.#reading.set(href, false);
        const found = resource ?? (await this.#client.get(href)).resource;
        this.#take(uri, found);
      } while (this.#reading.get(href));
    } catch {
      // The next event reads it again.
    } finally {
      this.#reading.delete(href);
    }
  }

  #take(uri, { rel, availability, activity, message }) {
    const known = this.#known.get(uri) ?? {};
    this.#known.set(uri, rel === "contactNote" ? { ...known, note: message } : { ...known, availability, activity });
    this.#changed(uri);
  }
}

function keyOf(uri) {
  return uri.toLowerCase();
}

// The person that a contact's address is about.
function uriIn(href) {
  return keyOf(`sip:${decodeURIComponent(href.slice(href.lastIndexOf("/") + 1))}`);
}
