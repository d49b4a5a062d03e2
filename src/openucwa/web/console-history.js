// What the console's history dialogs show: the versions of a meeting or of an extension, what was removed, and how that
// comes back.

import { confirmed } from "./console-dialogs.js";
import { extensionFields, extensionLabel, extensionShown } from "./console-extensions.js";
import { GRACE, meetingFields, meetingLabel, meetingShown } from "./console-meeting-form.js";
import { busy, button, make, notify } from "./elements.js";
import { audienceTag, propertiesTable } from "./extension-table.js";
import { HistoryDialog } from "./history-dialog.js";
import { nameOf } from "./meeting-words.js";
import { SCHEDULE_ID } from "./schedule.js";
import { withoutScheme } from "./sip.js";
import { t } from "./texts.js";
import { embeddedIn } from "./ucwa.js";
import { asDate, dateText, sameValue } from "./values.js";
import { inWords } from "./words.js";

const KINDS = {
  added: t`added`,
  replaced: t`changed`,
  patched: t`changed in part`,
  removed: t`deleted`,
  restored: t`restored`,
};
const AUDIENCE = { everyone: t`everyone in the meeting`, organizer: t`only you` };
const OF_MEETING = { fieldsOf: meetingFields, labelOf: meetingLabel, shown: meetingShown };
const OF_EXTENSION = { fieldsOf: extensionFields, labelOf: extensionLabel, shown: extensionShown };

export class ConsoleHistory {
  #history;
  #meetings;
  #listener;
  #dialog = new HistoryDialog("history-dialog");

  // listener: {restored(): a version is the current one again, meetingRestored(id)}.
  constructor(history, meetings, listener) {
    this.#history = history;
    this.#meetings = meetings;
    this.#listener = listener;
  }

  close() {
    this.#dialog.close();
  }

  ofMeeting(meeting) {
    const { onlineMeetingId: id } = meeting;
    this.#dialog.open({
      title: t`History of “${nameOf(meeting)}”`,
      words: t`What the meeting was, the newest version first. Extensions have a history of their own.`,
      none: t`No version is known.`,
      first: () => this.#history.versions(id),
      older: (next) => this.#history.older(next),
      summary: (entry, place) => summaryOf(entry, place === 0),
      contents: (entry, close) =>
        this.#version(entry, close, OF_MEETING, id, async () => (await this.#meetings.read(id)).meeting),
    });
  }

  ofExtension(id, extensionId) {
    this.#dialog.open({
      title: t`History of “${extensionId}”`,
      words: t`What the extension was, the newest version first.`,
      none: t`No version is known.`,
      first: () => this.#history.versions(id, extensionId),
      older: (next) => this.#history.older(next),
      summary: (entry, place) => summaryOf(entry, place === 0 && entry.kind !== "removed"),
      contents: (entry, close) => this.#version(entry, close, OF_EXTENSION, id, () => this.#extension(id, extensionId)),
    });
  }

  removedExtensions(id) {
    this.#dialog.open({
      title: t`Deleted extensions`,
      words: t`The server keeps them for some time.`,
      none: t`No deleted extension is known.`,
      first: () => this.#history.removedExtensions(id),
      summary: (entry) => [make("span", { class: "mono name" }, entry.extensionId), whenAndWho(entry)],
      contents: (entry, close) =>
        this.#version(entry, close, OF_EXTENSION, id, () => this.#extension(id, entry.extensionId)),
    });
  }

  removedMeetings() {
    this.#dialog.open({
      title: t`Deleted meetings`,
      words: t`Deleted and expired meetings. The server keeps them for some time.`,
      none: t`No deleted meeting is known.`,
      first: () => this.#history.removedMeetings(),
      summary: (entry) => [
        make("span", { class: "name" }, nameOf(entry)),
        whenAndWho({ changed: entry.removed, changedBy: entry.removedBy, userAgent: entry.userAgent }),
      ],
      contents: (entry, close) => this.#removedMeeting(entry, close),
    });
  }

  // What is there now; null: it was removed.
  async #extension(id, extensionId) {
    const { extensions } = await this.#meetings.read(id);
    return extensions.get(extensionId) ?? null;
  }

  // The contents of a version, and what differs from what is there now. `id`: of the meeting.
  async #version(entry, close, kind, id, read) {
    const version = resourceIn(await this.#history.contents(entry));
    const now = await read();
    const names = differences(kind, version, now);
    const error = make("p", { class: "notice bad small", role: "alert", hidden: true });
    const restore = button(t`Restore`, "primary compact", (it) =>
      busy(it, async () => {
        notify(error, null);
        try {
          if (!(await this.#restore(entry, version, kind, read))) return;
          if (version.id === SCHEDULE_ID) await this.#meetings.followTimes(id, GRACE);
          close();
          await this.#listener.restored();
        } catch (failure) {
          notify(error, inWords(failure));
        }
      }),
    );
    const contents = kind === OF_EXTENSION ? extensionParts(version) : [fieldsTable(kind, version)];
    if (now !== null && names.length === 0)
      return [make("p", { class: "muted small" }, t`It is as it is now.`), ...contents];
    if (now === null) return [...contents, error, restore];
    const words = { caption: t`What differs from now`, before: t`Then`, after: t`Now` };
    return [
      make("h3", {}, words.caption),
      comparison(kind, names, version, now, words),
      make("h3", {}, t`Contents`),
      ...contents,
      error,
      restore,
    ];
  }

  // Restores a version once that is confirmed; where the current one changes meanwhile, asks again. Whether it is done.
  async #restore(entry, version, kind, read) {
    let words = "";
    for (;;) {
      const now = await read();
      const names = differences(kind, version, now);
      const titles = { caption: t`What will change`, before: t`Now`, after: t`Afterwards` };
      const table = comparison(kind, names, now, version, titles);
      const question = `${words} ${t`This will change. What is there now stays in the history.`}`.trim();
      if (!(await confirmed(t`Restore this version?`, question, t`Restore`, t`Cancel`, table))) return false;
      try {
        if (now === null && (await read()) !== null) throw Object.assign(new Error(), { status: 412 });
        await this.#history.restore(entry, now?.etag);
        return true;
      } catch (error) {
        if (error.status !== 412) throw error;
      }
      words = t`It has changed in the meantime.`;
    }
  }

  async #removedMeeting(entry, close) {
    const meeting = resourceIn(await this.#history.contents(entry));
    const extensions = embeddedIn(meeting, "onlineMeetingExtension");
    const error = make("p", { class: "notice bad small", role: "alert", hidden: true });
    const restore = button(t`Restore`, "primary compact", (it) =>
      busy(it, async () => {
        notify(error, null);
        try {
          const words = t`The meeting comes back with its extensions, under the same link.`;
          if (!(await confirmed(t`Restore “${nameOf(entry)}”?`, words, t`Restore`))) return;
          await this.#history.restore(entry);
          close();
          await this.#listener.meetingRestored(entry.onlineMeetingId);
        } catch (failure) {
          notify(error, inWords(failure));
        }
      }),
    );
    const parts = extensions.flatMap((each) => [make("h3", { class: "mono" }, each.id), ...extensionParts(each)]);
    return [fieldsTable(OF_MEETING, meeting), ...parts, error, restore];
  }
}

