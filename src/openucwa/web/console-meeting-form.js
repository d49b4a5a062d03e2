// The form of a meeting: what the organizer decides about it. What may be chosen the server says
// (onlineMeetingEligibleValues), and what is chosen at first too (onlineMeetingDefaultValues).

import { putBack } from "./console-dialogs.js";
import { inWords } from "./console-session.js";
import { localText } from "./console-values.js";
import { $, busy, complain, make, tell } from "./elements.js";
import { embeddedIn, linkOf } from "./ucwa.js";
import { asDate, toWire } from "./values.js";

const ELIGIBLE = {
  accessLevel: "accessLevels",
  automaticLeaderAssignment: "automaticLeaderAssignments",
  entryExitAnnouncement: "entryExitAnnouncements",
  lobbyBypassForPhoneUsers: "lobbyBypassForPhoneUsersSettings",
};
export const WORDS = {
  accessLevel: {
    Everyone: "Everybody who has the link",
    SameEnterprise: "People of your organization",
    Invited: "Those who are listed here",
    Locked: "Only you and the leaders",
    None: "Not decided: only you and the leaders",
  },
  automaticLeaderAssignment: {
    Disabled: "Nobody",
    SameEnterprise: "People of your organization",
    Everyone: "Everybody",
  },
  entryExitAnnouncement: { Disabled: "No", Enabled: "Yes", Unsupported: "Not supported" },
  lobbyBypassForPhoneUsers: { Disabled: "No", Enabled: "Yes" },
};
const LABELS = {
  subject: "Subject",
  description: "Description",
  accessLevel: "Who comes in",
  expirationTime: "Open until",
  attendees: "Attendees",
  leaders: "Leaders",
  automaticLeaderAssignment: "Who becomes a leader",
  entryExitAnnouncement: "Announcements",
  lobbyBypassForPhoneUsers: "Callers come in",
};

export class MeetingForm {
  #session;
  #meeting = null; // null: a new one
  #typed = ""; // what the form held at first
  #shownTime = "";
  #told = null; // {eligible, defaults}
  #done;

  // done(resource): it is saved, or, with null, given up.
  constructor(session, done) {
    this.#session = session;
    this.#done = done;
    $("meeting-form").onsubmit = (event) => {
      event.preventDefault();
      busy($("save"), () => this.#save());
    };
    $("cancel").onclick = () => {
      this.close();
      done(null);
    };
  }

  get editing() {
    return !$("editing").hidden && this.#state() !== this.#typed;
  }

  // Shows the form. `meeting`: the one to change; null: a new one.
  async open(meeting) {
    this.#told ??= await this.#ask();
    const { eligible, defaults } = this.#told;
    this.#meeting = meeting;
    $("form-title").textContent = meeting ? "Edit meeting" : "New meeting";
    $("save").textContent = meeting ? "Save" : "Schedule";
    tell($("form-error"), null);
    const form = $("meeting-form").elements;
    for (const field of $("meeting-form").querySelectorAll("[name]")) complain(field, null);
    for (const [name, plural] of Object.entries(ELIGIBLE)) {
      const chosen = meeting?.[name] ?? defaults[name];
      // What the meeting has stays possible, though the server would not offer it today.
      const values = [...new Set([...(eligible[plural] ?? []), ...(chosen ? [chosen] : [])])];
      form[name].replaceChildren(...values.map((value) => make("option", { value }, WORDS[name][value] ?? value)));
      form[name].value = chosen;
    }
    form.subject.value = meeting?.subject ?? "";
    form.description.value = meeting?.description ?? "";
    for (const name of ["attendees", "leaders"]) {
      form[name].value = (meeting?.[name] ?? []).map((uri) => uri.replace(/^sip:/i, "")).join("\n");
    }
    const expires = asDate(meeting?.expirationTime);
    this.#shownTime = expires ? localText(expires).slice(0, 16) : "";
    form.expirationTime.value = this.#shownTime;
    this.#typed = this.#state();
    $("editing").hidden = false;
    if (meeting) $("form-title").focus();
    else form.subject.focus();
  }

  close() {
    $("editing").hidden = true;
  }

  async #ask() {
    const [dashboard] = embeddedIn(this.#session.application, "onlineMeetings");
    const rels = ["onlineMeetingEligibleValues", "onlineMeetingDefaultValues"];
    const [eligible, defaults] = await Promise.all(rels.map((rel) => this.#session.get(linkOf(dashboard, rel))));
    return { eligible: eligible.resource, defaults: defaults.resource };
  }

  #state() {
    return JSON.stringify([...$("meeting-form").querySelectorAll("[name]")].map((field) => field.value));
  }

  #read() {
    const form = $("meeting-form").elements;
    const meeting = this.#meeting;
    const properties = { subject: form.subject.value.trim() };
    properties.description = form.description.value;
    for (const name of Object.keys(ELIGIBLE)) properties[name] = form[name].value;
    for (const name of ["attendees", "leaders"]) {
      const lines = form[name].value.split(/[\n,;]/).map((line) => line.trim());
      properties[name] = lines.filter(Boolean).map((line) => (/^sip:/i.test(line) ? line : `sip:${line}`));
    }
    const time = form.expirationTime.value;
    // The field shows no seconds; a time that nobody touched keeps them.
    if (time === this.#shownTime) properties.expirationTime = meeting?.expirationTime;
    else if (time) properties.expirationTime = toWire(new Date(time));
    return properties;
  }

  async #save() {
    tell($("form-error"), null);
    for (const field of $("meeting-form").querySelectorAll("[name]")) complain(field, null);
    const meeting = this.#meeting;
    const properties = this.#read();
    try {
      let answer;
      if (meeting === null) {
        const [dashboard] = embeddedIn(this.#session.application, "onlineMeetings");
        answer = await this.#session.post(linkOf(dashboard, "myOnlineMeetings"), properties);
      } else {
        const mine = { ...meeting, expirationTime: undefined, ...properties };
        answer = await putBack(this.#session, mine, "The meeting has changed since you began to edit it.", sides);
      }
      if (answer === null) return;
      this.close();
      this.#done(answer.resource);
    } catch (error) {
      this.#refused(error);
    }
  }

  #refused(error) {
    const form = $("meeting-form").elements;
    const wrong = Object.entries(error.parameters ?? {}).filter(([name]) => form[name]);
    for (const [name, why] of wrong) {
      form[name].closest("details")?.setAttribute("open", "");
      complain(form[name], `${LABELS[name]} ${why}.`);
    }
    const first = $("meeting-form").querySelector("[aria-invalid]");
    if (first) first.focus();
    else {
      tell($("form-error"), inWords(error));
      $("form-title").scrollIntoView({ block: "nearest" });
    }
  }
}

// What people see of a version.
function sides(meeting) {
  return Object.entries(LABELS).map(([name, label]) => [label, WORDS[name]?.[meeting[name]] ?? meeting[name] ?? ""]);
}
