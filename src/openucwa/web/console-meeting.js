// One meeting in the console: what it is, what can be done to it, and its extensions.

import { deleteConfirmed } from "./concurrency.js";
import { ExtensionsView, jsonView } from "./console-extensions.js";
import { InvitationDialog } from "./console-invitation.js";
import { WORDS } from "./console-meeting-form.js";
import { $, busy, make, notify } from "./elements.js";
import { isAssigned, isExpired, nameOf, peopleText } from "./meeting-words.js";
import { SCHEDULE_ID } from "./schedule.js";
import { t } from "./texts.js";
import { asDate } from "./values.js";
import { timesElements, untilElements } from "./when.js";
import { inWords } from "./words.js";

const DELETES = t`This also deletes its extensions and ends the meeting for everyone in it.`;

export class MeetingView {
  #meetings;
  #notices;
  #listener;
  #invitation;
  #history;
  #meeting = null; // the one that is shown
  #extensions = null;

  // `history`: a ConsoleHistory. listener: {edit(meeting), deleted(id, name), copied(meeting): there is a copy}.
  constructor(meetings, notices, history, listener) {
    this.#meetings = meetings;
    this.#notices = notices;
    this.#listener = listener;
    this.#history = history;
    this.#invitation = new InvitationDialog(meetings, notices.say);
    $("edit").onclick = () => busy($("edit"), () => this.#edit());
    $("delete").onclick = () => busy($("delete"), () => this.#delete());
    $("copy").onclick = () => this.#copy();
    $("copy-meeting").onclick = () => busy($("copy-meeting"), () => this.#copyMeeting());
    $("invite").onclick = () => this.#invitation.open(this.#meeting);
    $("history").onclick = () => this.#history.ofMeeting(this.#meeting);
    $("times-history").onclick = () => this.#history.ofExtension(this.id, SCHEDULE_ID);
    $("removed-extensions").onclick = () => this.#history.removedExtensions(this.id);
  }

  get id() {
    return this.#meeting?.onlineMeetingId;
  }

  // Whether something was typed that is not saved.
  get editing() {
    return this.#extensions?.editing ?? false;
  }

  // `found`: Meetings.read().
  open({ meeting, extensions, invitation, hasHistory }) {
    this.#meeting = meeting;
    const { onlineMeetingId: id } = meeting;
    const history = hasHistory ? (extensionId) => this.#history.ofExtension(id, extensionId) : null;
    this.#extensions = new ExtensionsView(this.#meetings, id, others(meeting, extensions), this.#notices.say, history);
    $("times-history").hidden = !hasHistory;
    $("history").hidden = $("removed-extensions").hidden = !hasHistory;
    $("invite").hidden = invitation === null;
    $("copy").textContent = t`Copy link`;
    this.draw();
    $("subject").focus({ preventScroll: true });
  }

  // Shows the meeting as it is on the server now.
  update({ meeting, extensions }) {
    const changed = meeting.etag !== this.#meeting.etag || meeting.schedule?.etag !== this.#meeting.schedule?.etag;
    this.#meeting = meeting;
    this.#extensions.take(others(meeting, extensions));
    if (changed && !$("meeting").hidden) this.draw();
  }

  // The meeting was saved.
  saved(meeting) {
    this.#meeting = meeting;
  }

  close() {
    this.#extensions?.close();
    this.#invitation.close();
    this.#history.close();
    this.#extensions = this.#meeting = null;
    $("meeting").hidden = true;
  }

  hide() {
    $("meeting").hidden = true;
  }

  complain(words) {
    notify($("meeting-error"), words);
  }

  draw() {
    const meeting = this.#meeting;
    const name = nameOf(meeting);
    $("meeting").hidden = false;
    this.complain(null);
    $("subject").textContent = this.#notices.title = name;
    $("description").textContent = meeting.description ?? "";
    $("description").hidden = !meeting.description;
    $("join-url").value = meeting.joinUrl;
    // What an assigned meeting is, the administrator decides.
    $("edit").hidden = $("delete").hidden = $("copy-meeting").hidden = isAssigned(meeting);
    notify($("expired"), warning(meeting));
    const times = meeting.times ? [[t`When`, timesElements(meeting.times)]] : [];
    $("times-data").hidden = !meeting.times;
    $("times-json").replaceChildren(...(meeting.times ? [jsonView(meeting.schedule)] : []));
    const facts = [
      ...times,
      [t`Skip the lobby`, [WORDS.accessLevel[meeting.accessLevel] ?? meeting.accessLevel]],
      [isExpired(meeting) ? t`Closed` : t`Open`, untilElements(meeting)],
      [t`Leaders besides you`, [peopleText(meeting.leaders)]],
      [t`Attendees`, [peopleText(meeting.attendees)]],
    ];
    const entries = facts.map(([fact, words]) =>
      make("div", {}, make("dt", { class: "muted small" }, fact), make("dd", {}, ...words)),
    );
    $("facts").replaceChildren(...entries);
  }

  async #edit() {
    try {
      await this.#listener.edit(this.#meeting);
    } catch (error) {
      this.complain(inWords(error));
    }
  }

  async #delete() {
    const { onlineMeetingId } = this.#meeting;
    const name = nameOf(this.#meeting);
    try {
      const gone = await deleteConfirmed(this.#meeting, t`Delete “${name}”?`, DELETES, {
        remove: (version) => this.#meetings.delete(version),
        read: async () => (await this.#meetings.read(onlineMeetingId)).meeting,
      });
      if (gone) await this.#listener.deleted(onlineMeetingId, name);
    } catch (error) {
      this.complain(inWords(error));
    }
  }

  async #copyMeeting() {
    this.complain(null);
    try {
      await this.#listener.copied(await this.#meetings.copy(this.id));
    } catch (error) {
      this.complain(inWords(error));
    }
  }

  async #copy() {
    const field = $("join-url");
    try {
      await navigator.clipboard.writeText(field.value);
      $("copy").textContent = t`Copied`;
      this.#notices.say(t`The link is copied.`);
    } catch {
      // Without https a browser may not let a page do it.
      field.focus();
      field.select();
      $("copy").textContent = t`Press Ctrl+C`;
    }
  }
}

// The extensions but for the one that says begin and end, which is not shown among them.
function others(meeting, extensions) {
  const shown = new Map(extensions);
  if (meeting.times) shown.delete(SCHEDULE_ID);
  return shown;
}

// What is to be known before one relies on the meeting; null: nothing.
function warning(meeting) {
  if (isExpired(meeting))
    return t`This meeting is closed, and will be deleted together with its extensions. To keep it, edit “Open until”.`;
  const closes = asDate(meeting.expirationTime);
  return closes && meeting.times && closes < meeting.times.end
    ? t`This meeting closes before it ends. Edit “Open until”.`
    : null;
}
