// The organizer's meetings in the console: the list of them, and the one that is chosen, with what can be done to it.

import { deleteShown } from "./console-dialogs.js";
import { ExtensionsView } from "./console-extensions.js";
import { LiveView } from "./console-live.js";
import { MeetingForm, WORDS } from "./console-meeting-form.js";
import { inWords } from "./console-session.js";
import { localText } from "./console-values.js";
import { $, busy, complain, keep, make, tell } from "./elements.js";
import { embeddedIn, linkOf } from "./ucwa.js";
import { asDate, dateText } from "./values.js";

const INVITATION = "openucwa:invitation";
const HOUR = 3_600_000;
const WITHOUT_SUBJECT = "Meeting without a subject";

export class MeetingsView {
  #session;
  #say;
  #listed = []; // myOnlineMeeting and myAssignedOnlineMeeting
  #shown = null; // {resource, invitation}: the chosen one
  #extensions = null;
  #form;
  #live;
  #turn = 0; // grows with each choice: what was asked for before the last one is not shown any more

  constructor(session, say) {
    this.#session = session;
    this.#say = say;
    this.#form = new MeetingForm(session, (meeting) => this.#saved(meeting));
    this.#live = new LiveView(session, { say, changed: (uri) => this.#changed(uri) });
    $("edit").onclick = () => busy($("edit"), () => this.#edit());
    $("delete").onclick = () => busy($("delete"), () => this.#delete());
    $("copy").onclick = () => this.#copy();
    $("invite").onclick = () => this.#openInvitation();
    $("invitation-form").onsubmit = (event) => {
      event.preventDefault();
      busy(event.submitter, () => this.#download());
    };
    $("invitation-close").onclick = () => $("invitation").close();
  }

  // Whether something was typed that is not saved.
  get editing() {
    return this.#form.editing || (this.#extensions?.editing ?? false);
  }

  take(event) {
    this.#live.take(event);
  }

  // The application is another one now: what it took part in is over.
  async reopened() {
    this.#live.lost();
    await this.#read();
    this.#extensions?.refresh();
  }

  close() {
    this.#live.leave();
    this.#extensions?.close();
    $("invitation").close();
  }

  // Shows what the page's address says: #ID a meeting, #new the form of a new one, else the list.
  async go(hash) {
    const turn = (this.#turn += 1);
    if (this.#listed.length === 0) await this.#read();
    if (turn !== this.#turn) return;
    const chosen = hash.slice(1);
    this.#live.leave();
    this.#extensions?.close();
    this.#extensions = this.#shown = null;
    this.#form.close();
    $("meeting").hidden = $("nothing").hidden = true;
    tell($("list-error"), null);
    if (chosen === "new") await this.#compose();
    else if (chosen) await this.#choose(chosen, turn);
    else this.#showNothing("Choose a meeting");
    if (turn !== this.#turn) return;
    $("panes").dataset.pane = chosen ? "detail" : "list";
    this.#drawList();
    window.scrollTo(0, 0);
    $("detail").scrollTop = 0;
  }

  // The list

  async #read() {
    tell($("list-error"), null);
    try {
      const [dashboard] = embeddedIn(this.#session.application, "onlineMeetings");
      const { resource } = await this.#session.get(linkOf(dashboard, "myOnlineMeetings"));
      const own = embeddedIn(resource, "myOnlineMeeting").reverse();
      this.#listed = [...own, ...embeddedIn(resource, "myAssignedOnlineMeeting")];
    } catch (error) {
      tell($("list-error"), inWords(error));
    }
    this.#drawList();
  }

  #drawList() {
    const own = this.#listed.filter((each) => !isAssigned(each));
    const assigned = this.#listed.filter(isAssigned);
    const draw = (each, drawn) => this.#line(each, drawn);
    keep($("meetings"), own, (each) => each.onlineMeetingId, draw, $("meetings-title"));
    keep($("assigned-list"), assigned, (each) => each.onlineMeetingId, draw, $("meetings-title"));
    $("no-meetings").hidden = own.length > 0;
    $("assigned").hidden = assigned.length === 0;
    mark($("new"), location.hash === "#new");
  }

  #line(meeting, drawn) {
    const line = drawn ?? make("li", {}, make("a", { href: `#${meeting.onlineMeetingId}` }));
    const [link] = line.children;
    link.replaceChildren(make("span", { class: "meeting-subject" }, nameOf(meeting)), make("span", { class: "muted small" }, ...(isAssigned(meeting) ? [] : until(meeting))));
    mark(link, location.hash === `#${meeting.onlineMeetingId}`);
    return line;
  }

  // One meeting

  #showNothing(words) {
    $("nothing-title").textContent = words;
    $("nothing").hidden = false;
    document.title = "Your meetings";
  }

  async #choose(id, turn) {
    const found = () => this.#listed.find((each) => each.onlineMeetingId === id);
    // One that is not listed may have been scheduled elsewhere since.
    if (!found()) await this.#read();
    const href = linkOf(found(), "self");
    try {
      const answer = href && (await this.#session.get(href));
      if (turn !== this.#turn) return;
      if (answer) this.#show(answer);
      else this.#showNothing("There is no such meeting");
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#showNothing(error.status === 404 ? "This meeting is no longer there" : "The meeting can't be shown");
      if (error.status === 404) await this.#read();
      else tell($("list-error"), inWords(error));
    }
  }

  #show({ resource, headers }) {
    this.#shown = { resource, invitation: linkIn(headers.get("Link"), INVITATION) };
    this.#extensions = new ExtensionsView(this.#session, resource, this.#say);
    this.#live.show(resource);
    this.#drawMeeting();
    $("subject").focus({ preventScroll: true });
  }

  #drawMeeting() {
    const { resource, invitation } = this.#shown;
    $("meeting").hidden = false;
    tell($("meeting-error"), null);
    $("subject").textContent = document.title = nameOf(resource);
    $("description").textContent = resource.description ?? "";
    $("description").hidden = !resource.description;
    $("join-url").value = resource.joinUrl;
    $("copy").textContent = "Copy link";
    $("invite").hidden = !invitation;
    // What an assigned meeting is, is the admin's affair.
    $("edit").hidden = $("delete").hidden = isAssigned(resource);
    const facts = [
      ["Comes in without waiting", [WORDS.accessLevel[resource.accessLevel] ?? resource.accessLevel]],
      ["Open", until(resource)],
      ["Leaders besides you", people(resource.leaders)],
      ["Attendees", people(resource.attendees)],
    ];
    $("facts").replaceChildren(
      ...facts.map(([name, words]) => make("div", {}, make("dt", { class: "muted small" }, name), make("dd", {}, ...words))),
    );
  }

  // Somebody changed the meeting, or its data, while one is in it.
  async #changed(uri) {
    if (this.#shown?.resource.onlineMeetingUri !== uri) return;
    this.#extensions.refresh();
    const shown = this.#shown;
    try {
      const { resource } = await this.#session.get(linkOf(shown.resource, "self"));
      if (this.#shown !== shown || resource.etag === shown.resource.etag) return;
      shown.resource = resource;
      if (!$("meeting").hidden) this.#drawMeeting();
      this.#listed = this.#listed.map((each) => (each.onlineMeetingId === resource.onlineMeetingId ? resource : each));
      this.#drawList();
    } catch {
      // It is gone; the room says so.
    }
  }

  // What is done to it

  async #compose() {
    try {
      await this.#form.open(null);
      document.title = "New meeting";
    } catch (error) {
      this.#showNothing("The form can't be shown");
      tell($("list-error"), inWords(error));
    }
  }

  async #edit() {
    try {
      await this.#form.open(this.#shown.resource);
      $("meeting").hidden = true;
    } catch (error) {
      tell($("meeting-error"), inWords(error));
    }
  }

  async #saved(meeting) {
    if (this.#shown === null) {
      if (meeting) await this.#read();
      location.hash = meeting ? `#${meeting.onlineMeetingId}` : "";
      if (meeting) this.#say("The meeting is scheduled.");
      return;
    }
    if (meeting) this.#shown.resource = meeting;
    this.#drawMeeting();
    $("edit").focus();
    if (!meeting) return;
    this.#say("The meeting is saved.");
    await this.#read();
  }

  async #delete() {
    const { resource } = this.#shown;
    const words = "Its extensions are gone then, too, and whoever is in it has to leave.";
    try {
      if (!(await deleteShown(this.#session, resource, `Delete “${nameOf(resource)}”?`, words))) return;
    } catch (error) {
      tell($("meeting-error"), inWords(error));
      return;
    }
    await this.#read();
    location.hash = "";
    this.#say("The meeting is deleted.");
    $("meetings-title").focus();
  }

  async #copy() {
    const field = $("join-url");
    try {
      await navigator.clipboard.writeText(field.value);
      $("copy").textContent = "Copied";
      this.#say("The link is copied.");
    } catch {
      // Without https a browser may not let a page do it.
      field.focus();
      field.select();
      const copied = document.execCommand("copy");
      $("copy").textContent = copied ? "Copied" : "Press Ctrl+C";
    }
  }

  #openInvitation() {
    const next = new Date((Math.floor(Date.now() / HOUR) + 1) * HOUR);
    $("i-start").value ||= localText(next).slice(0, 16);
    complain($("i-start"), null);
    tell($("invitation-error"), null);
    $("invitation").showModal();
  }

  async #download() {
    const { resource, invitation } = this.#shown;
    const start = new Date($("i-start").value);
    complain($("i-start"), null);
    tell($("invitation-error"), null);
    if (Number.isNaN(start.getTime())) {
      complain($("i-start"), "Enter a date and a time.");
      return;
    }
    const end = new Date(start.getTime() + Number($("i-length").value) * 60_000);
    try {
      const query = new URLSearchParams({ start: start.toISOString(), end: end.toISOString() });
      const { text } = await this.#session.get(`${invitation}?${query}`, { headers: { Accept: "text/calendar" } });
      save(`${fileName(resource)}.ics`, new Blob([text], { type: "text/calendar" }));
      $("invitation").close();
      this.#say("The invitation is downloaded.");
    } catch (error) {
      tell($("invitation-error"), inWords(error));
    }
  }
}

