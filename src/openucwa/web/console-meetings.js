// The organizer's meetings in the console: the list of them, and which one is shown.

import { confirmed } from "./console-dialogs.js";
import { ConsoleLive } from "./console-live.js";
import { LobbyWatch } from "./console-lobby.js";
import { MeetingView, untilElements } from "./console-meeting.js";
import { MeetingForm } from "./console-meeting-form.js";
import { $, busy, keep, make, notify } from "./elements.js";
import { isAssigned, isExpired, nameOf } from "./meeting-words.js";
import { Meetings } from "./meetings.js";
import { inWords } from "./words.js";

const LIST = "#list";

export class MeetingsView {
  #notices;
  #meetings;
  #listed = null; // null: not read yet
  #view;
  #form;
  #hash = null; // what is shown: #ID a meeting, #new the form of a new one, #list or "" the list
  #asking = false; // whether what was typed may be thrown away
  #turn = 0; // grows with each choice: what was asked for before the last one is not shown any more
  #reading = null; // {again}, while what is shown is read anew

  constructor(client, session, notices) {
    this.#notices = notices;
    this.#meetings = new Meetings(client, session);
    this.#view = new MeetingView(this.#meetings, notices, {
      edit: (meeting) => this.#edit(meeting),
      deleted: () => this.#deleted(),
    });
    this.#form = new MeetingForm(this.#meetings, (meeting) => this.#saved(meeting));
    this.lobby = new LobbyWatch(client, session, notices, (id) => this.#join(id));
    this.live = new ConsoleLive(client, session, notices, {
      changed: (id) => id === this.#view.id && this.refresh(),
      open: (id) => this.#open(id),
      waiting: (lobby) => this.lobby.follow(lobby),
    });
    $("refresh").onclick = () => busy($("refresh"), () => Promise.all([this.refresh(), this.lobby.read()]));
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
    this.#form.close();
    this.#view.close();
  }

  // Whether what was typed may be thrown away.
  async mayLeave() {
    if (!this.editing) return true;
    this.#asking = true;
    return confirmed("Discard your changes?", "What you typed is not saved yet.", "Discard", "Keep editing").finally(
      () => {
        this.#asking = false;
      },
    );
  }

  // Shows what the page's address says, unless what was typed is to be kept; then the address is put back.
  async follow(hash) {
    if (hash === this.#hash || this.#asking) return;
    if (!(await this.mayLeave())) {
      history.replaceState(null, "", this.#hash || location.pathname);
      return;
    }
    await this.#go(location.hash);
  }

  // Reads what is shown anew. Asked for again meanwhile, it reads once more.
  async refresh() {
    if (this.#reading) {
      this.#reading.again = true;
      return;
    }
    this.#reading = { again: false };
    try {
      do {
        this.#reading.again = false;
        await this.#readList();
        await this.#readShown();
      } while (this.#reading.again);
    } finally {
      this.#reading = null;
    }
  }

  async #go(hash) {
    this.#hash = hash;
    this.#turn += 1;
    const turn = this.#turn;
    if (this.#listed === null) await this.#readList();
    if (turn !== this.#turn) return;
    const chosen = hash === LIST ? "" : hash.slice(1);
    this.#form.close();
    this.#view.close();
    this.live.show(null);
    $("nothing").hidden = true;
    notify($("list-error"), null);
    if (chosen === "new") await this.#compose();
    else if (chosen) await this.#choose(chosen, turn);
    else this.#showNothing("Choose a meeting");
    if (turn !== this.#turn) return;
    $("panes").dataset.pane = chosen ? "detail" : "list";
    this.#drawList();
    window.scrollTo(0, 0);
    $("detail").scrollTop = 0;
  }

  // Goes to a meeting as a link would.
  async #open(id) {
    if (this.#hash === `#${id}`) return;
    location.hash = id;
    await this.follow(location.hash);
  }

  // Goes to a meeting, and into it, unless one is in another.
  async #join(id) {
    await this.#open(id);
    if (this.#view.id === id && !this.live.isIn) await this.live.join();
  }

  // The list

  async #readList() {
    try {
      this.#listed = await this.#meetings.list();
      notify($("list-error"), null);
    } catch (error) {
      notify($("list-error"), inWords(error));
    }
    this.#drawList();
  }

  #drawList() {
    const listed = this.#listed ?? [];
    const own = listed.filter((each) => !isAssigned(each));
    const assigned = listed.filter(isAssigned);
    const draw = (each, drawn) => this.#line(each, drawn);
    keep($("meetings"), own, (each) => each.onlineMeetingId, draw, $("meetings-title"));
    keep($("assigned-list"), assigned, (each) => each.onlineMeetingId, draw, $("meetings-title"));
    $("no-meetings").hidden = own.length > 0 || this.#listed === null;
    $("assigned").hidden = assigned.length === 0;
    mark($("new"), this.#hash === "#new");
  }

  #line(meeting, drawn) {
    const href = `#${meeting.onlineMeetingId}`;
    const line = drawn ?? make("li", {}, make("a", { href }));
    const [link] = line.children;
    const expired = isExpired(meeting) ? [make("span", { class: "tag warn" }, "closed"), " "] : [];
    const until = isAssigned(meeting) ? [] : untilElements(meeting);
    link.replaceChildren(
      make("span", { class: "meeting-subject" }, nameOf(meeting)),
      make("span", { class: "muted small" }, ...expired, ...until),
    );
    mark(link, this.#hash === href);
    return line;
  }

  // What is chosen

  #showNothing(words) {
    $("nothing-title").textContent = words;
    $("nothing").hidden = false;
    this.#notices.title = "Your meetings";
  }

  async #choose(id, turn) {
    try {
      const found = await this.#meetings.read(id);
      if (turn !== this.#turn) return;
      this.#view.open(found);
      this.live.show(found.meeting);
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#showNothing(error.status === 404 ? "This meeting does not exist" : "The meeting can't be shown");
      if (error.status !== 404) notify($("list-error"), inWords(error));
    }
  }

  async #readShown() {
    const { id } = this.#view;
    if (id === undefined) return;
    try {
      const found = await this.#meetings.read(id);
      if (this.#view.id === id) this.#view.update(found);
    } catch (error) {
      if (this.#view.id === id)
        this.#view.complain(
          error.status === 404 ? "This meeting no longer exists: it was deleted or has expired." : inWords(error),
        );
    }
  }

  // What is done to it

  async #compose() {
    try {
      await this.#form.open(null);
      this.#notices.title = "New meeting";
    } catch (error) {
      this.#showNothing("The form can't be shown");
      notify($("list-error"), inWords(error));
    }
  }

  async #edit(meeting) {
    await this.#form.open(meeting);
    this.#view.hide();
  }

  // `meeting`: what is on the server now; null: the form was given up.
  async #saved(meeting) {
    if (this.#view.id === undefined) {
      if (meeting) await this.#readList();
      location.hash = meeting ? meeting.onlineMeetingId : "";
      if (meeting) this.#notices.say("The meeting is scheduled.");
      return;
    }
    if (meeting) this.#view.saved(meeting);
    this.#view.draw();
    $("edit").focus();
    if (!meeting) return;
    this.#notices.say("The meeting is saved.");
    await this.#readList();
  }

  async #deleted() {
    this.#view.close();
    await this.#readList();
    location.hash = "";
    this.#notices.say("The meeting is deleted.");
    $("meetings-title").focus();
  }
}

// Says whether a link is the one to what is shown.
function mark(link, current) {
  if (current) link.setAttribute("aria-current", "page");
  else link.removeAttribute("aria-current");
}
