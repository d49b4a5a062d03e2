// A live meeting, or a conversation of two, as one of its participants sees it: kept current by the events of the channel,
// and what that participant can do in it. Knows nothing of the page.

import { messageText } from "./message-text.js";
import { plainName } from "./names.js";
import { t } from "./texts.js";
import { embeddedIn, linkOf, linksOf, randomId } from "./ucwa.js";
import { changesBetween, toWire, valueText } from "./values.js";

const TYPING_PAUSE = 4000; // ms between two notices to the server that somebody is still typing
const MAX_ANNOUNCED = 3; // changes of one extension that are announced one by one
const MAX_FETCHED_MESSAGES = 50;
const PENDING = new Set(["Connecting", "Incoming"]); // states of a conversation whose invitation is not answered

export class Conversation {
  stage = "joining"; // joining, lobby, inside, over
  reason = null; // why it is over: UCWA's reason {subcode, message}; null: none was given
  resource = null; // the conversation
  meeting = null; // the onlineMeeting
  me = null; // the localParticipant
  messaging = null;
  people = new Map(); // the other participants, by href
  waiting = new Map(); // those in the lobby, by href; for leaders
  typing = new Map(); // the names of those who type, by href
  messages = []; // {key, name, mine, sent, text}
  draft = ""; // what was typed and not sent, while another one is shown
  extensions = new Map(); // by id
  changes = new Map(); // by an extension's id, what its last change did: property -> new, changed
  #client;
  #invitation;
  #href; // the conversation's
  #changed;
  #connecting = false;
  #held = null; // events that wait until what is there has been read
  #keys = new Set(); // of the messages
  #stamps = new Map(); // when one's own messages were sent, of which the text is not known yet
  #lastTyped = -Infinity; // when typing was last reported to the server

  // `invitation`, `conversation`: the hrefs that joining gave, as far as it did; `messages`, `draft`: what was said and
  // typed before.
  // `changed(part, words)`: says which part is different now (stage, meeting, people, waiting, messages, typing, data)
  // and, where people should be notified of it, in words.
  constructor(client, { invitation, conversation, messages = [], draft = "" }, changed) {
    this.#client = client;
    this.#invitation = invitation ?? null;
    this.#href = conversation ?? null;
    this.#changed = changed;
    this.draft = draft;
    for (const message of messages) this.#add(message);
  }

  get leads() {
    return this.me?.role === "Leader" && this.stage === "inside";
  }

  get canSend() {
    return linkOf(this.messaging, "sendMessage") !== undefined;
  }

