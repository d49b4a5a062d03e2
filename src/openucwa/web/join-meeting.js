// The meeting on the join page, once one is in it: its name, what applications share in it, and the live conversation;
// side by side, or one part at a time where the window is narrow. Loaded while the user types a name.

import { $, keep, make } from "./elements.js";
import { audienceTag, ChangeMarks, propertiesTable } from "./extension-table.js";
import { LiveConversation } from "./live-conversation.js";
import { isExpired, openUntil } from "./meeting-words.js";
import { planned, SCHEDULE_ID } from "./schedule.js";
import { withoutScheme } from "./sip.js";
import { t } from "./texts.js";
import { dateText } from "./values.js";
import { timesElements } from "./when.js";

export { Conversation } from "./conversation.js";
export { PresenceWatch } from "./presence-watch.js";

const AUDIENCE = { everyone: t`everyone here`, organizer: t`the organizer only` };

export class JoinedMeeting {
  #conversation;
  #notices;
  #live;
  #marks = new ChangeMarks((id) => {
    this.#conversation.changes.delete(id);
    this.#drawData();
  });

  // `presence`: a PresenceWatch; null: the user may not see any.
  constructor(conversation, notices, presence) {
    this.#conversation = conversation;
    this.#notices = notices;
    this.#live = new LiveConversation(2, presence);
    $("who").replaceChildren(this.#live.people.element);
    $("talk").replaceChildren(this.#live.messages.element);
    $("extensions").replaceChildren();
    for (const each of $("parts").children) each.onclick = () => this.#choose(each.dataset.part);
    this.#live.messages.counted = () => this.#count();
    this.#live.show(conversation);
    this.#choose($("parts-shown").dataset.part); // a page that joins again stays where it was
    this.#drawMeeting();
    this.#drawData();
    this.#drawWaiting();
  }

  close() {
    this.#marks.clear();
    this.#notices.lobby([]);
    this.#live.show(null);
  }

  // A presence is known, or has changed.
  drawPresence() {
    this.#live.drawPresence();
  }

  // Shows what is different in one part of the conversation.
  draw(part) {
    const drawn = this.#live.draw(part);
    if (part === "meeting") this.#drawMeeting();
    else if (part === "data") {
      this.#drawMeeting();
      this.#drawData();
    } else if (part === "waiting") this.#drawWaiting();
    else if (part === "messages") this.#announce(drawn.filter((message) => !message.mine));
    this.#drawCounts();
  }

  #drawMeeting() {
    const { meeting, resource, extensions } = this.#conversation;
    const subject = meeting?.subject || resource?.subject || t`Online meeting`;
    $("subject").textContent = this.#notices.title = subject;
    const organizer = meeting?.organizerName || withoutScheme(meeting?.organizerUri ?? "");
    $("organizer").textContent = organizer && t`Organized by ${organizer}`;
    const date = meeting ? openUntil(meeting).date : null;
    const time = date && make("time", { datetime: date.toISOString() }, dateText(date));
    const until = date ? [isExpired(meeting) ? t`Closed since` : t`Open until`, " ", time] : [];
    const { times } = planned({}, extensions.values());
    $("expires").replaceChildren(...(times ? timesElements(times) : until));
  }

  #drawWaiting() {
    const names = [...this.#conversation.waiting.values()].map((each) => each.name);
    const show = () => {
      this.#choose("who");
      this.#live.people.showWaiting();
    };
    this.#notices.lobby(names.length ? [{ id: "here", names, where: "", label: t`Show`, show }] : []);
  }

  // Where the messages are not in view, it is said that there are some.
  #announce(fresh) {
    if (fresh.length === 0 || $("talk").checkVisibility()) return;
    this.#notices.say(t`Message from ${fresh.at(-1).name}.`);
  }

  // But for the one that says begin and end.
  get #extensions() {
    const { extensions } = this.#conversation;
    const { times } = planned({}, extensions.values());
    return [...extensions.values()].filter(({ id }) => times === null || id !== SCHEDULE_ID);
  }

  #drawData() {
    const { changes } = this.#conversation;
    const extensions = this.#extensions;
    const draw = (each, drawn) => this.#extension(each, drawn, changes.get(each.id));
    keep($("extensions"), extensions, (each) => each.id, draw, $("data-title"));
    $("no-data").hidden = extensions.length > 0;
    this.#drawCounts();
  }

  #extension(extension, drawn, changes) {
    if (drawn && drawn.changes === changes) return drawn;
    const { id, type } = extension;
    const head = make(
      "div",
      { class: "extension-head" },
      make("h3", { class: "mono" }, id),
      audienceTag(type, AUDIENCE),
    );
    const element = make(
      "article",
      { class: "card extension", "aria-label": id },
      head,
      propertiesTable(extension, changes, drawn),
    );
    if (changes) this.#marks.set(id, changes);
    return Object.assign(element, { changes });
  }

  #choose(part) {
    $("parts-shown").dataset.part = part;
    for (const each of $("parts").children) {
      if (each.dataset.part === part) each.setAttribute("aria-current", "true");
      else each.removeAttribute("aria-current");
    }
    this.#drawCounts();
  }

  #count() {
    this.#notices.unread = this.#live.messages.unread;
    this.#drawCounts();
  }

  #drawCounts() {
    const { unread } = this.#live.messages;
    const { people, waiting } = this.#conversation;
    $("data-count").textContent = this.#extensions.length || "";
    $("unread").textContent = unread ? t`${unread} new` : "";
    $("people-count").classList.toggle("waits", waiting.size > 0);
    $("people-count").textContent = waiting.size ? t`${waiting.size} waiting` : people.size + 1;
  }
}
