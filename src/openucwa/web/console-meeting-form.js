// The form of a meeting: what the organizer decides about it. What may be chosen the server says
// (onlineMeetingEligibleValues), and what is chosen at first too (onlineMeetingDefaultValues).

import { saveMerged } from "./concurrency.js";
import { chooseVersions, confirmed } from "./console-dialogs.js";
import { $, busy, complain, make, notify } from "./elements.js";
import { MAX_SUBJECT } from "./meetings.js";
import { addressesIn, isAddress, toSipUri, withoutScheme } from "./sip.js";
import { t } from "./texts.js";
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

export class MeetingForm {
  #meetings;
  #meeting = null; // null: a new one
  #typed = ""; // what the form held at first
  #shownTime = "";
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
  }

  get editing() {
    return !$("editing").hidden && this.#state() !== this.#typed;
  }

  get isOpen() {
    return !$("editing").hidden;
  }

  // Shows the form. `meeting`: the one to change; null: a new one.
  async open(meeting) {
    const { eligible, defaults } = await this.#meetings.choices();
    this.#meeting = meeting;
    $("form-title").textContent = meeting ? t`Edit meeting` : t`New meeting`;
    $("save").textContent = meeting ? t`Save` : t`Schedule`;
    notify($("form-error"), null);
    const form = $("meeting-form").elements;
    for (const control of this.#controls) complain(control, null);
    for (const [name, plural] of Object.entries(ELIGIBLE)) {
      const chosen = meeting?.[name] ?? defaults[name];
      // What the meeting has stays possible, though the server would not offer it today.
      const values = [...new Set([...(eligible[plural] ?? []), ...(chosen ? [chosen] : [])])];
      form[name].replaceChildren(...values.map((value) => make("option", { value }, WORDS[name][value] ?? value)));
      form[name].value = chosen;
    }
    form.subject.value = meeting?.subject ?? "";
    form.description.value = meeting?.description ?? "";
    for (const name of ["attendees", "leaders"])
      form[name].value = (meeting?.[name] ?? []).map(withoutScheme).join("\n");
    const expires = asDate(meeting?.expirationTime);
    this.#shownTime = expires ? localText(expires).slice(0, 16) : "";
    form.expirationTime.value = this.#shownTime;
    this.#drawPast();
    this.#typed = this.#state();
    $("editing").hidden = false;
    if (meeting) $("form-title").focus();
    else form.subject.focus();
  }

  close() {
    $("editing").hidden = true;
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
      fieldsOf: meetingFields,
      withFields,
      choose: (conflicts) => chooseVersions(words, conflicts, meetingLabel, meetingShown),
    });
  }

  #refused(error) {
    const form = $("meeting-form").elements;
    for (const { name } of error.parameters ?? []) if (REFUSED[name]) complain(form[name], REFUSED[name]);
    if (this.#focusWrong()) {
      notify($("form-error"), inWords(error));
      $("form-title").scrollIntoView({ block: "nearest" });
    }
  }
}

// What of a meeting can be edited.
export function meetingFields(meeting) {
  const names = Object.keys(LABELS).filter((name) => meeting[name] !== undefined && meeting[name] !== null);
  return new Map(names.map((name) => [name, meeting[name]]));
}

export function meetingLabel(name) {
  return LABELS[name];
}

function withFields(meeting, fields) {
  return { ...meeting, ...Object.fromEntries(Object.keys(LABELS).map((name) => [name, fields.get(name)])) };
}

export function meetingShown(name, value) {
  if (Array.isArray(value)) return value.map(withoutScheme).join(", ") || t`no one`;
  const date = asDate(value);
  return WORDS[name]?.[value] ?? (date ? dateText(date) : String(value) || t`empty`);
}
