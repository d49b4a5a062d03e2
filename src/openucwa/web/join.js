// The join page: from an address, /meet/ADDRESS/ID, into the meeting, by a name or with an account; and out of it, with
// the reason in words. The page is the same for every address; what there is behind it the API says to who may know.

import { $, allFilled, busy, notify } from "./elements.js";
import { lastName, rememberName } from "./guest-name.js";
import { endingOf } from "./join-endings.js";
import { Notices } from "./notices.js";
import { PollTurns } from "./poll-turns.js";
import { isEnded, Session } from "./session.js";
import { SignInAgain, SignInForm } from "./sign-in.js";
import { Tab } from "./tab.js";
import { t } from "./texts.js";
import { ANONYMOUS, Elsewhere, PASSWORD, randomId, ServerAway, Ucwa } from "./ucwa.js";
import { backOff, pause } from "./ucwa-waits.js";
import { inWords, isWrongPassword } from "./words.js";

const AGENT = "openucwa join page";
const ASLEEP = 60_000; // ms in which the page rejoins once without being asked: more often, it was not just asleep
const MAX_FAILURES = 8; // attempts to reach the server then, over about two minutes
const ACCOUNTS_ONLY = document.documentElement.dataset.accountsOnly === "true";

class JoinPage {
  #client = new Ucwa();
  #tab = new Tab(location.pathname);
  #notices = new Notices();
  #grants = ACCOUNTS_ONLY ? [PASSWORD] : [ANONYMOUS]; // as far as it is known
  #incomplete = false; // whether a part of the page could not be loaded
  #known = false; // whether the server has said which there are
  #meeting = meetingOf(location.pathname); // {address, uri}; null: the address is of none
  #name = ""; // what the participant is called, where nobody else says it
  #username = "";
  #visit = null; // {session, conversation, presence, open, view}: what there is while one is in, or on the way
  #rejoined = -Infinity; // when the page last rejoined without being asked
  #previous = null; // what was said and typed in a visit that is over, for another one
  #form = new SignInForm(t`Sign in and join`, (username, password) => this.#joinByPassword(username, password));
  #again = new SignInAgain({
    signIn: (username, password) => this.#client.signIn(username, password),
    words: t`Sign in again to continue. You are still in the meeting.`,
    out: t`Leave`,
    giveUp: () => this.#leave(),
  });

  async start() {
    if (this.#meeting === null) {
      this.#over({ subcode: "NoAddress" });
      return;
    }
    $("host").textContent = this.#meeting.address;
    $("by-password").append(this.#form.element);
    $("by-name").addEventListener("submit", (event) => {
      event.preventDefault();
      busy(event.submitter, () => this.#joinByName());
    });
    $("other-way").addEventListener("click", () => this.#showForm($("by-name").hidden ? "by-name" : "by-password"));
    $("leave").addEventListener("click", () => this.#leave());
    $("leave-lobby").addEventListener("click", () => this.#leave());
    window.addEventListener("pagehide", () => this.#goAway());
    window.addEventListener("pageshow", (event) => event.persisted && location.reload());
    $("join").disabled = false;
    this.#recall(this.#tab.likely);
    if (this.#tab.likely.visit) this.#show("joining");
    else this.#ask();
    const memory = await this.#tab.open();
    this.#recall(memory);
    // It is needed soon; what goes wrong with it is said then.
    this.#load().catch(() => {});
    if (memory.visit && memory.credentials) await this.#resume(memory);
    else await this.#discover();
  }

  // What shows the meeting. Some browsers don't ask again for a script that did not come.
  async #load() {
    try {
      return await import("./join-meeting.js");
    } catch {
      this.#incomplete = true;
      throw new ServerAway();
    }
  }

  // What was typed while the page was loading stays.
  #recall(memory) {
    this.#name = memory.name ?? lastName();
    $("name").value ||= this.#name;
    this.#username = memory.username ?? "";
  }

  // Goes on as before the page was loaded again.
  async #resume({ credentials, visit }) {
    this.#client.resume(credentials);
    try {
      await this.#enter(visit);
    } catch (error) {
      if (error instanceof ServerAway || error instanceof Elsewhere) this.#fail(error);
      else {
        this.#client.signOut();
        await this.#discover();
      }
    }
  }

  // Finds out how one can sign in here. Meanwhile one can type.
  async #discover() {
    if ($("enter").hidden) this.#ask();
    try {
      this.#grants = await this.#client.discover();
      this.#known = true;
      if ($("enter").hidden) return;
      if (!$("by-name").hidden && !this.#grants.includes(ANONYMOUS)) this.#ask();
      else this.#offerOther();
    } catch (error) {
      if (!$("enter").hidden) this.#fail(error);
    }
  }

  #ask() {
    this.#show("enter");
    this.#showForm(this.#grants.includes(ANONYMOUS) && !this.#username ? "by-name" : "by-password");
  }

  #showForm(id) {
    notify($("enter-error"), null);
    for (const each of ["by-name", "by-password"]) $(each).hidden = each !== id;
    this.#offerOther();
    if (id === "by-name") $("name").focus();
    else this.#form.show(null, this.#username);
  }

  #offerOther() {
    $("other-way").hidden = !(this.#grants.includes(ANONYMOUS) && this.#grants.includes(PASSWORD));
    $("other-way").textContent = $("by-password").hidden ? t`Sign in with an account instead` : t`Join by name instead`;
  }

  // Ways in

  async #joinByName() {
    if (!allFilled([[$("name"), t`Please enter your name.`]])) return;
    notify($("enter-error"), null);
    try {
      await this.#client.signInToMeeting(this.#meeting.uri);
      this.#name = $("name").value.trim();
      this.#username = "";
      rememberName(this.#name);
      await this.#enter(null);
    } catch (error) {
      // By name there is nothing that could be typed better.
      if (this.#isFinal(error) || isWrongPassword(error)) this.#fail(error);
      else notify($("enter-error"), inWords(error));
    }
  }

  // What is wrong with what was typed is the form's to say.
  async #joinByPassword(username, password) {
    try {
      await this.#client.signIn(username, password);
      this.#username = username;
      this.#name = "";
      await this.#enter(null);
    } catch (error) {
      if (!this.#isFinal(error)) throw error;
      this.#fail(error);
    }
  }

  #isFinal(error) {
    return this.#client.signedIn || error instanceof ServerAway || error instanceof Elsewhere;
  }

  // In the meeting

  // Opens an application and joins with it, or goes on with what `memory` has of a visit; what comes of that, the events
  // tell.
  async #enter(memory) {
    this.#show("joining");
    if (this.#username) {
      this.#client.signInAgain = async () => {
        this.#notices.away(null); // the server has answered
        await this.#again.ask(this.#username);
        session.freshen();
      };
    }
    this.#client.credentialsChanged = (credentials) => this.#tab.remember({ credentials });
    const turns = new PollTurns(() => true);
    const listener = {
      event: (event) => this.#visit?.session === session && this.#take(event),
      away: this.#notices.away,
      over: (error) => this.#visit?.session === session && this.#lost(error),
    };
    // A new one for each visit: the last one may be about to end.
    const endpoint = memory?.endpoint ?? randomId();
    const session = new Session(this.#client, { agent: AGENT, endpoint, turns }, listener);
    await session.open();
    try {
      const [meeting, hrefs] = await Promise.all([this.#load(), this.#joined(session, memory)]);
      this.#begin(session, hrefs, meeting);
      if (hrefs.conversation) await this.#visit.conversation.restore();
    } catch (error) {
      this.#visit = null;
      session.end();
      throw error;
    }
    const { conversation } = this.#visit;
    this.#tab.remember({
      credentials: this.#client.credentials,
      name: this.#name,
      username: this.#username,
      visit: { ...conversation.memory, endpoint },
    });
    session.follow();
  }

  // What joining gives, or gave before the page was loaded again where that is still so.
  async #joined(session, memory) {
    const name = this.#name || undefined;
    if (memory?.conversation) {
      try {
        await this.#client.get(memory.conversation);
        return memory;
      } catch (error) {
        if (error.status !== 404) throw error;
      }
    }
    const joined = await this.#client.join(session.application, this.#meeting.uri, name);
    return { ...memory, ...joined, invitation: joined.invitation ?? memory?.invitation ?? null };
  }

  // `meeting`: the module join-meeting.js.
  #begin(session, hrefs, { Conversation, JoinedMeeting, PresenceWatch }) {
    const conversation = new Conversation(this.#client, hrefs, (part, words) => {
      if (this.#visit?.conversation === conversation) this.#changed(part, words);
    });
    // Guests see no presence.
    const presence = this.#username
      ? new PresenceWatch(this.#client, session, () => this.#visit?.view?.drawPresence())
      : null;
    const open = () => new JoinedMeeting(conversation, this.#notices, presence);
    this.#visit = { session, conversation, presence, open, view: null };
  }

  #take(event) {
    this.#visit.presence?.take(event);
    this.#visit?.conversation.take(event);
  }

  #changed(part, words) {
    const { conversation, view } = this.#visit;
    if (part === "stage") this.#stageChanged(conversation);
    else view?.draw(part);
    if (words) this.#notices.say(words);
  }

  #stageChanged({ stage, resource, reason }) {
    if (stage === "lobby") {
      $("lobby-subject").textContent = resource?.subject ?? "";
      this.#show("lobby");
    } else if (stage === "inside") {
      this.#visit.view = this.#visit.open();
      this.#visit.view.draw("waiting");
      this.#show("inside");
    } else if (stage === "over") this.#over(reason ?? { subcode: "Lost" });
  }

  #leave() {
    this.#over({ subcode: "Left" });
  }

  // The page goes, for good or to be loaded again.
  #goAway() {
    if (this.#visit === null) return;
    const { session, conversation } = this.#visit;
    this.#tab.remember({ visit: { ...conversation.memory, endpoint: session.endpoint } });
    session.leave(this.#tab);
  }

  // The server does not know the application any more: the device was asleep. Then the page rejoins without being asked.
  async #lost(error) {
    const forgotten = error.subcode === "ApplicationNotFound" || (!this.#username && isWrongPassword(error));
    if (!forgotten || Date.now() - this.#rejoined < ASLEEP) {
      this.#fail(error);
      return;
    }
    this.#rejoined = Date.now();
    this.#end();
    try {
      await this.#enterAgain();
      this.#notices.say(t`This page lost contact with the server, and joined the meeting again.`);
    } catch (failure) {
      if (failure.subcode === "DestinationNotFound" || isWrongPassword(failure)) this.#over({ subcode: "Ended" });
      else this.#fail(failure);
    }
  }

  // With the same token or, as a guest's cannot be renewed for ever, with a new one under the same name. The network of a
  // device that wakes up may take a while.
  async #enterAgain() {
    for (let failures = 0; ; failures += 1) {
      try {
        await this.#enterByAnyToken();
        return this.#notices.away(null);
      } catch (error) {
        if (!(error instanceof ServerAway) || failures === MAX_FAILURES) throw error;
        this.#notices.away(error);
        await pause(backOff(failures + 1));
      }
    }
  }

  async #enterByAnyToken() {
    try {
      await this.#enter(this.#previous);
    } catch (error) {
      if (this.#username || !isWrongPassword(error)) throw error;
      await this.#client.signInToMeeting(this.#meeting.uri);
      await this.#enter(this.#previous);
    }
  }

  // Out of it

  #fail(error) {
    if (error instanceof Elsewhere) this.#over({ subcode: "Elsewhere", address: error.address });
    else if (error instanceof ServerAway) this.#over({ subcode: "Away" });
    else if (error.subcode === "DestinationNotFound" || isWrongPassword(error)) this.#over({ subcode: "NotFound" });
    else if (error.status === 401) this.#over({ subcode: "SignedOut" });
    else if (isEnded(error)) this.#over({ subcode: "Lost" });
    else this.#over({ message: inWords(error) });
  }

  // The end of a visit, or of the attempt at one. `reason`: {subcode, message?}, as the server says it or one of ENDS.
  #over(reason) {
    this.#end();
    const elsewhere = reason.subcode === "Elsewhere";
    const [title, words, again] = elsewhere
      ? [t`The meeting is at another address`, t`Go there to join it:`, null]
      : endingOf(reason);
    $("over-title").textContent = title;
    $("over-words").textContent = words;
    $("over-address").hidden = !elsewhere;
    if (elsewhere) {
      $("over-link").href = reason.address + location.pathname;
      $("over-link").textContent = reason.address;
    }
    $("again-row").hidden = again === null;
    $("again").textContent = again ?? "";
    $("again").onclick = () => busy($("again"), () => this.#tryAgain(reason.subcode));
    this.#show("over");
  }

  #end() {
    const visit = this.#visit;
    this.#visit = null;
    if (visit) this.#previous = { messages: visit.conversation.memory.messages, draft: visit.conversation.draft };
    visit?.view?.close();
    visit?.session.end();
    this.#tab.remember({ visit: null });
    this.#again.close();
    this.#notices.away(null);
  }

  // Once more, as the same one where that is still possible.
  async #tryAgain(subcode) {
    if (this.#incomplete) {
      location.reload();
      return;
    }
    if (this.#client.signedIn && subcode !== "SignedOut" && subcode !== "NotFound") {
      await this.#enter(this.#previous).catch((error) => this.#fail(error));
      return;
    }
    this.#client.signOut();
    this.#previous = null;
    if (!this.#known) await this.#discover();
    else this.#ask();
  }

  #show(stage) {
    const isInside = stage === "inside";
    $("outside").hidden = isInside;
    $("inside").hidden = !isInside;
    for (const section of document.querySelectorAll("#outside section")) section.hidden = section.id !== stage;
    document.body.classList.toggle("is-inside", isInside);
    const heading = isInside ? $("subject") : $(`${stage}-title`);
    if (!isInside) this.#notices.title = heading.textContent;
    heading.focus();
  }
}

// The meeting that an address of this page is about; null: it is about none.
function meetingOf(path) {
  try {
    const [, address, id] = /\/meet\/+([^/]+)\/+([^/]+)\/*$/i.exec(path).map(decodeURIComponent);
    return /^[^@;]+@[^@;]+$/.test(address)
      ? { address, uri: `sip:${address};gruu;opaque=app:conf:focus:id:${id}` }
      : null;
  } catch {
    return null;
  }
}

new JoinPage().start();