  // What it takes to go on with it after the page was loaded again.
  get memory() {
    const { messages, draft } = this;
    return { invitation: this.#invitation, conversation: this.#href, messages: messages.slice(-200), draft };
  }

  // Reads what is there now, for one that this page has not followed from its beginning. Rejects where it is over.
  async restore() {
    this.#held = [];
    const read = async (href) => (href === undefined ? undefined : (await this.#client.get(href)).resource);
    try {
      this.resource = await read(this.#href);
      this.me = await read(linkOf(this.resource, "localParticipant"));
      if (this.resource.state === "InLobby") this.#enter("lobby");
      else {
        const rels = ["onlineMeeting", "messaging", "participants", "lobby"];
        const [meeting, messaging, participants, lobby] = await Promise.all(
          rels.map((rel) => read(linkOf(this.resource, rel))),
        );
        await this.#readPeople(participants, lobby, read);
        await this.#readMessages(messaging, read);
        this.#takeMeeting(meeting);
        if (PENDING.has(this.resource.state)) this.messaging = messaging;
        else {
          this.#enter("inside");
          await this.#takeMessaging(messaging);
        }
      }
    } finally {
      const held = this.#held;
      this.#held = null;
      for (const event of held) this.take(event);
    }
  }

  // Takes one event of the channel.
  take(event) {
    if (this.#held !== null) {
      this.#held.push(event);
      return;
    }
    const { link, resource } = event;
    if (link.rel === "onlineMeetingInvitation" || link.rel === "messagingInvitation") {
      if (link.href === this.#invitation) this.#takeInvitation(event);
    } else if (link.rel === "conversation") {
      if (link.href === this.#href) this.#takeConversation(event);
    } else if (event.sender.href === this.#href) {
      if (link.rel === "localParticipant") this.#takeMe(resource);
      else if (link.rel === "participant") this.#takeParticipant(event);
      else if (link.rel === "messaging") this.#takeMessaging(resource);
      else if (link.rel === "message") this.#takeMessage(event);
      else if (link.rel === "onlineMeeting") this.#takeMeeting(resource);
    }
  }

  // Whether it is a meeting, not a conversation of two.
  get isMeeting() {
    return this.resource?.state === "Conferenced" || this.resource?.state === "InLobby";
  }

  get canAdd() {
    return this.stage === "inside" && linkOf(this.resource, "addParticipant") !== undefined;
  }

  // Invites somebody; a conversation of two becomes a meeting. What comes of it, an invitation's events say.
  async add(uri) {
    await this.#client.post(linkOf(this.resource, "addParticipant"), { to: uri, operationId: randomId() });
  }

  // Follows a participant's link: admit, reject, promote, demote, eject.
  async act(participant, rel) {
    await this.#client.post(linkOf(participant, rel));
  }

  async send(text) {
    const type = "text/plain; charset=utf-8";
    const { location } = await this.#client.post(linkOf(this.messaging, "sendMessage"), text, { type });
    this.#lastTyped = -Infinity;
    const sent = this.#stamps.get(location) ?? toWire(new Date());
    this.#stamps.delete(location);
    this.#add({ key: location, name: this.me?.name ?? "", mine: true, sent, text });
    this.#changed("messages");
  }

  // To be called at each keystroke; reports typing to the server now and then.
  async typed() {
    const href = linkOf(this.messaging, "setIsTyping");
    if (!href || performance.now() - this.#lastTyped < TYPING_PAUSE) return;
    this.#lastTyped = performance.now();
    await this.#client.post(href);
  }

  // Leaves the meeting; what comes of that, the events say.
  async leave() {
    this.stage = "over";
    const href = linkOf(this.resource, "self") ?? this.#href;
    if (href) await this.#client.delete(href);
  }

  async #readPeople(participants, lobby, read) {
    const own = linkOf(this.me, "self");
    const hrefs = linksOf(participants, "participant").map(({ href }) => href);
    const found = await Promise.allSettled(hrefs.filter((href) => href !== own).map(read));
    for (const { value } of found) if (value) this.people.set(linkOf(value, "self"), named(value));
    for (const person of embeddedIn(lobby, "participant")) this.waiting.set(linkOf(person, "self"), named(person));
  }

  // Those that came while the page was loaded again.
  async #readMessages(messaging, read) {
    const href = linkOf(messaging, "sendMessage");
    if (href === undefined) return;
    const latest = linksOf(await read(href), "message").slice(-MAX_FETCHED_MESSAGES);
    const missing = latest.filter((link) => !this.#keys.has(link.href));
    for (const { value } of await Promise.allSettled(missing.map((link) => read(link.href)))) {
      if (value) this.#takeMessage({ link: { href: linkOf(value, "self") }, resource: value });
    }
  }

  #takeInvitation({ type, status, reason, resource }) {
    this.#href ??= linkOf(resource, "conversation") ?? null;
    if (type !== "completed") return;
    if (status === "Success") this.#enter("inside");
    else this.#end(reason);
  }

  #takeConversation({ type, reason, resource }) {
    if (type === "deleted") {
      this.#end(reason);
      return;
    }
    this.resource = resource;
    if (resource.state === "InLobby") this.#enter("lobby");
    else if (this.#invitation === null && !PENDING.has(resource.state)) this.#enter("inside");
    this.#changed("meeting");
  }

  #takeMe(resource) {
    const role = this.me?.role;
    this.me = resource;
    this.#changed("people", this.stage === "inside" && role !== resource.role ? ownRoleWords(resource) : null);
    if (role === "Leader" && resource.role !== "Leader") {
      // Only leaders see who waits.
      this.waiting.clear();
      this.#changed("waiting");
    }
  }

  #takeParticipant({ type, link, in: within, resource }) {
    const name = plainName(link.title ?? resource?.name ?? "");
    if (within?.rel === "lobby") {
      if (type === "deleted") this.waiting.delete(link.href);
      else this.waiting.set(link.href, named(resource));
      this.#changed("waiting", type === "added" ? t`${name} is waiting in the lobby.` : null);
    } else if (within?.rel === "typingParticipants") {
      if (type === "added") this.typing.set(link.href, name);
      else this.typing.delete(link.href);
      this.#changed("typing");
    } else if (!within) {
      const before = this.people.get(link.href);
      if (type === "deleted") this.people.delete(link.href);
      else this.people.set(link.href, named(resource));
      if (type === "deleted" && this.typing.delete(link.href)) this.#changed("typing");
      const words = { added: before ? null : t`${name} has joined.`, deleted: t`${name} has left.` }[type];
      const promoted = before && resource && before.role !== resource.role;
      this.#changed("people", this.#ifNews(words ?? (promoted ? roleWords(name, resource) : null)));
    }
  }

  async #takeMessaging(resource) {
    this.messaging = resource;
    this.#changed("messages");
    const href = linkOf(resource, "addMessaging");
    if (!href || this.#connecting) return;
    this.#connecting = true;
    try {
      await this.#client.post(href, { operationId: randomId() });
    } catch {
      this.#changed("messages", t`Messages are not available at the moment.`);
    } finally {
      this.#connecting = false;
    }
  }

  // One's own message may come without its text, which is known from sending it.
  #takeMessage({ link, resource }) {
    const mine = resource.direction === "Outgoing";
    const text = messageText(resource);
    if (text === null) this.#stamps.set(link.href, resource.timeStamp);
    else {
      const name = plainName(linksOf(resource, "participant")[0]?.title ?? "");
      this.#add({ key: link.href, name, mine, sent: resource.timeStamp, text });
      this.#changed("messages");
    }
  }

  #add(message) {
    if (this.#keys.has(message.key)) return;
    this.#keys.add(message.key);
    this.messages.push(message);
  }

  #takeMeeting(resource) {
    this.meeting = resource ?? null;
    const before = this.extensions;
    this.extensions = new Map(embeddedIn(resource, "onlineMeetingExtension").map((each) => [each.id, each]));
    this.#changed("meeting");
    if (this.stage !== "inside") {
      this.#changed("data");
      return;
    }
    const words = [];
    for (const [id, extension] of this.extensions) {
      const changes = changesBetween(before.get(id), extension);
      if (changes.size === 0 && before.has(id)) continue;
      this.changes.set(id, changes);
      words.push(before.has(id) ? changeWords(extension, changes) : t`Shared data “${id}” was added.`);
    }
    for (const id of before.keys()) {
      if (this.extensions.has(id)) continue;
      this.changes.delete(id);
      words.push(t`Shared data “${id}” was removed.`);
    }
    this.#changed("data", words.join(" ") || null);
  }

  #enter(stage) {
    if (this.stage === stage || this.stage === "over") return;
    this.stage = stage;
    this.#changed("stage");
  }

  #end(reason) {
    if (this.stage === "over") return;
    this.stage = "over";
    this.reason = reason ?? null;
    this.#changed("stage");
  }

  // Those who are there at the beginning are no news.
  #ifNews(words) {
    return this.stage === "inside" ? words : null;
  }
}

// A participant by a name that changes nothing around it.
function named(participant) {
  return { ...participant, name: plainName(participant.name ?? "") };
}

function ownRoleWords({ role }) {
  return role === "Leader" ? t`You are now a leader.` : t`You are no longer a leader.`;
}

function roleWords(name, { role }) {
  return role === "Leader" ? t`${name} is now a leader.` : t`${name} is no longer a leader.`;
}

function changeWords(extension, changes) {
  const named = [...changes].filter(([name]) => name !== "");
  const said = named
    .slice(0, MAX_ANNOUNCED)
    .map(([name, change]) =>
      change === "removed" ? t`${name} was removed` : t`${name} is now ${short(valueText(extension[name]))}`,
    );
  if (named.length > MAX_ANNOUNCED) said.push(t`${named.length - MAX_ANNOUNCED} more changed`);
  return `${extension.id}: ${said.join("; ") || t`its visibility has changed`}.`;
}

function short(text) {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text || t`empty`;
}
