// A live meeting as one of its participants sees it: kept true by the events of the channel, and what that participant
// can do in it. Knows nothing of the page; `tell(part, words)` says which part of it changed (stage, meeting, people,
// waiting, messages, typing, data) and, where people should hear of it, in words.

import { embeddedIn, linkOf, randomId } from "./ucwa.js";
import { customProperties, valueText } from "./values.js";

const TYPING_PAUSE = 4000; // ms between two times of telling the server that somebody types still
const MOST_SAID = 3; // changes of one extension that are said in words; of more only how many

export class Room {
  stage = "joining"; // joining, lobby, room, over
  reason = null; // why it is over: UCWA's reason {subcode, message}; null: nobody said
  conversation = null;
  meeting = null; // the onlineMeeting
  me = null; // the localParticipant
  messaging = null;
  people = new Map(); // the other participants, by href
  waiting = new Map(); // those in the lobby, by href; for leaders
  typing = new Map(); // the names of those who type, by href
  messages = []; // {name, mine, at, text}
  extensions = new Map(); // by id
  changes = new Map(); // by an extension's id, what its last change did: property -> new, changed
  #client;
  #invitation;
  #href = null; // the conversation's
  #tell;
  #connecting = false;
  #told = -Infinity; // when the server was last told that somebody types

  // `invitation`: the href that joining gave.
  constructor(client, invitation, tell) {
    this.#client = client;
    this.#invitation = invitation;
    this.#tell = tell;
  }

  get leads() {
    return this.me?.role === "Leader" && this.stage === "room";
  }

  // Takes one event of the channel.
  take(event) {
    const { link, resource } = event;
    if (link.rel === "onlineMeetingInvitation") {
      if (link.href === this.#invitation) this.#takeInvitation(event);
    } else if (link.rel === "conversation") {
      if (link.href === this.#href) this.#takeConversation(event);
    } else if (event.sender.href === this.#href) {
      if (link.rel === "localParticipant") this.#takeMe(resource);
      else if (link.rel === "participant") this.#takeParticipant(event);
      else if (link.rel === "messaging") this.#takeMessaging(resource);
      else if (link.rel === "message") this.#takeMessage(resource);
      else if (link.rel === "onlineMeeting") this.#takeMeeting(resource);
    }
  }

  // Does what a participant's link of this rel says: admit, reject, promote, demote, eject.
  async act(participant, rel) {
    await this.#client.post(linkOf(participant, rel));
  }

  get canSend() {
    return linkOf(this.messaging, "sendMessage") !== undefined;
  }

  async send(text) {
    await this.#client.post(linkOf(this.messaging, "sendMessage"), text, { type: "text/plain; charset=utf-8" });
    this.#told = -Infinity;
  }

  // To be called at each stroke of a key; tells the server now and then.
  async typed() {
    const href = linkOf(this.messaging, "setIsTyping");
    if (!href || performance.now() - this.#told < TYPING_PAUSE) return;
    this.#told = performance.now();
    await this.#client.post(href);
  }

  #takeInvitation({ type, status, reason, resource }) {
    this.#href ??= linkOf(resource, "conversation") ?? null;
    if (type !== "completed") return;
    if (status === "Success") this.#enter("room");
    else this.#end(reason);
  }

  #takeConversation({ type, reason, resource }) {
    if (type === "deleted") {
      this.#end(reason);
      return;
    }
    this.conversation = resource;
    if (resource.state === "InLobby") this.#enter("lobby");
    else this.#tell("meeting");
  }

  #takeMe(resource) {
    const role = this.me?.role;
    this.me = resource;
    this.#tell("people", this.stage === "room" && role !== resource.role ? roleWords("You are", resource) : null);
    if (role === "Leader" && resource.role !== "Leader") {
      // Who waits is for leaders to know.
      this.waiting.clear();
      this.#tell("waiting");
    }
  }

