// The organizer's meetings in the console: the list of them, and which one is shown.

import { ConsoleHistory } from "./console-history.js";
import { ConsoleLive } from "./console-live.js";
import { LobbyWatch } from "./console-lobby.js";
import { MeetingView } from "./console-meeting.js";
import { MeetingFilter } from "./console-meeting-filter.js";
import { MeetingForm } from "./console-meeting-form.js";
import { $, busy, keep, make, notify } from "./elements.js";
import { MeetingHistory } from "./meeting-history.js";
import { MeetingList } from "./meeting-list.js";
import { isAssigned, isExpired, nameOf } from "./meeting-words.js";
import { Meetings, NotThere } from "./meetings.js";
import { inOrder } from "./schedule.js";
import { withoutScheme } from "./sip.js";
import { t } from "./texts.js";
import { Undo } from "./undo.js";
import { whenElements } from "./when.js";
import { inWords } from "./words.js";

const LIST = "#list";
const NOTHING = t`Or schedule a new one. Everything you can do here, applications can do through the API.`;

const drawnFrom = new WeakMap(); // by line of the list, the values that it shows

export class MeetingsView {
  list = "meetings";
  #notices;
  meetings; // Meetings
  #go;
  #list;
  #offering = null; // the promise that what needs the change log is offered, if it is there
  #view;
  #form;
  #history;
  #undo = new Undo($("undo"));
  #filter = new MeetingFilter();
  #hash = null; // what is shown: #ID a meeting, #new the form of a new one, #list or "" the list; null: something else is

