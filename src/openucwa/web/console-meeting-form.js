// The form of a meeting: what the organizer decides about it. What may be chosen the server says
// (onlineMeetingEligibleValues), and what is chosen at first too (onlineMeetingDefaultValues).

import { saveMerged } from "./concurrency.js";
import { chooseVersions, confirmed } from "./console-dialogs.js";
import { $, busy, complain, make, notify } from "./elements.js";
import { nameOf } from "./meeting-words.js";
import { MAX_SUBJECT } from "./meetings.js";
import { lengthOf, ownZone, proposed, rangeText } from "./schedule.js";
import { ScheduleFields } from "./schedule-fields.js";
import { addressesIn, isAddress, toSipUri, withoutScheme } from "./sip.js";
import { language, t } from "./texts.js";
import { asDate, dateText, localText, toWire } from "./values.js";
import { inWords } from "./words.js";

const ELIGIBLE = {
  accessLevel: "accessLevels",
  automaticLeaderAssignment: "automaticLeaderAssignments",
  entryExitAnnouncement: "entryExitAnnouncements",
  lobbyBypassForPhoneUsers: "lobbyBypassForPhoneUsersSettings",
};
export const WORDS = {
  accessLevel: {
    Everyone: t`Everyone with the link`,
    SameEnterprise: t`People in your organization`,
    Invited: t`The people listed below`,
    Locked: t`Only you and the leaders`,
    None: t`Not set: only you and the leaders`,
  },
  automaticLeaderAssignment: {
    Disabled: t`No one`,
    SameEnterprise: t`People in your organization`,
    Everyone: t`Everyone`,
  },
  entryExitAnnouncement: { Disabled: t`No`, Enabled: t`Yes`, Unsupported: t`Not supported` },
  lobbyBypassForPhoneUsers: { Disabled: t`No`, Enabled: t`Yes` },
};
const LABELS = {
  subject: t`Subject`,
  times: t`When`,
  description: t`Description`,
  accessLevel: t`Who can skip the lobby`,
  expirationTime: t`Open until`,
  attendees: t`Attendees`,
  leaders: t`Leaders`,
  automaticLeaderAssignment: t`Who else becomes a leader`,
  entryExitAnnouncement: t`Announce who comes and goes`,
  lobbyBypassForPhoneUsers: t`Callers skip the lobby`,
};
const NOT_OFFERED = t`This server does not offer that choice. Choose another one.`;
// What is wrong where the server refuses a field.
const REFUSED = {
  subject: t`The subject can have at most ${MAX_SUBJECT} characters.`,
  description: t`The description is too long, or has a character that can't be stored.`,
  accessLevel: NOT_OFFERED,
  expirationTime: t`Choose a time between one year ago and ten years from now.`,
  attendees: t`One of these is not an address such as name@domain.`,
  leaders: t`Leaders must be people in your organization, with addresses such as name@domain.`,
  automaticLeaderAssignment: NOT_OFFERED,
  entryExitAnnouncement: NOT_OFFERED,
  lobbyBypassForPhoneUsers: NOT_OFFERED,
};
const IN_PAST = t`This time is in the past.`;
const HOUR = 3_600_000;
export const GRACE = Number($("meeting-form").dataset.grace) * 1000; // for which a meeting stays open after its end, in ms

export class MeetingForm {
  #meetings;
  #meeting = null; // null: a new one
  #typed = ""; // what the form held at first
  #shownTime = "";
  #last = null;
  #opening = null; // what stands for the form that was asked for last; null: it was closed since
  #times = new ScheduleFields((end) => this.#ended(end));
  #done;

