// What a person's availability is called, and which dot stands for it. Pure.

import { t } from "./texts.js";

const WORDS = {
  Online: t`Available`,
  IdleOnline: t`Available, idle`,
  Busy: t`Busy`,
  IdleBusy: t`Busy, idle`,
  DoNotDisturb: t`Do not disturb`,
  BeRightBack: t`Be right back`,
  Away: t`Away`,
  Offline: t`Offline`,
};
const KINDS = {
  Online: "free",
  IdleOnline: "free",
  Busy: "busy",
  IdleBusy: "busy",
  DoNotDisturb: "dnd",
  BeRightBack: "away",
  Away: "away",
};

// What users can set for themselves: [UCWA's PreferredAvailability, words].
export const CHOICES = [
  ["Online", t`Available`],
  ["Busy", t`Busy`],
  ["DoNotDisturb", t`Do not disturb`],
  ["BeRightBack", t`Be right back`],
  ["Away", t`Away`],
  ["Offwork", t`Off work`],
];

// A presence in words; undefined: it is not known.
export function presenceWords(presence) {
  if (presence?.availability === undefined) return "";
  if (presence.activity === "off-work") return t`Off work`;
  return WORDS[presence.availability] ?? presence.availability;
}

// The class of its dot: free, busy, dnd, away or offline; "": it is not known.
export function presenceKind(presence) {
  return presence?.availability === undefined ? "" : (KINDS[presence.availability] ?? "offline");
}

// Which of CHOICES is shown now.
export function choiceOf(presence) {
  if (presence?.activity === "off-work") return "Offwork";
  return presence?.availability?.replace("Idle", "");
}
