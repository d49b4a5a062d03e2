// Reads meetings for lists: by the server's queries, with no extension but that for begin and end; or, if it has no queries,
// as UCWA has them.

import { additionOf } from "./additions.js";
import { FIRST_NEWEST, NEWEST, newestOf, nextOnes, notOf, pageOf, withIds } from "./meeting-queries.js";
import { planned } from "./schedule.js";
import { embeddedIn, linkOf } from "./ucwa.js";
import { pause } from "./ucwa-waits.js";

const QUERIES = "openucwa:meetings";
const MAX_WAITS = 5; // while the server makes its index

// Meetings are as in meeting-queries.js.
export class ListedMeetings {
  #client;
  #session;
  #took;

  // took(meetings): they were read.
  constructor(client, session, took) {
    this.#client = client;
    this.#session = session;
    this.#took = took;
  }

  // What a list shows first: {meetings, next}: those to come and the newest; `next`: null: there are no others.
  async first() {
    const coming = this.#query(nextOnes(Date.now())).catch(() => null); // they are among all of them as well
    const newest = await this.#query(FIRST_NEWEST);
    if (newest === null) return { meetings: await this.#documented(), next: null };
    return { meetings: [...newest.meetings, ...((await coming)?.meetings ?? [])], next: newest.next };
  }

  // All meetings, also those of others, as {meetings, next}: `next`: whether there are more than `limit`. Calls
  // page(meetings) as they come.
  all(limit, page) {
    return this.#session.run(async () => {
      const meetings = [];
      let found = await this.#query(NEWEST);
      if (found === null) return { meetings: await this.#documented(), next: null };
      for (;;) {
        meetings.push(...found.meetings);
        page(found.meetings);
        if (found.next === null || meetings.length >= limit) return { meetings, next: found.next };
        found = await this.#page(found.next);
      }
    });
  }

  // Those with one of these ids, and perhaps others.
  async withIds(ids) {
    return (await this.#whole(withIds(ids))) ?? this.#documented();
  }

  // Those that others organize; none where the server has no queries.
  async ofOthers() {
    return (await this.#whole(notOf(this.#user))) ?? [];
  }

  // The newest that the user organizes, and perhaps others.
  async newest() {
    return (await this.#query(newestOf(this.#user)))?.meetings ?? this.#documented();
  }

  // All that a query finds; null: the server has no queries.
  async #whole(query) {
    let page = await this.#query(query);
    if (page === null) return null;
    const meetings = [...page.meetings];
    while (page.next !== null) {
      page = await this.#page(page.next);
      meetings.push(...page.meetings);
    }
    return meetings;
  }

  // {meetings, next}; null: the server has no queries.
  #query(parameters) {
    return this.#session.run(async (application) => {
      const href = await additionOf(this.#client, application, QUERIES);
      return href === undefined ? null : this.#page(`${href}?${new URLSearchParams(parameters)}`);
    });
  }

  async #page(href) {
    const page = pageOf(await patiently(() => this.#client.get(href)));
    this.#took(page.meetings);
    return page;
  }

  // The user's own, as UCWA has them: with all of their extensions.
  #documented() {
    return this.#session.run(async (application) => {
      const { resource } = await this.#client.get(
        linkOf(embeddedIn(application, "onlineMeetings")[0], "myOnlineMeetings"),
      );
      const found = ["myAssignedOnlineMeeting", "myOnlineMeeting"].flatMap((rel) => embeddedIn(resource, rel));
      const meetings = found.map((each, created) => ({
        ...planned(each, embeddedIn(each, "onlineMeetingExtension")),
        own: true,
        created,
      }));
      this.#took(meetings);
      return meetings;
    });
  }

  get #user() {
    return embeddedIn(this.#session.application, "me")[0].uri;
  }
}

// Repeats a query that the server can't answer before it has indexed very many meetings.
async function patiently(read) {
  for (let waits = 0; ; waits += 1) {
    try {
      return (await read()).resource;
    } catch (error) {
      if (error.status !== 503 || error.retryAfter === null || waits === MAX_WAITS) throw error;
      await pause(error.retryAfter);
    }
  }
}