  // done(meeting): it is saved, or, with null, given up.
  constructor(meetings, done) {
    this.#meetings = meetings;
    this.#done = done;
    $("meeting-form").onsubmit = (event) => {
      event.preventDefault();
      busy($("save"), () => this.#save());
    };
    $("cancel").onclick = () => {
      this.close();
      done(null);
    };
    $("f-expirationTime").oninput = () => this.#drawPast();
    $("same-people").onclick = () => this.#invite(this.#last);
  }

  get editing() {
    return !$("editing").hidden && this.#state() !== this.#typed;
  }

  get isOpen() {
    return !$("editing").hidden;
  }

  // Shows the form, unless it is closed or opened for something else meanwhile; whether it is shown. `meeting`: the one to
  // change; null: a new one, for which much is offered as in `last`, if there is one.
  async open(meeting, last = null) {
    const opening = {};
    this.#opening = opening;
    const { eligible, defaults } = await this.#meetings.choices();
    if (this.#opening !== opening) return false;
    this.#meeting = meeting;
    this.#last = last;
    $("form-title").textContent = meeting ? t`Edit meeting` : t`New meeting`;
    $("save").textContent = meeting ? t`Save` : t`Schedule`;
    notify($("form-error"), null);
    const form = $("meeting-form").elements;
    for (const control of this.#controls) complain(control, null);
    for (const [name, plural] of Object.entries(ELIGIBLE)) {
      const repeated = eligible[plural]?.includes(last?.[name]) ? last[name] : defaults[name];
      const chosen = meeting?.[name] ?? repeated;
      // What the meeting has stays possible, though the server would not offer it today.
      const values = [...new Set([...(eligible[plural] ?? []), ...(chosen ? [chosen] : [])])];
      form[name].replaceChildren(...values.map((value) => make("option", { value }, WORDS[name][value] ?? value)));
      form[name].value = chosen;
    }
    form.subject.value = meeting?.subject ?? "";
    form.description.value = meeting?.description ?? "";
    this.#invite(meeting);
    const expires = asDate(meeting?.expirationTime);
    this.#shownTime = expires ? localText(expires).slice(0, 16) : "";
    form.expirationTime.value = this.#shownTime;
    this.#openTimes(meeting, last);
    this.#drawPast();
    notify($("repeated"), last ? t`Length and settings are those of your last meeting, “${nameOf(last)}”.` : null);
    $("same-people").hidden = !last?.attendees?.length && !last?.leaders?.length;
    $("same-people").textContent = last ? t`Same people as in “${nameOf(last)}”` : "";
    this.#typed = this.#state();
    $("editing").hidden = false;
    if (meeting) $("form-title").focus();
    else form.subject.focus();
    return true;
  }

  close() {
    this.#opening = null;
    $("editing").hidden = true;
  }

  #openTimes(meeting, last) {
    if (meeting) {
      this.#times.open(meeting.times);
      $("h-expirationTime").textContent = openWords(meeting.times);
      return;
    }
    const { begin, end } = proposed(Date.now(), lengthOf(last?.times ?? null));
    this.#times.open({ begin, end, timeZone: ownZone() });
    this.#ended(end);
  }

  // Until when it is open follows from its end. `end`: null: it has no fixed time.
  #ended(end) {
    $("f-expirationTime").value = end ? localText(new Date(end.getTime() + GRACE)).slice(0, 16) : "";
    complain($("f-expirationTime"), null);
    $("h-expirationTime").textContent = openWords(end);
    this.#drawPast();
  }

  #invite(meeting) {
    const form = $("meeting-form").elements;
    for (const name of ["attendees", "leaders"])
      form[name].value = (meeting?.[name] ?? []).map(withoutScheme).join("\n");
  }

