// What went wrong, in words for people. Pure.

import { t } from "./texts.js";
import { Elsewhere, ServerAway } from "./ucwa.js";

const CONFLICTS = {
  AlreadyExists: t`This meeting already has an extension with this id.`,
  TooManyGroups: t`This meeting has reached its limit of extensions. Delete one that is no longer needed.`,
  TooManyOnlineMeetings: t`You have reached the limit of meetings. Delete one that is no longer needed.`,
};

// Why something did not work.
export function inWords(error) {
  if (error instanceof ServerAway) return t`The server can't be reached. Nothing you typed is lost; try again shortly.`;
  if (error instanceof Elsewhere) return t`Your account is at ${error.address}. Sign in there.`;
  const { status, code, subcode, message } = error;
  if (status === 401) return t`You are no longer signed in.`;
  if (status === 403) return t`You are not allowed to do that.`;
  if (status === 404) return t`It no longer exists: it was deleted or has expired.`;
  if (status === 409) return CONFLICTS[subcode] ?? t`That is not possible: ${message}`;
  if (status === 410) return t`Your meetings are on another server, which can't be reached from here.`;
  if (status === 413) return t`That is larger than this server accepts.`;
  if (status === 429) return t`Too many attempts. Try again in ${error.retryAfter ?? 30} seconds.`;
  if (status >= 500) return t`The server has a problem at the moment. Try again shortly.`;
  if (code === "invalid_grant") return t`The user name or the password is wrong.`;
  return message;
}

// Whether a token was refused because of what was typed.
export function isWrongPassword(error) {
  return error.code === "invalid_grant" && error.status === 400;
}
