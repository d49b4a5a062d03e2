// Queries of openucwa:meetings for lists, and their answers: meetings with no extension but that for begin and end. Pure.

import { planned, SCHEDULE_ID } from "./schedule.js";
import { embeddedIn, linkOf } from "./ucwa.js";
import { asDate } from "./values.js";

// Meetings of the first answers, which are to come soon on slow networks too.
const FIRST_COMING = 10;
const FIRST_NEW = 8;
const PAGE = 100; // meetings of the others
const RELS = ["myOnlineMeeting", "myAssignedOnlineMeeting", "onlineMeeting"];
const SCHEDULE = `extensions(${quoted(SCHEDULE_ID)})`;
const SHOWN = { expand: `extensions($filter=id eq ${quoted(SCHEDULE_ID)})` };

// All of them, the newest first.
export const NEWEST = { ...SHOWN, orderby: "creationTime desc", top: PAGE };

// The first of these.
export const FIRST_NEWEST = { ...NEWEST, top: FIRST_NEW };

// The first of those that are not over, in the order of their beginning. `now`: in ms.
export function nextOnes(now) {
  const filter = `${SCHEDULE}/end ge ${new Date(now).toISOString()}`;
  return { ...SHOWN, filter, orderby: `${SCHEDULE}/begin`, top: FIRST_COMING };
}

// The newest that `user` organizes: two, as the assigned one may be among them.
export function newestOf(user) {
  return { ...NEWEST, filter: `organizerUri eq ${quoted(user)}`, top: 2 };
}

// Those that others organize.
export function notOf(user) {
  return { ...NEWEST, filter: `organizerUri ne ${quoted(user)}` };
}

// Those with these ids.
export function withIds(ids) {
  return { ...NEWEST, filter: `onlineMeetingId in (${ids.map(quoted).join(", ")})` };
}

// {meetings, next}: `next`: where further ones are, or null.
export function pageOf(resource) {
  const meetings = embeddedIn(resource, "openucwa:foundMeeting").map(meetingOf);
  return { meetings, next: linkOf(resource, "next") ?? null };
}

// A meeting of an openucwa:foundMeeting, with `times`; `own`: whether the user organizes it; `created`: when, in ms.
export function meetingOf(found) {
  const [meeting] = RELS.flatMap((rel) => embeddedIn(found, rel));
  const created = asDate(found.creationTime)?.getTime() ?? 0;
  return { ...planned(meeting, embeddedIn(meeting, "onlineMeetingExtension")), own: found.own, created };
}

function quoted(text) {
  return `'${text.replaceAll("'", "''")}'`;
}
