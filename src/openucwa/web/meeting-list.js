// The meetings of the console's list: the first of them soon, then all, and afterwards only what has changed.

import { isAssigned } from "./meeting-words.js";

const SOME = 1000; // meetings that are read at first, and more each time the user asks for them
const MAX_SINGLE = 20; // meetings that are read one by one, rather than all

export class MeetingList {
  #listed; // ListedMeetings
  #draw;
  #known = new Map(); // by onlineMeetingUri
  #limit = SOME;
  #first = null; // the promise of the first of them
  #wanted = null; // what is read next: {ids} or {ids, all}
  #reading = Promise.resolve();
  since = Number.NEGATIVE_INFINITY; // when those that are known were asked for, on the page's clock
  isRead = false; // whether some were read
  isWhole = false; // whether there are no others
  isCut = false; // whether there are more than the limit

  // `listed`: ListedMeetings. draw(): other meetings are known.
  constructor(listed, draw) {
    this.#listed = listed;
    this.#draw = draw;
  }

  // Own and others' meetings, with `times`, the newest first.
  get meetings() {
    return [...this.#known.values()].sort((one, other) => other.created - one.created);
  }

  // The meeting that the user scheduled last; null: there is none.
  async latest() {
    const latest = (meetings) =>
      meetings
        .filter((each) => each.own && !isAssigned(each))
        .reduce((one, other) => (one === null || other.created > one.created ? other : one), null);
    return latest([...this.#known.values()]) ?? (this.isWhole ? null : latest(await this.#listed.newest()));
  }

  // Resolves as soon as there is something to be shown; reads the others then. Rejects where nothing could be read; asked
  // again, it tries again.
  open() {
    this.#first ??= this.#open().catch((error) => {
      this.#first = null;
      throw error;
    });
    return this.#first;
  }

  // Reads all of them anew.
  refresh() {
    return this.#read({ all: true });
  }

  // Reads those with these ids anew: they were changed, added or removed.
  reread(ids) {
    return this.#read({ ids });
  }

  // Reads what is not in the feed of changes: a meeting of somebody else that the user takes part in.
  async readOthers() {
    const others = await this.#listed.ofOthers();
    for (const [uri, { own }] of this.#known) if (!own) this.#known.delete(uri);
    this.#take(others);
  }

  // Raises the limit of what is read, and reads again.
  further() {
    this.#limit += SOME;
    return this.refresh();
  }

  async #open() {
    const since = performance.now();
    const { meetings, next } = await this.#listed.first();
    this.isWhole = next === null;
    if (this.isWhole) this.since = since;
    this.#take(meetings);
    if (!this.isWhole) this.refresh().catch(() => {}); // what is missing comes with the next refresh
  }

  // One thing at a time; what is asked for meanwhile is read together.
  #read({ ids = [], all = false }) {
    if (this.#wanted === null) {
      const wanted = { ids: new Set(), all: false, done: null };
      wanted.done = this.#reading
        .catch(() => {})
        .then(() => {
          this.#wanted = null;
          return this.#readNow(wanted);
        });
      this.#wanted = wanted;
      this.#reading = wanted.done;
    }
    for (const id of ids) this.#wanted.ids.add(id);
    this.#wanted.all ||= all;
    return this.#wanted.done;
  }

  async #readNow({ ids, all }) {
    if (all || ids.size > MAX_SINGLE || !this.isRead) await this.#readAll();
    else await this.#readSome([...ids]);
  }

  async #readAll() {
    const since = performance.now();
    const { meetings, next } = await this.#listed.all(this.#limit, (page) => this.#take(page));
    this.#known.clear();
    this.since = since;
    this.isWhole = next === null;
    this.isCut = !this.isWhole;
    this.#take(meetings);
  }

  async #readSome(ids) {
    const found = await this.#listed.withIds(ids);
    for (const [uri, { onlineMeetingId }] of this.#known) if (ids.includes(onlineMeetingId)) this.#known.delete(uri);
    this.#take(found);
  }

  #take(meetings) {
    for (const each of meetings) this.#known.set(each.onlineMeetingUri, each);
    this.isRead = true;
    this.#draw();
  }
}