  // `presence`: a PresenceWatch. go(hash): goes where a link would.
  constructor(client, session, notices, presence, go) {
    this.#notices = notices;
    this.#go = go;
    this.meetings = new Meetings(client, session);
    this.#list = new MeetingList(this.meetings.listed, () => this.#drawList());
    this.#history = new ConsoleHistory(new MeetingHistory(client, this.meetings), this.meetings, {
      restored: () => this.#restored(),
      meetingRestored: (id) => this.#back(id),
    });
    this.#view = new MeetingView(this.meetings, notices, this.#history, {
      edit: (meeting) => this.#edit(meeting),
      deleted: (id, name) => this.#deleted(id, name),
      copied: (meeting) => this.#copied(meeting),
    });
    this.#form = new MeetingForm(this.meetings, (meeting) => this.#saved(meeting));
    this.lobby = new LobbyWatch(client, session, notices, (id) => this.#join(id));
    this.live = new ConsoleLive(client, session, notices, presence, {
      changed: (id) => this.changed([id]),
      open: (id) => go(`#${id}`),
      counted: () => this.#drawList(),
      waiting: (lobby) => this.lobby.follow(lobby),
    });
    this.#filter.onchange = () => this.#drawList();
    $("removed-meetings").onclick = () => this.#history.removedMeetings();
    $("further").onclick = () => busy($("further"), () => this.#readList(() => this.#list.further()));
    $("refresh").onclick = () => busy($("refresh"), () => Promise.all([this.refresh(), this.lobby.read()]));
  }

  owns() {
    return true;
  }

  // Whether something was typed that is not saved.
  get editing() {
    return this.#form.editing || this.#view.editing;
  }

  take(event) {
    this.live.take(event);
  }

  // The application is another one now: what it took part in is over.
  async reopened() {
    this.live.lost();
    await this.refresh();
  }

  close() {
    this.live.leave();
    this.lobby.close();
  }

  // Reads what is shown anew.
  async refresh() {
    await this.#readList(() => this.#list.refresh());
    await this.#readShown();
  }

  // These meetings, or data of them, are others than before; null: any may be.
  async changed(ids) {
    if (ids === null) return this.refresh();
    await this.#readList(() => this.#list.reread(ids));
    if (ids.includes(this.#view.id)) await this.#readShown();
  }

  // The same for what is not reported as a change. reportsSince(time): resolves to whether every change since then is
  // reported.
  async catchUp(reportsSince) {
    if (!this.#list.isRead) return;
    if (!(await reportsSince(this.#list.since))) await this.refresh();
    else await this.#list.readOthers().catch(() => {}); // what is shown stays until the next time
  }

  // Reads the list, unless it is there.
  async listed() {
    await this.#readList(() => this.#list.open());
    this.#offering ??= this.#offerMore();
  }

  async show(hash, isCurrent) {
    this.#hash = hash;
    const listed = this.listed();
    const chosen = hash === LIST ? "" : hash.slice(1);
    if (!chosen || chosen === "new") await listed;
    if (!isCurrent()) return false;
    if (chosen === "new") await this.#compose(isCurrent);
    else if (chosen) await this.#choose(chosen, isCurrent);
    else this.#showNothing(t`Choose a meeting`);
    if (isCurrent()) this.#drawList();
    return chosen !== "";
  }

  hide() {
    this.#hash = null;
    this.#form.close();
    this.#view.close();
    this.live.show(null);
    $("nothing").hidden = true;
    this.#drawList();
  }

  // Goes to a meeting, and into it, unless one is in another.
  async #join(id) {
    await this.#go(`#${id}`);
    if (this.#view.id === id && !this.live.isIn) await this.live.join();
  }

  // The list

  // read(): of the list.
  async #readList(read) {
    try {
      await read();
      notify($("list-error"), null);
    } catch (error) {
      notify($("list-error"), inWords(error));
    }
  }

  // What needs the server's change log.
  async #offerMore() {
    const found = await this.meetings.addition("openucwa:removedMeetings").catch(() => undefined);
    $("more").hidden = found === undefined;
  }

  #drawList() {
    const { meetings, isRead, isWhole } = this.#list;
    const now = Date.now();
    const shown = inOrder(this.#filter.of(meetings, this.live?.id), now);
    const own = shown.filter((each) => each.own && !isAssigned(each));
    const assigned = shown.filter(isAssigned);
    const invited = shown.filter((each) => !each.own);
    const draw = (each, drawn) => this.#line(each, drawn);
    keep($("meetings"), own, (each) => each.onlineMeetingId, draw, $("meetings-title"));
    keep($("assigned-list"), assigned, (each) => each.onlineMeetingId, draw, $("meetings-title"));
    keep($("invited-list"), invited, (each) => each.onlineMeetingUri, invitedLine, $("meetings-title"));
    const none = isRead && own.length === 0;
    $("no-meetings").hidden = !none || !isWhole || this.#filter.isOn;
    $("none-found").hidden = !none || !this.#filter.isOn || assigned.length > 0;
    $("meeting-filter").hidden = meetings.length < 2;
    $("assigned").hidden = assigned.length === 0;
    $("invited").hidden = invited.length === 0;
    $("further").hidden = !this.#list.isCut;
    mark($("new"), this.#hash === "#new");
  }

  #line(meeting, drawn) {
    const href = `#${meeting.onlineMeetingId}`;
    const line = drawn ?? make("li", {}, make("a", { href }));
    const [link] = line.children;
    mark(link, this.#hash === href);
    const expired = isExpired(meeting);
    const isIn = this.live?.id === meeting.onlineMeetingId;
    const unread = isIn ? this.live.unread : 0;
    drawOnce(line, [meeting, expired, isIn, unread], () => {
      const words = unread ? t`you are in it, ${unread} new` : t`you are in it`;
      link.replaceChildren(
        make("span", { class: "meeting-subject" }, nameOf(meeting)),
        make(
          "span",
          { class: "muted small" },
          ...(isIn ? [make("span", { class: "tag accent" }, words), " "] : []),
          ...(expired ? [make("span", { class: "tag warn" }, t`closed`), " "] : []),
          ...(isAssigned(meeting) ? [] : whenElements(meeting)),
        ),
      );
    });
    return line;
  }

  // What is chosen

  #showNothing(words) {
    $("nothing-title").textContent = words;
    $("nothing-words").textContent = NOTHING;
    $("nothing").hidden = false;
    this.#notices.title = t`Your meetings`;
  }

  async #choose(id, isCurrent) {
    try {
      const found = await this.meetings.read(id);
      if (!isCurrent()) return;
      this.#view.open(found);
      this.live.show(found.meeting);
    } catch (error) {
      await this.listed(); // it may have something to say in the same place
      if (!isCurrent()) return;
      this.#showNothing(error.status === 404 ? t`This meeting does not exist` : t`The meeting can't be shown`);
      if (error.status !== 404) notify($("list-error"), inWords(error));
    }
  }

  async #readShown() {
    const { id } = this.#view;
    if (id === undefined) return;
    try {
      const found = await this.meetings.read(id);
      if (this.#view.id === id) this.#view.update(found);
    } catch (error) {
      if (this.#view.id === id)
        this.#view.complain(
          error.status === 404 ? t`This meeting no longer exists: it was deleted or has expired.` : inWords(error),
        );
    }
  }

  // What is done to it

  async #compose(isCurrent) {
    try {
      const latest = await this.#list.latest();
      if (isCurrent() && (await this.#form.open(null, latest))) this.#notices.title = t`New meeting`;
    } catch (error) {
      if (!isCurrent()) return;
      this.#showNothing(t`The form can't be shown`);
      notify($("list-error"), inWords(error));
    }
  }

  async #edit(meeting) {
    if (await this.#form.open(meeting)) this.#view.hide();
  }

  // `meeting`: what is on the server now; null: the form was given up.
  async #saved(meeting) {
    if (this.#view.id === undefined) {
      if (meeting) await this.changed([meeting.onlineMeetingId]);
      location.hash = meeting ? meeting.onlineMeetingId : "";
      if (meeting) this.#notices.say(t`The meeting is scheduled.`);
      return;
    }
    if (meeting) this.#view.saved(meeting);
    this.#view.draw();
    $("edit").focus();
    if (!meeting) return;
    this.#notices.say(t`The meeting is saved.`);
    await this.#readList(() => this.#list.reread([meeting.onlineMeetingId]));
  }

  async #copied(meeting) {
    await this.changed([meeting.onlineMeetingId]);
    await this.#go(`#${meeting.onlineMeetingId}`);
    this.#notices.say(t`The meeting is copied.`);
  }

  async #deleted(id, name) {
    this.#view.close();
    await this.changed([id]);
    location.hash = "";
    this.#notices.say(t`The meeting is deleted.`);
    this.#undo.offer(t`“${name}” is deleted.`, async () => {
      if (!(await this.meetings.undelete(id))) throw new NotThere();
      await this.#back(id);
    });
    $("meetings-title").focus();
  }

  // A deleted meeting is there again.
  async #back(id) {
    this.#undo.clear();
    await this.changed([id]);
    await this.#go(`#${id}`);
    this.#notices.say(t`The meeting is back.`);
  }

  // An earlier version is the current one.
  async #restored() {
    await this.refresh();
    this.#notices.say(t`The version is restored.`);
  }
}

// A meeting of somebody else: its link leads into it.
function invitedLine(meeting, drawn) {
  const line = drawn ?? make("li", {}, make("a", {}));
  const [link] = line.children;
  drawOnce(line, [meeting, isExpired(meeting)], () => {
    link.href = meeting.joinUrl;
    link.replaceChildren(
      make("span", { class: "meeting-subject" }, nameOf(meeting)),
      make(
        "span",
        { class: "muted small" },
        ...whenElements(meeting),
        " · ",
        t`by ${withoutScheme(meeting.organizerUri)}`,
      ),
    );
  });
  return line;
}

// Draws a line, unless it was drawn from the same before: a list may be long.
function drawOnce(line, values, draw) {
  const before = drawnFrom.get(line);
  if (before?.every((value, place) => value === values[place])) return;
  drawnFrom.set(line, values);
  draw();
}

// Says whether a link is the one to what is shown.
function mark(link, current) {
  if (current) link.setAttribute("aria-current", "page");
  else link.removeAttribute("aria-current");
}