function isAssigned(meeting) {
  return meeting.rel === "myAssignedOnlineMeeting";
}

function nameOf(meeting) {
  return meeting.subject || (isAssigned(meeting) ? "Your own meeting" : WITHOUT_SUBJECT);
}

// Says whether a link is the one to what is shown.
function mark(link, current) {
  if (current) link.setAttribute("aria-current", "page");
  else link.removeAttribute("aria-current");
}

function until(meeting) {
  const date = asDate(meeting.expirationTime);
  if (!date) return ["always"];
  const over = date.getTime() < Date.now() ? "it was open until " : "until ";
  return [over, make("time", { datetime: date.toISOString() }, dateText(date))];
}

function people(uris) {
  return [uris?.length ? uris.map((uri) => uri.replace(/^sip:/i, "")).join(", ") : "nobody"];
}

// Where a Link header leads by that rel (RFC 8288).
function linkIn(header, rel) {
  for (const [, href, given] of (header ?? "").matchAll(/<([^>]*)>\s*;\s*rel="([^"]*)"/g)) {
    if (given.split(" ").includes(rel)) return href;
  }
  return null;
}

function fileName(meeting) {
  return (meeting.subject ?? "").replace(/[^\p{L}\p{N} _-]+/gu, "").trim().slice(0, 60) || `meeting ${meeting.onlineMeetingId}`;
}

function save(name, blob) {
  const href = URL.createObjectURL(blob);
  make("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
