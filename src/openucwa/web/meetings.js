// An organizer's meetings and their extensions, by their ids. Addresses belong to an application, and a page may see
// several of them; so each is found by following links of the one that is open now.

import { additionOf } from "./additions.js";
import { ListedMeetings } from "./listed-meetings.js";
import { changeOf, planned, SCHEDULE_ID, scheduleOf } from "./schedule.js";
import { t } from "./texts.js";
import { embeddedIn, linkIn, linkOf } from "./ucwa.js";
import { asDate, customProperties, toWire } from "./values.js";

const INVITATION = "openucwa:invitation";
const QUERIES = "openucwa:meetings";
export const MAX_SUBJECT = 250; // characters
// What a copy of a meeting has in common with it.
const COPIED = [
  "accessLevel",
  "attendees",
  "automaticLeaderAssignment",
  "description",
  "entryExitAnnouncement",
  "leaders",
  "lobbyBypassForPhoneUsers",
  "phoneUserAdmission",
];

// What can be changed of it.
const SETTINGS = [...COPIED, "subject", "expirationTime"];

// What was requested does not exist.
export class NotThere extends Error {
  status = 404;

  constructor() {
    super(t`It does not exist.`);
  }
}

export class Meetings {
  #client;
  #session;
  #application = null; // the one that the addresses below belong to
  #hrefs = new Map(); // of meetings, by id
  #extensionHrefs = new Map(); // of extensions, by the meeting's id and theirs
  #choices = null;

  constructor(client, session) {
    this.#client = client;
    this.#session = session;
    this.listed = new ListedMeetings(client, session, (meetings) => this.#take(meetings));
  }

  // Finds meetings by their data, the newest first: {found: [openucwa:foundMeeting], next: where more are, or null}.
  find(filter) {
    return this.#session.run(async (application) => {
      const href = await additionOf(this.#client, application, QUERIES);
      if (href === undefined) throw new NotThere();
      return this.findMore(`${href}?${new URLSearchParams({ filter, orderby: "creationTime desc" })}`);
    });
  }

  async findMore(next) {
    const { resource } = await this.#client.get(next);
    return { found: embeddedIn(resource, "openucwa:foundMeeting"), next: linkOf(resource, "next") ?? null };
  }