  #takeParticipant({ type, link, in: within, resource }) {
    const name = link.title ?? resource?.name ?? "";
    if (within?.rel === "lobby") {
      if (type === "deleted") this.waiting.delete(link.href);
      else this.waiting.set(link.href, resource);
      this.#tell("waiting", type === "added" ? `${name} waits to be let in.` : null);
    } else if (within?.rel === "typingParticipants") {
      if (type === "added") this.typing.set(link.href, name);
      else this.typing.delete(link.href);
      this.#tell("typing");
    } else if (!within) {
      const before = this.people.get(link.href);
      if (type === "deleted") this.people.delete(link.href);
      else this.people.set(link.href, resource);
      const words = { added: `${name} has joined.`, deleted: `${name} has left.` }[type];
      const promoted = before && resource && before.role !== resource.role;
      this.#tell("people", this.#settled(words ?? (promoted ? roleWords(`${name} is`, resource) : null)));
    }
  }

  async #takeMessaging(resource) {
    this.messaging = resource;
    this.#tell("messages");
    const href = linkOf(resource, "addMessaging");
    if (!href || this.#connecting) return;
    this.#connecting = true;
    try {
      await this.#client.post(href, { operationId: randomId() });
    } catch {
      this.#tell("messages", "Messages are not available at the moment.");
    } finally {
      this.#connecting = false;
    }
  }

  #takeMessage(resource) {
    const sender = resource._links.participant;
    this.messages.push({
      name: sender?.title ?? "",
      mine: resource.direction === "Outgoing",
      sent: resource.timeStamp,
      text: messageText(resource),
    });
    this.#tell("messages");
  }

  #takeMeeting(resource) {
    this.meeting = resource;
    const before = this.extensions;
    this.extensions = new Map(embeddedIn(resource, "onlineMeetingExtension").map((each) => [each.id, each]));
    this.#tell("meeting");
    if (this.stage !== "room") {
      this.#tell("data");
      return;
    }
    const words = [];
    for (const [id, extension] of this.extensions) {
      const changes = compare(before.get(id), extension);
      if (changes.size === 0 && before.has(id)) continue;
      this.changes.set(id, changes);
      words.push(before.has(id) ? changeWords(extension, changes) : `Shared data “${id}” was added.`);
    }
    for (const id of before.keys()) {
      if (this.extensions.has(id)) continue;
      this.changes.delete(id);
      words.push(`Shared data “${id}” was removed.`);
    }
    this.#tell("data", words.join(" ") || null);
  }

  #enter(stage) {
    if (this.stage === stage || this.stage === "over") return;
    this.stage = stage;
    this.#tell("stage");
  }

  #end(reason) {
    if (this.stage === "over") return;
    this.stage = "over";
    this.reason = reason ?? null;
    this.#tell("stage");
  }

  // Those who are there at the beginning are no news.
  #settled(words) {
    return this.stage === "room" ? words : null;
  }
}

function roleWords(who, participant) {
  return `${who} ${participant.role === "Leader" ? "a leader now." : "no longer a leader."}`;
}

// What differs: property -> new, changed or removed.
function compare(before, after) {
  const old = new Map(before ? customProperties(before) : []);
  const now = customProperties(after);
  const changes = new Map();
  for (const [name, value] of now) {
    if (!old.has(name)) changes.set(name, "new");
    else if (JSON.stringify(old.get(name)) !== JSON.stringify(value)) changes.set(name, "changed");
    old.delete(name);
  }
  for (const name of old.keys()) changes.set(name, "removed");
  if (before && before.type !== after.type) changes.set("", "changed");
  return changes;
}

function changeWords(extension, changes) {
  const named = [...changes].filter(([name]) => name !== "");
  const said = named
    .slice(0, MOST_SAID)
    .map(([name, change]) =>
      change === "removed" ? `${name} was removed` : `${name} is now ${short(valueText(extension[name]))}`,
    );
  if (named.length > MOST_SAID) said.push(`${named.length - MOST_SAID} more changed`);
  return `${extension.id}: ${said.join("; ") || "who sees it has changed"}.`;
}

function short(text) {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text || "empty";
}

// What a message says, as text. Its content is a data URI, form-encoded.
function messageText(message) {
  const plain = linkOf(message, "plainMessage");
  const href = plain ?? linkOf(message, "htmlMessage") ?? "data:,";
  const content = decodeURIComponent(href.slice(href.indexOf(",") + 1).replaceAll("+", " "));
  return plain ? content : textOf(content) || content;
}

// The text of HTML. Its tags are taken away before anything parses it, so that nothing of it can come to life.
function textOf(html) {
  const escaped = html
    .replace(/<(script|style)\b[^>]*>[^]*?<\/\1>/gi, "")
    .replace(/<(br|\/p|\/div|\/li)\b[^>]*>/gi, "\n")
    .replace(/<[a-z!/][^>]*>/gi, "")
    .replaceAll("<", "&lt;");
  return new DOMParser().parseFromString(escaped, "text/html").body.textContent.trim();
}