  get #controls() {
    return [...$("meeting-form").querySelectorAll("[name]")];
  }

  #state() {
    return JSON.stringify(this.#controls.map((control) => control.value));
  }

  #drawPast() {
    notify(
      $("past"),
      this.#isPast() ? `${IN_PAST} ${t`The meeting closes at once, and is later deleted with its data.`}` : null,
    );
  }

  #isPast() {
    const time = $("f-expirationTime").value;
    return time !== "" && new Date(time).getTime() < Date.now();
  }

  #read() {
    const form = $("meeting-form").elements;
    const properties = { subject: form.subject.value.trim(), description: form.description.value };
    for (const name of Object.keys(ELIGIBLE)) properties[name] = form[name].value;
    for (const name of ["attendees", "leaders"]) properties[name] = addressesIn(form[name].value).map(toSipUri);
    const time = form.expirationTime.value;
    // The field shows no seconds; a time that nobody touched keeps them.
    if (time === this.#shownTime) properties.expirationTime = this.#meeting?.expirationTime;
    else properties.expirationTime = time ? toWire(new Date(time)) : undefined;
    properties.times = this.#times.times;
    // By the server's default it might close before it ends.
    if (properties.times && time === "")
      properties.expirationTime = toWire(new Date(properties.times.end.getTime() + GRACE));
    return properties;
  }

  // Says what is wrong without asking the server; whether nothing is.
  #check() {
    const form = $("meeting-form").elements;
    const { length } = form.subject.value.trim();
    if (length > MAX_SUBJECT) complain(form.subject, `${REFUSED.subject} ${t`This one has ${length}.`}`);
    for (const name of ["attendees", "leaders"]) {
      const wrong = addressesIn(form[name].value).find((each) => !isAddress(each));
      if (wrong !== undefined)
        complain(form[name], t`“${wrong}” is not an address. Write addresses such as name@domain.`);
    }
    this.#times.check();
    const { end } = this.#times.times ?? {};
    const closes = new Date(form.expirationTime.value);
    if (end && closes < new Date(end).setSeconds(0, 0))
      complain(form.expirationTime, t`The meeting would close before it ends.`);
    return this.#focusWrong();
  }

  #focusWrong() {
    const wrong = $("meeting-form").querySelector("[aria-invalid]");
    wrong?.closest("details")?.setAttribute("open", "");
    wrong?.focus();
    return wrong === null;
  }

  async #save() {
    notify($("form-error"), null);
    for (const control of this.#controls) complain(control, null);
    if (!this.#check()) return;
    const words = `${IN_PAST} ${t`The meeting closes at once, and is later deleted with its data.`}`;
    if (this.#isPast() && !(await confirmed(t`Close this meeting?`, words, t`Save anyway`, t`Keep editing`))) return;
    try {
      const saved = await this.#put(this.#read());
      if (saved === null) return;
      this.close();
      this.#done(saved);
    } catch (error) {
      this.#refused(error);
    }
  }

  #put(properties) {
    const meeting = this.#meeting;
    if (meeting === null) return this.#meetings.create(properties);
    const words = t`Someone else changed this meeting while you were editing it. Choose a version; all other changes are merged.`;
    return saveMerged(meeting, withFields(meeting, new Map(Object.entries(properties))), {
      put: (version) => this.#meetings.replace(version),
      read: async () => (await this.#meetings.read(meeting.onlineMeetingId)).meeting,
      fieldsOf,
      withFields,
      choose: (conflicts) => chooseVersions(words, conflicts, meetingLabel, meetingShown),
    });
  }

  #refused(error) {
    const form = $("meeting-form").elements;
    for (const { name, reason } of error.parameters ?? []) {
      // Of a change set the reason says which properties it is about.
      const names = name === "/meeting/patch" ? Object.keys(REFUSED).filter((each) => reason.includes(each)) : [name];
      for (const each of names) if (REFUSED[each]) complain(form[each], REFUSED[each]);
    }
    if (this.#focusWrong()) {
      notify($("form-error"), inWords(error));
      $("form-title").scrollIntoView({ block: "nearest" });
    }
  }
}

// What of a meeting can be edited. Its times are an extension, which has a history of its own.
export function meetingFields(meeting) {
  const fields = fieldsOf(meeting);
  fields.delete("times");
  return fields;
}

function fieldsOf(meeting) {
  const names = Object.keys(LABELS).filter((name) => meeting[name] !== undefined && meeting[name] !== null);
  return new Map(names.map((name) => [name, meeting[name]]));
}

// What is said of the field "Open until".
function openWords(ends) {
  const unit = { style: "unit", unit: "hour", unitDisplay: "long", maximumFractionDigits: 1 };
  const later = new Intl.NumberFormat(language, unit).format(GRACE / HOUR);
  return ends ? t`${later} after the end, unless you choose another time.` : t`Leave empty for the server’s default.`;
}

export function meetingLabel(name) {
  return LABELS[name];
}

function withFields(meeting, fields) {
  return { ...meeting, ...Object.fromEntries(Object.keys(LABELS).map((name) => [name, fields.get(name)])) };
}

export function meetingShown(name, value) {
  if (name === "times") return rangeText(value);
  if (Array.isArray(value)) return value.map(withoutScheme).join(", ") || t`no one`;
  const date = asDate(value);
  return WORDS[name]?.[value] ?? (date ? dateText(date) : String(value) || t`empty`);
}
