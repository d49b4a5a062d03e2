// The user's webhooks and their deliveries, on the server.

import { additionOf } from "./additions.js";
import { NotThere } from "./meetings.js";
import { embeddedIn, linkOf } from "./ucwa.js";

export class Webhooks {
  #client;
  #session;
  #application = null; // the one that the addresses below belong to
  #known = new Map(); // webhooks, by id

  constructor(client, session) {
    this.#client = client;
    this.#session = session;
  }

  list() {
    return this.#session.run(async (application) => [...(await this.#read(application)).values()]);
  }

  // The new one, with its secret. values: {url, description, kinds, filter}.
  add(values) {
    return this.#session.run(async (application) => {
      return (await this.#client.post(await this.#href(application), values)).resource;
    });
  }

  // Changes the version that was read. `changes`: what is to be another than in `webhook`.
  replace(webhook, changes) {
    const { url, description, kinds, filter, state, etag } = webhook;
    const active = state === "Active" || state === "Paused" ? state : "Active";
    const body = { url, description, kinds, filter, state: active, ...changes };
    const headers = { "If-Match": `"${etag}"` };
    return this.#of(webhook, async ({ href }) => (await this.#client.request("PUT", href, { body, headers })).resource);
  }

  remove(webhook) {
    const headers = { "If-Match": `"${webhook.etag}"` };
    return this.#of(webhook, ({ href }) => this.#client.delete(href, { headers }));
  }

  // The webhook with its new secret.
  rotate(webhook) {
    return this.#of(webhook, async ({ found }) => {
      return (await this.#client.post(linkOf(found, "openucwa:rotateSecret"), {})).resource;
    });
  }

  test(webhook) {
    return this.#of(webhook, ({ found }) => this.#client.post(linkOf(found, "openucwa:testDelivery")));
  }

  // {deliveries, next: where older ones are, or null}, newest first.
  deliveries(webhook) {
    return this.#of(webhook, ({ found }) => this.older(linkOf(found, "openucwa:deliveries")));
  }

  async older(next) {
    const { resource } = await this.#client.get(next);
    return { deliveries: embeddedIn(resource, "openucwa:delivery"), next: linkOf(resource, "next") ?? null };
  }

  // The text of the message.
  async message(delivery) {
    return (await this.#client.get(linkOf(delivery, "self"))).resource.message;
  }

  async redeliver(delivery) {
    await this.#client.post(linkOf(delivery, "openucwa:redeliver"));
  }

  #of({ id }, work) {
    return this.#session.run(async (application) => {
      if (application !== this.#application || !this.#known.has(id)) await this.#read(application);
      const found = this.#known.get(id);
      if (found === undefined) throw new NotThere();
      return work({ found, href: linkOf(found, "self") });
    });
  }

  async #read(application) {
    const { resource } = await this.#client.get(await this.#href(application));
    this.#application = application;
    this.#known = new Map(embeddedIn(resource, "openucwa:webhook").map((each) => [each.id, each]));
    return this.#known;
  }

  async #href(application) {
    const href = await additionOf(this.#client, application, "openucwa:webhooks");
    if (href === undefined) throw new NotThere();
    return href;
  }
}
