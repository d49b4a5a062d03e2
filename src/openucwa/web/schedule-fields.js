// The fields of a form that say when a meeting begins and ends, in the time of this device.

import { $, complain } from "./elements.js";
import { lengthOf, ownZone, readLocal, USUAL_LENGTH, zoneText } from "./schedule.js";
import { t } from "./texts.js";
import { localText } from "./values.js";

export class ScheduleFields {
  #begin = $("f-begin");
  #end = $("f-end");
  #given = null; // what was shown at first
  #shown = ["", ""];
  #length = USUAL_LENGTH;
  #changed;

  // changed(end): the meeting ends then; null: at no fixed time.
  constructor(changed) {
    this.#changed = changed;
    this.#begin.oninput = () => this.#beginChanged();
    this.#end.oninput = () => this.#endChanged();
    $("no-times").onclick = () => {
      this.#begin.value = this.#end.value = "";
      for (const control of [this.#begin, this.#end]) complain(control, null);
      this.#draw();
      this.#begin.focus();
      changed(null);
    };
  }

  // Shows times, or, with null, none.
  open(times, length = lengthOf(times)) {
    this.#given = times;
    this.#length = length;
    this.#begin.value = times ? inputText(times.begin) : "";
    this.#end.value = times ? inputText(times.end) : "";
    this.#shown = [this.#begin.value, this.#end.value];
    this.#draw();
  }

  // Times, or null. What nobody touched is as it was, to the millisecond and with its time zone.
  get times() {
    if (this.#begin.value === this.#shown[0] && this.#end.value === this.#shown[1]) return this.#given;
    const [begin, end] = [readLocal(this.#begin.value), readLocal(this.#end.value)];
    return begin && end ? { begin: begin.date, end: end.date, timeZone: ownZone() } : null;
  }

  // Says what is wrong, beside the fields.
  check() {
    const { times } = this;
    if (times !== null && times === this.#given) return;
    const controls = [this.#begin, this.#end];
    const empty = controls.find(({ value, validity }) => value === "" && validity.badInput);
    if (empty) {
      complain(empty, t`Enter a date and a time.`);
      return;
    }
    const read = controls.map(({ value }) => readLocal(value));
    if (read[0] === null && read[1] === null) return;
    for (const [place, found] of read.entries()) {
      if (found === null) {
        const words = place === 0 ? t`Enter when it begins, or clear the end.` : t`Enter when it ends.`;
        complain(controls[place], words);
      } else if (found.gap) {
        const later = localText(found.date).slice(11, 16);
        complain(
          controls[place],
          t`This time does not exist, because clocks go forward. Choose ${later}, or another time.`,
        );
      }
    }
    if (read[0] && read[1] && !read[0].gap && !read[1].gap && read[1].date <= read[0].date)
      complain(this.#end, t`The end must be after the start.`);
  }

  // The end moves with the begin.
  #beginChanged() {
    const begin = readLocal(this.#begin.value);
    if (begin) {
      this.#end.value = inputText(new Date(begin.date.getTime() + this.#length));
      this.#changed(readLocal(this.#end.value)?.date ?? null);
    }
    this.#draw();
  }

  #endChanged() {
    const { times } = this;
    if (times && times.begin < times.end) {
      this.#length = lengthOf(times);
      this.#changed(times.end);
    }
    this.#draw();
  }

  #draw() {
    const begin = readLocal(this.#begin.value);
    const own = zoneText(ownZone(), begin?.date ?? new Date());
    const there = this.#given?.timeZone;
    const elsewhere =
      there && there !== ownZone() ? ` ${t`It was scheduled in ${zoneText(there, this.#given.begin)}.`}` : "";
    $("times-zone").textContent = t`In the time zone ${own}.` + elsewhere;
    $("no-times").hidden = this.#begin.value === "" && this.#end.value === "";
  }
}

// As an input shows it: without seconds.
function inputText(date) {
  return localText(date).slice(0, 16);
}
