// How a visit to a meeting can end, in words.

import { t } from "./texts.js";

// Heading, text, and the button's label; null: there is nothing left to try.
const ENDS = {
  Left: [t`You left the meeting`, t`You can close this page.`, t`Join again`],
  Ended: [t`The meeting has ended`, t`The organizer has closed it, and its shared data has been deleted.`, null],
  Ejected: [t`You were removed from the meeting`, t`A leader removed you from the meeting.`, t`Ask to join again`],
  Denied: [t`You were not let in`, t`A leader did not admit you.`, t`Ask again`],
  Timeout: [t`Nobody let you in`, t`You waited in the lobby for a long time. A leader may come later.`, t`Ask again`],
  TooManyParticipants: [t`The meeting is full`, t`Try again when someone has left.`, t`Try again`],
  NotFound: [
    t`This meeting does not exist`,
    t`It may have ended, or the link is incomplete. Ask the organizer for a new one.`,
    t`Try again`,
  ],
  NoAddress: [
    t`This is not a link to a meeting`,
    t`Check that the whole link was copied, or ask the organizer for it.`,
    null,
  ],
  Away: [t`The server can't be reached`, t`Check your connection. If it works, the server may be down.`, t`Try again`],
  Lost: [
    t`You are no longer in the meeting`,
    t`This page lost contact with the server, for example because the device was asleep.`,
    t`Join again`,
  ],
  SignedOut: [t`Your session has expired`, t`Sign in again to continue.`, t`Sign in again`],
};

// The same for a `reason`: {subcode, message?}, from the server or one of ENDS.
export function endingOf({ subcode, message }) {
  return ENDS[subcode] ?? [t`Joining did not work`, message, t`Try again`];
}
