// Conversations that begin with a person, not with a meeting: those that the user starts, and those that others ask the
// user into. They are kept current by the events of the channel. Knows nothing of the page.

import { Conversation } from "./conversation.js";
import { messageText } from "./message-text.js";
import { t } from "./texts.js";
import { embeddedIn, linkOf, linksOf, randomId } from "./ucwa.js";

const INVITATIONS = new Set(["messagingInvitation", "onlineMeetingInvitation"]);

// Why an invitation, or a conversation, is over; NAME is the other's.
const ENDS = {
  Declined: t`NAME declined.`,
  Timeout: t`NAME did not answer.`,
  Unreachable: t`NAME can’t be reached by messages now.`,
  DoNotDisturb: t`NAME does not want to be disturbed now.`,
  Busy: t`NAME has too many conversations at the moment.`,
  DestinationNotFound: t`NAME is not known to this server.`,
  Canceled: t`The invitation was cancelled.`,
  ConnectedElsewhere: t`You answered elsewhere.`,
  Ended: t`NAME has left the conversation.`,
};

// One of them. `uri`, `name`: of the other, or of who invited; `incoming`: whether the user was invited; `first`: the
// message that came with the invitation; `end`: in words why it is over, null while it is not.
export class Talk {
  unread = 0;
  end = null;

  constructor({ key, uri, name, incoming, first = null, toMeeting = false, accepted = false }) {
    Object.assign(this, { key, uri, name, incoming, first, toMeeting, accepted });
  }

  get waits() {
    return this.incoming && !this.accepted && this.end === null;
  }

  get isOn() {
    return this.end === null && !this.waits;
  }
}

export class Talks {
  all = new Map(); // by the invitation's href, those in progress, or that ended while they were shown
  #client;
  #session;
  #changed;
  #started = new Set(); // operationIds of invitations that this page sent

  // changed(talk, part, words): as a Conversation says it; `part` is also "invited", "started" or "over".
  constructor(client, session, changed) {
    this.#client = client;
    this.#session = session;
    this.#changed = changed;
  }

  // The latest conversation with somebody; undefined: there is none.
  with(uri) {
    return [...this.all.values()].filter((talk) => talk.uri.toLowerCase() === uri.toLowerCase() && !talk.waits).at(-1);
  }

  get waiting() {
    return [...this.all.values()].filter((talk) => talk.waits);
  }

  get memory() {
    return [...this.all.values()]
      .filter((talk) => talk.end === null)
      .map(({ conversation, end, unread, ...talk }) => ({ ...talk, unread, conversation: conversation.memory }));
  }

  // Goes on with what was remembered, as far as it is still there.
  async restore(memories) {
    for (const { conversation, unread, ...memory } of memories) {
      const talk = this.#begin(memory, conversation);
      talk.unread = unread;
      try {
        await talk.conversation.restore();
        this.#changed(talk, "started");
      } catch {
        this.all.delete(talk.key);
      }
    }
  }

  // Invites somebody; what comes of it, the events say.
  async start(uri) {
    const operationId = randomId();
    this.#started.add(operationId);
    await this.#session.run((application) => {
      const [communication] = embeddedIn(application, "communication");
      return this.#client.post(linkOf(communication, "startMessaging"), { to: uri, operationId });
    });
  }

  async accept(talk) {
    await this.#client.post(linkOf(talk.invitation, "accept"));
    talk.accepted = true;
    this.#changed(talk, "started");
  }

  async decline(talk) {
    await this.#client.post(linkOf(talk.invitation, "decline"), { reason: "Global" });
  }

  // Ends a conversation, or takes back the invitation to it.
  async leave(talk) {
    this.forget(talk);
    await talk.conversation.leave();
  }

  // What is over need not be shown any more.
  forget(talk) {
    this.all.delete(talk.key);
    this.#changed(talk, "over");
  }

  // The application has ended, and with it all conversations.
  lost() {
    for (const talk of this.all.values()) this.#end(talk, t`This page lost contact with the server for a while.`);
  }

  take(event) {
    const { type, link, resource } = event;
    if (INVITATIONS.has(link.rel) && type === "started" && !this.all.has(link.href))
      this.#takeInvitation(link, resource);
    for (const talk of this.all.values()) talk.conversation.take(event);
    if (link.rel === "participantInvitation" && event.status === "Failure") this.#notAdded(event);
  }

  #takeInvitation({ href: key, rel }, invitation) {
    const incoming = invitation.direction === "Incoming";
    const toMeeting = rel === "onlineMeetingInvitation";
    if (!incoming && (toMeeting || !this.#started.delete(invitation.operationId))) return;
    const [from] = embeddedIn(invitation, "from");
    const [to] = linksOf(invitation, "to");
    const uri = incoming ? from.uri : invitation.to;
    const name = (incoming ? from.name : to?.title) || uri.replace(/^sip:/i, "");
    const [message] = embeddedIn(invitation, "message");
    const first = message ? messageText(message) : null;
    const hrefs = { invitation: key, conversation: linkOf(invitation, "conversation") };
    const talk = this.#begin({ key, uri, name, incoming, first, toMeeting, invitation }, hrefs);
    this.#changed(talk, incoming ? "invited" : "started");
  }

  #begin(facts, hrefs) {
    const talk = new Talk(facts);
    talk.invitation = facts.invitation;
    talk.conversation = new Conversation(this.#client, hrefs, (part, words) => this.#takeChange(talk, part, words));
    this.all.set(talk.key, talk);
    return talk;
  }

  #takeChange(talk, part, words) {
    const { conversation } = talk;
    if (part === "stage" && conversation.stage === "over") {
      const { subcode, message } = conversation.reason ?? {};
      this.#end(talk, (ENDS[subcode] ?? message ?? t`The conversation is over.`).replace("NAME", talk.name));
    } else this.#changed(talk, part, words);
  }

  #end(talk, words) {
    if (talk.end !== null) return;
    const waited = talk.waits;
    talk.end = words;
    if (waited) this.all.delete(talk.key);
    this.#changed(talk, "over", waited ? null : words);
  }

  #notAdded({ resource, reason }) {
    const name = linksOf(resource, "to")[0]?.title || resource?.to?.replace(/^sip:/i, "") || t`The person`;
    const words = (ENDS[reason?.subcode] ?? reason?.message ?? t`NAME could not be added.`).replace("NAME", name);
    this.#changed(null, "added", words);
  }
}
