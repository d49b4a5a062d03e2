// How a meeting is called, and until when it is open, in words. Pure.

import { withoutScheme } from "./sip.js";
import { t } from "./texts.js";
import { asDate, dateText } from "./values.js";

export function isAssigned(meeting) {
  return meeting.rel === "myAssignedOnlineMeeting";
}

export function nameOf(meeting) {
  return meeting.subject || (isAssigned(meeting) ? t`Your permanent meeting` : t`Meeting without a subject`);
}

// Whether the time is over until which a meeting is open.
export function isExpired(meeting, now = Date.now()) {
  const date = asDate(meeting.expirationTime);
  return date !== null && date.getTime() < now;
}

// {words, date}: Until when it is open, since when it is closed; a meeting that is always open has no date.
export function openUntil(meeting) {
  const date = asDate(meeting.expirationTime);
  if (date === null || dateText(date) === "") return { words: t`Always`, date: null };
  return { words: isExpired(meeting) ? t`Since` : t`Until`, date };
}

export function peopleText(uris) {
  return uris?.length ? uris.map(withoutScheme).join(", ") : t`No one`;
}
