// When a meeting is, as elements: from when to when, or until when it is open.

import { make } from "./elements.js";
import { openUntil } from "./meeting-words.js";
import { isElsewhere, ownZone, rangeText, zoneText } from "./schedule.js";
import { t } from "./texts.js";
import { dateText } from "./values.js";

// Until when a meeting is open, as elements and texts.
export function untilElements(meeting) {
  const { words, date } = openUntil(meeting);
  return date ? [`${words} `, make("time", { datetime: date.toISOString() }, dateText(date))] : [words];
}

// In a list. `meeting`: with `times`.
export function whenElements(meeting) {
  return meeting.times ? [timeElement(meeting.times)] : untilElements(meeting);
}

// With the time zone, and the organizer's where its clocks show something else.
export function timesElements(times) {
  const own = ownZone();
  const lines = [make("span", {}, timeElement(times), " ", zone(own, times))];
  if (isElsewhere(times, own)) {
    const there = rangeText(times, { zone: times.timeZone });
    lines.push(make("span", {}, `${t`For the organizer:`} ${there} `, zone(times.timeZone, times)));
  }
  return [make("span", { class: "when" }, ...lines)];
}

function timeElement(times) {
  return make("time", { datetime: times.begin.toISOString() }, rangeText(times));
}

function zone(name, { begin }) {
  return make("span", { class: "muted small" }, zoneText(name, begin));
}
