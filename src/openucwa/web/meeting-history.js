// Earlier versions of meetings and extensions, and what was removed, as the server's change log has them.

import { embeddedIn, linkOf } from "./ucwa.js";

const NOTHING = { entries: [], next: null };

export class MeetingHistory {
  #client;
  #meetings;

  constructor(client, meetings) {
    this.#client = client;
    this.#meetings = meetings;
  }

  // The versions of a meeting, or of an extension, newest first: {entries, next: where older ones are, or null}.
  async versions(id, extensionId = null) {
    return this.#page(await this.#meetings.leadsTo("openucwa:versions", id, extensionId));
  }

  older(next) {
    return this.#page(next);
  }

  // The last versions of the extensions that were removed from a meeting.
  async removedExtensions(id) {
    return this.#page(await this.#meetings.leadsTo("openucwa:removedExtensions", id));
  }

  async removedMeetings() {
    return this.#page((await this.#meetings.addition("openucwa:removedMeetings")) ?? null, "openucwa:removedMeeting");
  }

  // An entry with its contents.
  async contents(entry) {
    return (await this.#client.get(linkOf(entry, "self"))).resource;
  }

  // Makes a version the current one. `etag`: of what it replaces; undefined: it was removed.
  async restore(entry, etag) {
    const headers = etag === undefined ? {} : { "If-Match": `"${etag}"` };
    await this.#client.post(linkOf(entry, "openucwa:restore"), undefined, { headers });
  }

  async #page(href, rel = "openucwa:version") {
    if (href === null) return NOTHING;
    const { resource } = await this.#client.get(href);
    return { entries: embeddedIn(resource, rel), next: linkOf(resource, "next") ?? null };
  }
}
