// The dialog that makes an invitation for calendar programs: when the meeting begins, and how long it lasts.

import { busy, button, complain, field, make, notify, uniqueId } from "./elements.js";
import { t } from "./texts.js";
import { asDate, dateText, localText } from "./values.js";
import { inWords } from "./words.js";

const HOUR = 3_600_000;
const MINUTE = 60_000;

// Minutes that a meeting can last, in words.
const LENGTHS = [
  [15, t`15 minutes`],
  [30, t`30 minutes`],
  [45, t`45 minutes`],
  [60, t`1 hour`],
  [90, t`1½ hours`],
  [120, t`2 hours`],
  [240, t`4 hours`],
  [480, t`8 hours`],
];
const USUAL = 60; // minutes

export class InvitationDialog {
  #meetings;
  #say;
  #meeting = null;
  #start = make("input", { name: "start", type: "datetime-local", required: true });
  #length = make(
    "select",
    { name: "end" },
    ...LENGTHS.map(([value, words]) => make("option", { value, selected: value === USUAL }, words)),
  );
  #error = make("p", { class: "notice bad", role: "alert", hidden: true });
  #late = make("p", { class: "notice warn small", role: "alert", hidden: true });
  #dialog;

  constructor(meetings, say) {
    this.#meetings = meetings;
    this.#say = say;
    const title = uniqueId("invitation");
    const form = make(
      "form",
      { class: "stack", novalidate: true },
      make(
        "div",
        {},
        make("h2", { id: title }, t`Invitation for calendars`),
        make(
          "p",
          { class: "muted small" },
          t`A calendar file with the link to join. Send it to the people you invite, or add it to your own calendar.`,
        ),
      ),
      this.#error,
      field(t`Starts`, this.#start),
      field(t`Duration`, this.#length),
      this.#late,
      make(
        "div",
        { class: "row" },
        make("button", { class: "primary", type: "submit" }, t`Download`),
        button(t`Close`, "", () => this.close()),
      ),
    );
    form.onsubmit = (event) => {
      event.preventDefault();
      busy(event.submitter, () => this.#download());
    };
    for (const control of [this.#start, this.#length]) control.oninput = () => this.#drawLate();
    this.#dialog = make("dialog", { id: "invitation", "aria-labelledby": title }, form);
    document.getElementById("invitation")?.remove(); // of who was signed in before
    document.body.append(this.#dialog);
  }

  open(meeting) {
    this.#meeting = meeting;
    const next = new Date((Math.floor(Date.now() / HOUR) + 1) * HOUR);
    this.#start.value ||= localText(next).slice(0, 16);
    complain(this.#start, null);
    notify(this.#error, null);
    this.#drawLate();
    this.#dialog.showModal();
  }

  close() {
    this.#dialog.close();
  }

  // {start, end}: Dates; null: no time is chosen.
  #times() {
    const start = new Date(this.#start.value);
    if (Number.isNaN(start.getTime())) return null;
    return { start, end: new Date(start.getTime() + Number(this.#length.value) * MINUTE) };
  }

  // A meeting that closes before it is to end is no use to those who are invited.
  #drawLate() {
    const closes = asDate(this.#meeting.expirationTime);
    const times = this.#times();
    const late = closes && times && times.end > closes;
    notify(this.#late, late ? lateWords(dateText(closes), times.start > closes) : null);
  }

  async #download() {
    const times = this.#times();
    complain(this.#start, null);
    notify(this.#error, null);
    if (times === null) {
      complain(this.#start, t`Enter a date and a time.`);
      return;
    }
    try {
      const text = await this.#meetings.invitation(this.#meeting.onlineMeetingId, times.start, times.end);
      save(`${fileName(this.#meeting)}.ics`, new Blob([text], { type: "text/calendar" }));
      this.close();
      this.#say(t`The invitation is downloaded.`);
    } catch (error) {
      notify(this.#error, inWords(error));
    }
  }
}

function lateWords(closes, beforeStart) {
  return beforeStart
    ? t`The meeting closes on ${closes}, before this starts. Edit “Open until” first.`
    : t`The meeting closes on ${closes}, before this ends. Edit “Open until” first.`;
}

function fileName({ subject, onlineMeetingId }) {
  const name = (subject ?? "").replace(/[^\p{L}\p{N} _-]+/gu, "").trim();
  return name.slice(0, 60) || `meeting ${onlineMeetingId}`;
}

function save(name, blob) {
  const href = URL.createObjectURL(blob);
  make("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), MINUTE);
}
