// Which of the meetings are listed: by words, and by what they are.

import { $ } from "./elements.js";
import { isExpired, peopleText } from "./meeting-words.js";
import { isPast } from "./schedule.js";

export class MeetingFilter {
  onchange = () => {};

  constructor() {
    for (const id of ["filter-words", "filter-kind"]) $(id).oninput = () => this.onchange();
    $("filter-words").value = "";
    $("filter-kind").value = "all";
  }

  // Whether some may be left out.
  get isOn() {
    return this.#words.length > 0 || $("filter-kind").value !== "all";
  }

  // Those to be listed. `joined`: the id of the meeting that one is in.
  of(meetings, joined) {
    const now = Date.now();
    const kinds = {
      all: () => true,
      upcoming: (meeting) => !isPast(meeting, now),
      past: (meeting) => isPast(meeting, now),
      open: (meeting) => !isExpired(meeting),
      closed: (meeting) => isExpired(meeting),
      mine: ({ onlineMeetingId }) => onlineMeetingId === joined,
    };
    const kind = kinds[$("filter-kind").value] ?? kinds.all;
    const words = this.#words;
    return meetings.filter((meeting) => kind(meeting) && words.every((word) => textOf(meeting).includes(word)));
  }

  get #words() {
    return plain($("filter-words").value).split(/\s+/).filter(Boolean);
  }
}

// What is searched in.
function textOf({ subject, description, onlineMeetingId, attendees, leaders }) {
  const people = [attendees, leaders].filter((uris) => uris?.length).map(peopleText);
  return plain([subject, description, onlineMeetingId, ...people].filter(Boolean).join(" "));
}

// Without accents and case.
function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
