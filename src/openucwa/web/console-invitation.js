// The dialog that makes an invitation for calendar programs: when the meeting begins, and how long it lasts.

import { busy, button, complain, field, make, notify, uniqueId } from "./elements.js";
import { nameOf } from "./meeting-words.js";
import { ownZone, rangeText, zoneText } from "./schedule.js";
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
  #chosen; // the fields of a meeting without times
  #text = make("textarea", { rows: 8, readonly: true });
  #copy = button(t`Copy text`, "", (it) => busy(it, () => this.#copyText()));
  #error = make("p", { class: "notice bad", role: "alert", hidden: true });
  #late = make("p", { class: "notice warn small", role: "alert", hidden: true });
  #dialog;

  constructor(meetings, say) {
    this.#meetings = meetings;
    this.#say = say;
    const title = uniqueId("invitation");
    this.#chosen = make("div", { class: "stack" }, field(t`Starts`, this.#start), field(t`Duration`, this.#length));
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
          t`A calendar file with the link to join, and the same as text. Send it to the people you invite, or add it to your own calendar.`,
        ),
      ),
      this.#error,
      this.#chosen,
      this.#late,
      field(t`Invitation as text`, this.#text),
      make(
        "div",
        { class: "row" },
        make("button", { class: "primary", type: "submit" }, t`Download`),
        this.#copy,
        button(t`Close`, "", () => this.close()),
      ),
    );
    form.onsubmit = (event) => {
      event.preventDefault();
      busy(event.submitter, () => this.#download());
    };
    for (const control of [this.#start, this.#length]) control.oninput = () => this.#draw();
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
    this.#copy.textContent = t`Copy text`;
    this.#chosen.hidden = meeting.times !== null;
    this.#draw();
    this.#dialog.showModal();
  }

  close() {
    this.#dialog.close();
  }

  // {start, end}: Dates; null: no time is chosen.
  #times() {
    const { times } = this.#meeting;
    if (times) return { start: times.begin, end: times.end };
    const start = new Date(this.#start.value);
    if (Number.isNaN(start.getTime())) return null;
    return { start, end: new Date(start.getTime() + Number(this.#length.value) * MINUTE) };
  }

  #draw() {
    this.#drawLate();
    this.#text.value = invitationText(this.#meeting, this.#times());
  }

  async #copyText() {
    try {
      await navigator.clipboard.writeText(this.#text.value);
      this.#copy.textContent = t`Copied`;
      this.#say(t`The text is copied.`);
    } catch {
      // Without https a browser may not let a page do it.
      this.#text.focus();
      this.#text.select();
      this.#copy.textContent = t`Press Ctrl+C`;
    }
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
      const { onlineMeetingId: id, times: fixed } = this.#meeting;
      const chosen = fixed ? [] : [times.start, times.end];
      const text = await this.#meetings.invitation(id, ...chosen);
      save(`${fileName(this.#meeting)}.ics`, new Blob([text], { type: "text/calendar" }));
      this.close();
      this.#say(t`The invitation is downloaded.`);
    } catch (error) {
      notify(this.#error, inWords(error));
    }
  }
}

// What is sent where there are no calendars. `times`: {start, end}, or null.
function invitationText(meeting, times) {
  const lines = [nameOf(meeting)];
  if (times) {
    const zone = meeting.times?.timeZone ?? ownZone();
    const range = { begin: times.start, end: times.end };
    lines.push(`${rangeText(range, { zone, dateStyle: "full" })}, ${zoneText(zone, times.start)}`);
  }
  lines.push("", t`Join the meeting:`, meeting.joinUrl);
  if (meeting.description) lines.push("", meeting.description);
  return lines.join("\n");
}

function lateWords(closes, beforeStart) {
  return beforeStart
    ? t`The meeting closes on ${closes}, before this starts. Edit “Open until” first.`
    : t`The meeting closes on ${closes}, before this ends. Edit “Open until” first.`;
}

function fileName({ subject, onlineMeetingId }) {
  const name = (subject ?? "").replace(/[^\p{L}\p{N} _-]+/gu, "").trim();
  return [...name].slice(0, 60).join("").trim() || `meeting ${onlineMeetingId}`;
}

function save(name, blob) {
  const href = URL.createObjectURL(blob);
  make("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), MINUTE);
}
