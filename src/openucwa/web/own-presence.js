// How others see the signed-in user: availability, note and photo; and what makes the user reachable by messages.

import { additionOf } from "./additions.js";
import { embeddedIn, linkOf } from "./ucwa.js";

const PHOTO = "openucwa:photo";
const ACTIVE = 60_000; // ms between two reports that somebody uses the page

export class OwnPresence {
  presence = undefined; // {availability, activity}; undefined: not known
  note = "";
  photo = { href: undefined, version: 0 };
  me = null;
  #client;
  #session;
  #changed;
  #reported = Number.NEGATIVE_INFINITY; // when the user's activity was last reported

  // changed(): one of these is different now.
  constructor(client, session, changed) {
    this.#client = client;
    this.#session = session;
    this.#changed = changed;
    this.#takeMe(embeddedIn(session.application, "me")[0]);
  }

  // Makes the user available for messages, and reads what others see.
  async start() {
    await this.#session.run(async (application) => {
      const [me] = embeddedIn(application, "me");
      this.#takeMe((await this.#client.get(linkOf(me, "self"))).resource);
      const available = linkOf(this.me, "makeMeAvailable");
      if (available) {
        await this.#client.post(available, { supportedModalities: ["Messaging"] });
        this.#takeMe((await this.#client.get(linkOf(me, "self"))).resource);
      }
    });
    this.#reported = performance.now();
    await Promise.all(["presence", "note"].map((rel) => this.#read(rel)));
  }

  take({ type, link, sender }) {
    if (sender.rel !== "me" || type === "deleted") return;
    if (link.rel === "presence" || link.rel === "note") this.#read(link.rel).catch(() => {});
  }

  // `availability`: one of CHOICES (presence-words.js); undefined: it follows from activity again.
  async set(availability) {
    await this.#session.run(() => this.#client.post(linkOf(this.me, "presence"), { availability }));
    await this.#read("presence");
  }

  async setNote(message) {
    await this.#session.run(() => this.#client.post(linkOf(this.me, "note"), { message }));
    await this.#read("note");
  }

  // `picture`: a Blob, JPEG or PNG; null: there is to be none.
  async setPhoto(picture) {
    await this.#session.run(async (application) => {
      const href = await additionOf(this.#client, application, PHOTO);
      if (picture === null) await this.#client.delete(href);
      else await this.#client.request("PUT", href, { body: picture, type: picture.type });
    });
    this.photo.version += 1;
    this.#changed();
  }

  // To be called whenever the page is used; reports it to the server now and then.
  active() {
    const href = linkOf(this.me, "reportMyActivity");
    if (!href || performance.now() - this.#reported < ACTIVE) return;
    this.#reported = performance.now();
    this.#client.post(href).catch(() => {});
  }

  #takeMe(me) {
    this.me = me ?? null;
    this.photo.href = linkOf(me, "photo");
  }

  async #read(rel) {
    const href = linkOf(this.me, rel);
    if (href === undefined) return;
    const { resource } = await this.#client.get(href);
    if (rel === "note") this.note = resource.message;
    else this.presence = resource;
    this.#changed();
  }
}