// The one resource in a version.
function resourceIn(entry) {
  return Object.values(entry._embedded).flat()[0];
}

function summaryOf(entry, current) {
  const tags = [make("span", { class: "tag" }, KINDS[entry.kind] ?? entry.kind)];
  if (current) tags.push(" ", make("span", { class: "tag accent" }, t`current`));
  return [make("span", { class: "name" }, ...tags), whenAndWho(entry)];
}

function whenAndWho({ changed, changedBy, userAgent }) {
  const date = asDate(changed);
  const who = changedBy ? withoutScheme(changedBy) : t`the server`;
  const words = userAgent ? t`${who}, with ${userAgent}` : who;
  return make(
    "span",
    { class: "muted small" },
    make("time", { datetime: date.toISOString() }, dateText(date)),
    " · ",
    words,
  );
}

function extensionParts(extension) {
  return [
    make("div", {}, audienceTag(extension.type, AUDIENCE)),
    make("div", { class: "scroll" }, propertiesTable(extension)),
  ];
}

// The names of what is not the same in both; null: there is none of them.
function differences({ fieldsOf }, one, other) {
  const [left, right] = [one, other].map((each) => (each === null ? new Map() : fieldsOf(each)));
  return [...new Set([...left.keys(), ...right.keys()])].filter((name) => !sameValue(left.get(name), right.get(name)));
}

function fieldsTable(kind, resource) {
  const rows = [...kind.fieldsOf(resource)].map(([name, value]) =>
    make("tr", {}, make("th", { scope: "row" }, kind.labelOf(name)), make("td", {}, kind.shown(name, value))),
  );
  return table(t`Contents`, [t`Property`, t`Value`], rows);
}

function comparison(kind, names, before, after, { caption, before: left, after: right }) {
  const sides = [before, after].map((each) => (each === null ? new Map() : kind.fieldsOf(each)));
  const rows = names.map((name) => {
    const cells = sides.map((fields, place) => {
      const value = fields.get(name);
      const shown =
        value === undefined ? make("span", { class: "value-empty" }, t`not there`) : kind.shown(name, value);
      return make("td", { "data-version": [left, right][place] }, shown);
    });
    return make("tr", {}, make("th", { scope: "row" }, kind.labelOf(name)), ...cells);
  });
  return table(caption, [t`Property`, left, right], rows, "versions");
}

function table(caption, titles, rows, name = "") {
  const heads = titles.map((title) => make("th", { scope: "col" }, title));
  return make(
    "table",
    { class: name },
    make("caption", { class: "unseen" }, caption),
    make("thead", {}, make("tr", {}, ...heads)),
    make("tbody", {}, ...rows),
  );
}
