// The console of those who organize meetings, at / in a browser: signing in and out, and what is shown when. It is a
// client of the public API, as any other; what it shows is in console-visit.js, which comes while somebody signs in.

import { $, busy, make } from "./elements.js";
import { leaveFor, loadIssuers, renewed, returned } from "./issuers.js";
import { Notices } from "./notices.js";
import { PollTurns } from "./poll-turns.js";
import { Session } from "./session.js";
import { SignInAgain, SignInForm } from "./sign-in.js";
import { Tab } from "./tab.js";
import { t } from "./texts.js";
import { PASSWORD, randomId, Ucwa } from "./ucwa.js";
import { inWords } from "./words.js";

const PRODUCT = document.title; // the server's name
const AGENT = "openucwa console";
const REFRESH = 60_000; // ms between two reads of what has changed elsewhere

// What shows the meetings. Some browsers don't ask again for a script that did not come.
async function loadVisit() {
  try {
    return await import("./console-visit.js");
  } catch {
    throw new Error(t`A part of this page did not load. Please load the page again.`);
  }
}

class ConsolePage {
  #client = new Ucwa();
  #tab = new Tab("console");
  #notices = new Notices();
  #form = new SignInForm(t`Sign in`, (username, password) => this.#signIn(username, password));
  #again = new SignInAgain({
    signIn: (username, password) => this.#client.signIn(username, password),
    words: t`Sign in again to continue. What you typed is still here.`,
    out: t`Sign out`,
    giveUp: () => this.#signOut(null),
  });
  #visit = null; // a Visit, while somebody is signed in
  #discovering = null; // the promise of the grants that the server offers

  async start() {
    $("sign-in").append(this.#form.element);
    $("sign-out").addEventListener("click", async () => {
      if (await this.#visit.sections.mayLeave()) this.#signOut(null);
    });
    $("skip").addEventListener("click", (event) => {
      event.preventDefault();
      [...document.querySelectorAll("#detail h1")].find((heading) => heading.checkVisibility())?.focus();
    });
    window.addEventListener("hashchange", () => this.#visit?.sections.follow(location.hash));
    window.addEventListener("beforeunload", (event) => this.#visit?.sections.editing && event.preventDefault());
    window.addEventListener("pagehide", () => this.#leave());
    window.addEventListener("pageshow", (event) => event.persisted && location.reload());
    document.addEventListener("visibilitychange", () => this.#refresh());
    window.addEventListener("focus", () => this.#refresh());
    setInterval(() => this.#refresh(), REFRESH);
    loadIssuers().then((choices) => this.#offerIssuers(choices));
    const memory = await this.#tab.open();
    if (memory.credentials) $("front").hidden = true;
    // It is needed soon; what goes wrong with it is said then.
    loadVisit().catch(() => {});
    if (memory.credentials) await this.#resume(memory);
    else await this.#arrive();
  }

  // Nobody is signed in; but somebody may come back from an issuer.
  async #arrive() {
    try {
      const tokens = await returned();
      if (tokens) return await this.#enterWith(tokens);
      this.#show("front");
      this.#discover().catch(() => {}); // an error is shown when the user signs in
    } catch (error) {
      this.#forget();
      this.#show("front");
      this.#form.show(inWords(error));
    }
  }

  // Finds out where tokens are granted, while the user still types.
  #discover() {
    this.#discovering ??= this.#client.discover().catch((error) => {
      this.#discovering = null;
      throw error;
    });
    return this.#discovering;
  }

  #offerIssuers(choices) {
    const buttons = choices.map((choice) => {
      const button = make("button", { type: "button" }, t`Sign in with ${choice.name}`);
      button.addEventListener("click", () => busy(button, () => leaveFor(choice)));
      return button;
    });
    $("issuers").replaceChildren(...buttons);
    $("issuers").hidden = !buttons.length;
  }

  async #enterWith(tokens) {
    await this.#client.signInWith(tokens.accessToken);
    this.#tab.remember({ tokens });
    await this.#enter("", randomId(), null, tokens);
  }

  // New tokens of the issuer in place of those that have expired.
  async #renew(tokens) {
    const fresh = await renewed(tokens);
    this.#tab.remember({ tokens: fresh });
    this.#client.signInAgain = () => this.#renew(fresh);
    await this.#client.signInWith(fresh.accessToken);
  }

  async #signIn(username, password) {
    const grants = await this.#discover();
    if (!grants.includes(PASSWORD)) throw new Error(t`This server does not offer password sign-in.`);
    await this.#client.signIn(username, password);
    try {
      await this.#enter(username, randomId(), null);
    } catch (error) {
      this.#forget();
      throw error;
    }
  }

  // Goes on as before the page was loaded again.
  async #resume({ credentials, username, endpoint, tokens = null, ...memory }) {
    this.#client.resume(credentials);
    try {
      await this.#enter(username, endpoint, memory, tokens);
    } catch (error) {
      this.#forget();
      this.#show("front");
      this.#form.show(error.status === 401 ? null : inWords(error), username);
    }
  }

  // `tokens`: those of the issuer where the user signed in; null: it was with a password.
  async #enter(username, endpoint, memory, tokens = null) {
    this.#client.signInAgain = async () => {
      this.#notices.away(null); // the server has answered
      await (tokens ? this.#renew(tokens) : this.#again.ask(username));
      session.freshen();
    };
    this.#client.credentialsChanged = (credentials) => this.#tab.remember({ credentials });
    const turns = new PollTurns(() => this.#visit?.listens ?? false);
    const listener = {
      event: (event) => this.#visit?.take(event),
      away: this.#notices.away,
      reopened: () => this.#visit?.reopened(),
      over: (error) => this.#visit?.session === session && this.#signOut(inWords(error)),
    };
    const session = new Session(this.#client, { agent: AGENT, endpoint, turns }, listener);
    const [{ Visit }] = await Promise.all([loadVisit(), session.open()]);
    this.#tab.remember({ credentials: this.#client.credentials, username, endpoint, live: null, talks: null });
    const visit = new Visit(this.#client, session, this.#notices, () =>
      this.#signOut(t`You are signed out everywhere.`, "good"),
    );
    this.#visit = visit;
    $("who").textContent ||= username;
    session.follow();
    this.#show("console");
    await visit.start(memory);
    await visit.sections.follow(location.hash);
    if (!location.hash) $("meetings-title").focus();
  }

  // `why`: what is said of it; null: nothing. `kind`: "good" if it was wanted.
  #signOut(why, kind = "bad") {
    const visit = this.#visit;
    this.#visit = null;
    this.#again.close();
    visit?.close();
    visit?.session.end();
    this.#forget();
    this.#notices.away(null);
    this.#show("front");
    this.#form.show(why, undefined, kind);
  }

  #forget() {
    this.#client.signInAgain = this.#client.credentialsChanged = null;
    this.#client.signOut();
    this.#tab.forget();
  }

  // The page goes, for good or to be loaded again.
  #leave() {
    if (this.#visit === null) return;
    this.#tab.remember(this.#visit.memory);
    this.#visit.session.leave(this.#tab);
  }

  // What changes elsewhere is not in the event channel, but for the meeting that one is in.
  #refresh() {
    if (document.visibilityState === "visible") this.#visit?.refresh();
  }

  #show(stage) {
    for (const id of ["front", "console"]) $(id).hidden = id !== stage;
    if (stage === "front") this.#notices.title = PRODUCT;
  }
}

new ConsolePage().start();