  // {meeting, extensions, invitation, hasHistory}: `meeting` with `times` and `schedule`; `extensions` by id; `invitation`: where the invitation for calendars is,
  // or null.
  read(id) {
    return this.#session.run(async (application) => {
      const { resource, headers } = await this.#client.get(await this.#meetingHref(application, id));
      const links = headers.get("Link");
      const extensions = this.#takeExtensions(id, resource);
      return {
        meeting: planned(resource, extensions.values()),
        extensions,
        invitation: linkIn(links, INVITATION),
        hasHistory: linkIn(links, "openucwa:versions") !== null,
      };
    });
  }

  // `times`: when it begins and ends, or null.
  async create({ times = null, ...properties }) {
    const meeting = await this.#session.run(async (application) => {
      const { resource } = await this.#client.post(linkOf(dashboard(application), "myOnlineMeetings"), properties);
      this.#hrefs.set(resource.onlineMeetingId, linkOf(resource, "self"));
      return resource;
    });
    if (times === null) return planned(meeting, []);
    try {
      const schedule = await this.createExtension(meeting.onlineMeetingId, scheduleOf(times));
      return planned(meeting, [schedule]);
    } catch (error) {
      // What was not wanted without its times is not left behind.
      await this.delete(meeting).catch(() => {});
      throw error;
    }
  }

  // Schedules another meeting like that one, with its extensions; the new one. It closes by the server's default where the
  // time of the first is over, and has no times where these are over.
  async copy(id) {
    const { meeting, extensions } = await this.read(id);
    const shared = COPIED.filter((name) => meeting[name] !== undefined).map((name) => [name, meeting[name]]);
    const expires = asDate(meeting.expirationTime);
    if (expires !== null && expires.getTime() > Date.now()) shared.push(["expirationTime", meeting.expirationTime]);
    const subject = meeting.subject ? t`Copy of ${meeting.subject}` : "";
    const copy = await this.create({
      subject: [...subject].slice(0, MAX_SUBJECT).join(""),
      ...Object.fromEntries(shared),
    });
    for (const { id: name, type, ...rest } of extensions.values()) {
      if (name === SCHEDULE_ID && meeting.times && meeting.times.end.getTime() < Date.now()) continue;
      const properties = Object.fromEntries(customProperties(rest));
      await this.createExtension(copy.onlineMeetingId, { id: name, type, ...properties });
    }
    return copy;
  }

  // Puts a meeting back, with its times; what is on the server then.
  replace({ times, schedule, ...meeting }) {
    return this.#session.run(async (application) => {
      const href = await this.#meetingHref(application, meeting.onlineMeetingId);
      const change = changeOf(schedule, times ?? null);
      if (change !== null) {
        const changeSet = linkIn((await this.#client.get(href)).headers.get("Link"), "openucwa:changeSet");
        if (changeSet !== null) return this.#change(changeSet, meeting, change);
        schedule = await this.#apply(meeting.onlineMeetingId, schedule, times);
      }
      const { resource } = await this.#client.put(meeting, { href });
      return planned(resource, schedule ? [schedule] : []);
    });
  }

  // Changes a meeting and its times together or not at all.
  async #change(href, meeting, change) {
    const patch = Object.fromEntries(SETTINGS.map((name) => [name, meeting[name] ?? null]));
    try {
      const set = { changes: [change], meeting: { ifMatch: meeting.etag, patch } };
      const { resource } = await this.#client.post(href, set);
      const [changed] = embeddedIn(resource, "myOnlineMeeting");
      return planned(changed, embeddedIn(resource, "onlineMeetingExtension"));
    } catch (error) {
      // The extension was added, or removed, since it was read: it is another version than the one that was changed.
      if (error.status === 404 || error.subcode === "AlreadyExists") error.status = 412;
      throw error;
    }
  }

  // The same for the times alone, where the server has no change sets; the extension, if there is one then.
  async #apply(id, schedule, times) {
    if (schedule === undefined) return this.createExtension(id, scheduleOf(times));
    if (times !== null) return this.replaceExtension(id, { ...schedule, ...scheduleOf(times) });
    await this.deleteExtension(id, schedule);
    return undefined;
  }

  // Lets a meeting close a while after its end, where it has one. `later`: in ms
  async followTimes(id, later) {
    const { meeting } = await this.read(id);
    if (!meeting.times) return;
    const expirationTime = toWire(new Date(meeting.times.end.getTime() + later));
    try {
      await this.replace({ ...meeting, expirationTime });
    } catch (error) {
      // That is too long ago, or somebody else changed the meeting. Where it closes too early, the page says so.
      if (error.status !== 400 && error.status !== 412) throw error;
    }
  }

  // Deletes the version that was read.
  delete(meeting) {
    return this.#session.run(async (application) => {
      const href = await this.#meetingHref(application, meeting.onlineMeetingId);
      await this.#client.delete(href, { headers: { "If-Match": `"${meeting.etag}"` } });
      this.#hrefs.delete(meeting.onlineMeetingId);
    });
  }

  // Adds a meeting again that was deleted; whether the server still had it.
  undelete(id) {
    return this.#session.run(async (application) => {
      const href = await additionOf(this.#client, application, "openucwa:removedMeetings");
      if (href === undefined) return false;
      const { resource } = await this.#client.get(href);
      const removed = embeddedIn(resource, "openucwa:removedMeeting").find((each) => each.onlineMeetingId === id);
      return this.#restore(removed);
    });
  }

  // The same for an extension.
  undeleteExtension(id, extensionId) {
    return this.#session.run(async (application) => {
      const { headers } = await this.#client.get(await this.#meetingHref(application, id));
      const href = linkIn(headers.get("Link"), "openucwa:removedExtensions");
      if (href === null) return false;
      const { resource } = await this.#client.get(href);
      return this.#restore(embeddedIn(resource, "openucwa:version").find((each) => each.extensionId === extensionId));
    });
  }

  // Where the Link header of a meeting, or of an extension, leads by that rel; null: nowhere.
  leadsTo(rel, id, extensionId = null) {
    return this.#session.run(async (application) => {
      const href = await (extensionId === null
        ? this.#meetingHref(application, id)
        : this.#extensionHref(application, id, extensionId));
      return linkIn((await this.#client.get(href)).headers.get("Link"), rel);
    });
  }

  // Where an addition is; undefined: the server has none.
  addition(rel) {
    return this.#session.run((application) => additionOf(this.#client, application, rel));
  }

  async #restore(removed) {
    const href = linkOf(removed, "openucwa:restore");
    if (href !== undefined) await this.#client.post(href);
    return href !== undefined;
  }

  // The file for calendar programs, as text. `start`, `end`: Dates; null: when the meeting is.
  invitation(id, start = null, end = null) {
    return this.#session.run(async (application) => {
      const { headers } = await this.#client.get(await this.#meetingHref(application, id));
      const query = start ? `?${new URLSearchParams({ start: start.toISOString(), end: end.toISOString() })}` : "";
      const href = `${linkIn(headers.get("Link"), INVITATION)}${query}`;
      return (await this.#client.get(href, { headers: { Accept: "text/calendar" } })).text;
    });
  }

  // What a meeting's form offers: {eligible, defaults}.
  async choices() {
    this.#choices ??= await this.#session.run(async (application) => {
      const rels = ["onlineMeetingEligibleValues", "onlineMeetingDefaultValues"];
      const reads = rels.map((rel) => this.#client.get(linkOf(dashboard(application), rel)));
      const [eligible, defaults] = await Promise.all(reads);
      return { eligible: eligible.resource, defaults: defaults.resource };
    });
    return this.#choices;
  }

  createExtension(id, extension) {
    return this.#session.run(async (application) => {
      const href = linkOf(await this.#meeting(application, id), "onlineMeetingExtensions");
      const { resource } = await this.#client.post(href, extension);
      this.#extensionHrefs.get(id)?.set(resource.id, linkOf(resource, "self"));
      return resource;
    });
  }

  readExtension(id, extensionId) {
    return this.#session.run(async (application) => {
      const href = await this.#extensionHref(application, id, extensionId);
      return (await this.#client.get(href)).resource;
    });
  }

  replaceExtension(id, extension) {
    return this.#session.run(async (application) => {
      const href = await this.#extensionHref(application, id, extension.id);
      return (await this.#client.put(extension, { href })).resource;
    });
  }

  // Deletes the version that was read.
  deleteExtension(id, extension) {
    return this.#session.run(async (application) => {
      const href = await this.#extensionHref(application, id, extension.id);
      await this.#client.delete(href, { headers: { "If-Match": `"${extension.etag}"` } });
    });
  }

  async #meetingHref(application, id) {
    this.#forgetOthers(application);
    if (!this.#hrefs.has(id)) await this.#locate(id);
    if (!this.#hrefs.has(id)) throw new NotThere();
    return this.#hrefs.get(id);
  }

  async #locate(id) {
    try {
      await this.listed.withIds([id]);
    } catch (error) {
      if (error.status !== 400) throw error; // a text that can be no id
    }
  }

  async #meeting(application, id) {
    const { resource } = await this.#client.get(await this.#meetingHref(application, id));
    this.#takeExtensions(id, resource);
    return resource;
  }

  async #extensionHref(application, id, extensionId) {
    this.#forgetOthers(application);
    if (!this.#extensionHrefs.get(id)?.has(extensionId)) await this.#meeting(application, id);
    const href = this.#extensionHrefs.get(id).get(extensionId);
    if (href === undefined) throw new NotThere();
    return href;
  }

  #takeExtensions(id, meeting) {
    const found = embeddedIn(meeting, "onlineMeetingExtension");
    this.#extensionHrefs.set(id, new Map(found.map((each) => [each.id, linkOf(each, "self")])));
    return new Map(found.map((each) => [each.id, each]));
  }

  // Where meetings are that were read for a list.
  #take(meetings) {
    this.#forgetOthers(this.#session.application);
    for (const each of meetings) if (each.own) this.#hrefs.set(each.onlineMeetingId, linkOf(each, "self"));
  }

  #forgetOthers(application) {
    if (this.#application === application) return;
    this.#application = application;
    this.#hrefs.clear();
    this.#extensionHrefs.clear();
  }
}

function dashboard(application) {
  return embeddedIn(application, "onlineMeetings")[0];
}
