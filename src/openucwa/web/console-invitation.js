// The dialog that makes an invitation for calendar programs: when the meeting begins, and how long it lasts.

import { $, busy, complain, make, notify } from "./elements.js";
import { t } from "./texts.js";
import { asDate, dateText, localText } from "./values.js";
import { inWords } from "./words.js";

const HOUR = 3_600_000;
const MINUTE = 60_000;

export class InvitationDialog {
  #meetings;
  #say;
  #meeting = null;

  constructor(meetings, say) {
    this.#meetings = meetings;
    this.#say = say;
    $("invitation-form").onsubmit = (event) => {
      event.preventDefault();
      busy(event.submitter, () => this.#download());
    };
    for (const id of ["i-start", "i-length"]) $(id).oninput = () => this.#drawLate();
    $("invitation-close").onclick = () => this.close();
  }

  open(meeting) {
    this.#meeting = meeting;
    const next = new Date((Math.floor(Date.now() / HOUR) + 1) * HOUR);
    $("i-start").value ||= localText(next).slice(0, 16);
    complain($("i-start"), null);
    notify($("invitation-error"), null);
    this.#drawLate();
    $("invitation").showModal();
  }

  close() {
    $("invitation").close();
  }

  // {start, end}: Dates; null: no time is chosen.
  #times() {
    const start = new Date($("i-start").value);
    if (Number.isNaN(start.getTime())) return null;
    return { start, end: new Date(start.getTime() + Number($("i-length").value) * MINUTE) };
  }

  // A meeting that closes before it is to end is no use to those who are invited.
  #drawLate() {
    const closes = asDate(this.#meeting.expirationTime);
    const times = this.#times();
    const late = closes && times && times.end > closes;
    notify($("invitation-late"), late ? lateWords(dateText(closes), times.start > closes) : null);
  }

  async #download() {
    const times = this.#times();
    complain($("i-start"), null);
    notify($("invitation-error"), null);
    if (times === null) {
      complain($("i-start"), t`Enter a date and a time.`);
      return;
    }
    try {
      const text = await this.#meetings.invitation(this.#meeting.onlineMeetingId, times.start, times.end);
      save(`${fileName(this.#meeting)}.ics`, new Blob([text], { type: "text/calendar" }));
      this.close();
      this.#say(t`The invitation is downloaded.`);
    } catch (error) {
      notify($("invitation-error"), inWords(error));
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
