// When a meeting begins and ends. It is said by an extension of the meeting that every client may read and write
// (docs/data-on-meetings.md). Pure.

import { asDate, localText, toWire } from "./values.js";

export const SCHEDULE_ID = "openucwa.schedule";
const TYPE = "RoamedParticipantData";
const MINUTE = 60_000;
const HALF_HOUR = 30 * MINUTE;
export const USUAL_LENGTH = 60 * MINUTE;

/**
 * @typedef {{begin: Date, end: Date, timeZone: string}} Times `timeZone`: where it was scheduled, an IANA name
 */

/**
 * The times that an extension says; null: none that could be true.
 * @param {Record<string, any> | undefined | null} extension
 * @returns {Times | null}
 */
export function timesOf(extension) {
  const [begin, end] = [asDate(extension?.begin), asDate(extension?.end)];
  if (!begin || !end || !(begin < end)) return null; // NaN is in no order
  const zone = extension?.timeZone;
  return { begin, end, timeZone: isZone(zone) ? zone : "UTC" };
}

/**
 * The properties of an extension that says these times.
 * @param {Times} times
 */
function propertiesOf({ begin, end, timeZone }) {
  return { begin: toWire(begin), end: toWire(end), timeZone };
}

/**
 * The extension that says these times.
 * @param {Times} times
 */
export function scheduleOf(times) {
  return { id: SCHEDULE_ID, type: TYPE, ...propertiesOf(times) };
}

/**
 * A meeting with what its extensions say of when it is. `times`: Times, or null; `schedule`: the extension that says them.
 * @param {Record<string, any>} meeting
 * @param {Iterable<Record<string, any>>} extensions
 */
export function planned(meeting, extensions) {
  const schedule = [...extensions].find(({ id }) => id === SCHEDULE_ID);
  return { ...meeting, times: timesOf(schedule), schedule };
}

/**
 * What has to be done to the extension of a meeting, as openucwa:changeSet takes it; null: nothing.
 * @param {Record<string, any> | undefined} schedule the extension; undefined: there is none
 * @param {Times | null} times those that the meeting is to have
 */
export function changeOf(schedule, times) {
  if (JSON.stringify(timesOf(schedule)) === JSON.stringify(times)) return null;
  if (schedule === undefined) {
    const { id, type, ...properties } = scheduleOf(/** @type {Times} */ (times));
    return { operation: "add", id, type, properties };
  }
  const version = { id: SCHEDULE_ID, ifMatch: schedule.etag };
  if (times === null) return { operation: "remove", ...version };
  return { operation: "patch", ...version, patch: propertiesOf(times) };
}

/**
 * Whether this is the name of a time zone that is known here.
 * @param {unknown} name
 */
export function isZone(name) {
  if (typeof name !== "string" || name === "") return false;
  try {
    format("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

// The time zone of this device. Where Chromium cannot tell, it names one that it does not know, and shows UTC.
export function ownZone() {
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  return isZone(zone) ? zone : "UTC";
}

/**
 * What a datetime-local input says: {date, gap}; null: nothing. `gap`: whether clocks skip this time, as they are put
 * forward; `date` is then as much later as they are.
 * @param {string} text
 */
export function readLocal(text) {
  const date = new Date(text);
  if (text === "" || Number.isNaN(date.getTime())) return null;
  return { date, gap: localText(date).slice(0, 16) !== text.slice(0, 16) };
}

/**
 * When a new meeting begins and ends unless something else is chosen: at the next half hour.
 * @param {number} now in ms
 * @param {number} length in ms
 */
export function proposed(now, length) {
  const begin = new Date((Math.floor(now / HALF_HOUR) + 1) * HALF_HOUR);
  return { begin, end: new Date(begin.getTime() + length) };
}

/**
 * How long it lasts, in ms.
 * @param {Times | null} times
 */
export function lengthOf(times) {
  return times ? times.end.getTime() - times.begin.getTime() : USUAL_LENGTH;
}

/**
 * Whether clocks in the two zones show something else at the beginning or at the end.
 * @param {Times} times
 * @param {string} viewer a zone
 */
export function isElsewhere({ begin, end, timeZone }, viewer) {
  return [begin, end].some((date) => offsetOf(date, timeZone) !== offsetOf(date, viewer));
}

/**
 * "Europe/Copenhagen (GMT+1)".
 * @param {string} zone
 * @param {Date} date at which its offset is said
 */
export function zoneText(zone, date) {
  const offset = offsetOf(date, zone);
  const place = zone.replaceAll("_", " ");
  return offset === place || place === "UTC" ? place : `${place} (${offset})`;
}

/**
 * From when to when, in one line.
 * @param {{begin: Date, end: Date}} times
 * @param {{zone?: string, locale?: string, dateStyle?: "medium" | "full"}} options zone: this device's by default
 */
export function rangeText({ begin, end }, { zone, locale, dateStyle = "medium" } = {}) {
  return format(locale, { dateStyle, timeStyle: "short", timeZone: zone }).formatRange(begin, end);
}

/**
 * "GMT+1".
 * @param {Date} date
 * @param {string} zone
 */
function offsetOf(date, zone) {
  const parts = format("en", { timeZone: zone, timeZoneName: "shortOffset" }).formatToParts(date);
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
}

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/**
 * The same object for the same options: to make one takes much longer than to use it. RangeError: there is no such zone.
 * @param {string | undefined} locale
 * @param {Intl.DateTimeFormatOptions} options
 */
function format(locale, options) {
  const key = JSON.stringify([locale, options]);
  const found = formats.get(key) ?? new Intl.DateTimeFormat(locale, options);
  formats.set(key, found);
  return found;
}

/**
 * Whether a meeting is over: by its times, or else by when it closed. `meeting.times`: Times or null.
 * @param {Record<string, any>} meeting
 * @param {number} now
 */
export function isPast(meeting, now) {
  const over = meeting.times?.end ?? asDate(meeting.expirationTime);
  return over !== null && over !== undefined && over.getTime() < now;
}

/**
 * Meetings as a list shows them: those to come in the order of their beginning, those without times, those that are over,
 * the last first. What is equal keeps its order.
 * @template {Record<string, any>} T
 * @param {T[]} meetings each with `times`
 * @param {number} now in ms
 */
export function inOrder(meetings, now) {
  const groups = /** @type {[T[], T[], T[]]} */ ([[], [], []]);
  for (const each of meetings) groups[isPast(each, now) ? 2 : each.times ? 0 : 1].push(each);
  const [coming, open, past] = groups;
  const ended = (/** @type {T} */ each) => (each.times?.end ?? asDate(each.expirationTime)).getTime();
  coming.sort((one, other) => one.times.begin - other.times.begin);
  past.sort((one, other) => ended(other) - ended(one));
  return [...coming, ...open, ...past];
}
