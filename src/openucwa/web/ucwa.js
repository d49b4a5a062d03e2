// A client of UCWA's online meetings, for browsers and for Node.js. It follows the links of answers and builds no address
// of its own (docs/protocol.md). What the values of properties mean is in values.js, the types are in ucwa-types.d.ts.
// As a package it is @openucwa/client (docs/client.md); it needs no other.
//
//   const client = new Ucwa();
//   const grants = await client.discover();                      // [ANONYMOUS, PASSWORD], as the server offers them
//   await client.signIn("lenea@contoso.com", "...");             // or: await client.signInToMeeting(onlineMeetingUri)
//   const application = await client.open("my page");
//   const { invitation } = await client.join(application, onlineMeetingUri, "Joe");
//   for await (const event of client.events(application)) ...    // {type, link, in?, resource?, status?, reason?, sender}
//   const { resource, etag, location } = await client.get(linkOf(application, "policies"));
//
// Every method rejects with a UcwaError where the server refuses, with ServerAway where it can't be reached, and with
// Elsewhere where it sends the client to another address, which a page of this one may not talk to.

/** @import {Answer, Credentials, EventOptions, RequestOptions, Resource, UcwaEvent} from "./ucwa-types.js" */

import {
  Elsewhere,
  embeddedIn,
  linkIn,
  linkOf,
  linksOf,
  parse,
  required,
  ServerAway,
  UcwaError,
} from "./ucwa-answers.js";
import { backOff, isTransient, pause } from "./ucwa-waits.js";

export { Elsewhere, embeddedIn, linkIn, linkOf, linksOf, ServerAway, UcwaError } from "./ucwa-answers.js";

export const PASSWORD = "password";
export const ANONYMOUS = "urn:microsoft.rtc:anonmeeting";

const APPLICATIONS = "openucwa:applications"; // where an answer with a token leads to
const LONGEST_POLL = 240_000; // ms after which a poll without an answer is sent again

/** Somebody who is, or will be, signed in. */
export class Ucwa {
  #root;
  /** @type {string | null} the Authorization header */
  #token = null;
  /** @type {string | null} */
  #tokenHref = null;
  /** @type {string | null} the onlineMeetingUri that an anonymous token is for */
  #meeting = null;
  /** @type {string | null} */
  #accessToken = null;
  /** @type {Promise<void> | null} */
  #renewing = null;
  /** @type {string | null} */
  #userHref = null;
  /** @type {string | null} where applications are opened; null: `user` says it */
  #applicationsHref = null;

  /** @type {(() => Promise<void>) | null} called when the user's token has expired; signs in again, or rejects */
  signInAgain = null;

  /** @type {((credentials: Credentials | null) => void) | null} called with `credentials` whenever they are new */
  credentialsChanged = null;

  /** @param {string | URL} root the address of the root, where everything starts */
  constructor(root = "/") {
    this.#root = new URL(root, globalThis.document?.baseURI);
  }

  get signedIn() {
    return this.#token !== null;
  }

  /**
   * Looks for where tokens are granted; the grants that the server offers.
   * @returns {Promise<string[]>}
   */
  async discover() {
    const { resource } = await this.get(this.#root.href);
    this.#userHref = this.#here(required(resource, "user"));
    try {
      await this.#send("GET", this.#userHref, {}, null);
    } catch (error) {
      const challenge = error instanceof UcwaError ? error.challenge : "";
      const found = /MsRtcOAuth href="([^"]+)",grant_type="([^"]+)"/.exec(challenge);
      if (!found) throw error;
      this.#tokenHref = this.#here(found[1]);
      return found[2].split(",");
    }
    throw new Error("The server does not say where to sign in.");
  }

  /**
   * The password grant.
   * @param {string} username
   * @param {string} password
   */
  async signIn(username, password) {
    await this.#grant({ grant_type: PASSWORD, username, password }, null);
  }

  /**
   * A token that an issuer granted whose tokens the server accepts.
   * @param {string} accessToken
   */
  async signInWith(accessToken) {
    if (this.#userHref === null) await this.discover();
    this.#applicationsHref = null;
    this.#accept("Bearer", accessToken, null);
  }

  /**
   * The anonymous-meeting grant: whoever knows the onlineMeetingUri may ask to join.
   * @param {string} onlineMeetingUri
   * @param {string | null} [renew] an earlier token, whose identity the new one keeps
   */
  async signInToMeeting(onlineMeetingUri, renew) {
    const id = onlineMeetingUri.slice(onlineMeetingUri.lastIndexOf(":") + 1);
    const fields = { grant_type: ANONYMOUS, ms_rtc_conferenceuri: onlineMeetingUri, password: id };
    await this.#grant(renew ? { ...fields, ms_rtc_renew: renew } : fields, onlineMeetingUri);
  }

  /** Forgets the token. */
  signOut() {
    this.#token = this.#accessToken = this.#meeting = this.#applicationsHref = null;
  }

  /**
   * What `resume` needs to go on as the same identity; null: nobody is signed in.
   * @returns {Credentials | null}
   */
  get credentials() {
    if (!this.signedIn) return null;
    return {
      token: this.#token,
      accessToken: this.#accessToken,
      meeting: this.#meeting,
      tokenHref: this.#tokenHref,
      userHref: this.#userHref,
      applicationsHref: this.#applicationsHref,
    };
  }

  /** @param {Credentials} credentials */
  resume({ token, accessToken, meeting, tokenHref, userHref, applicationsHref = null }) {
    this.#token = token;
    this.#accessToken = accessToken;
    this.#meeting = meeting;
    this.#tokenHref = tokenHref;
    this.#userHref = userHref;
    this.#applicationsHref = applicationsHref;
  }

  /**
   * The request that ends an application, for a context that has no client.
   * @param {Resource} application
   */
  ending(application) {
    return { href: new URL(required(application, "self"), this.#root).href, authorization: this.#token };
  }

  /**
   * Opens an application; the resource. The same `endpointId` finds the same application again.
   * @param {string} userAgent what calls
   * @param {string} [endpointId]
   * @returns {Promise<Resource>}
   */
  async open(userAgent, endpointId) {
    return (await this.opened(userAgent, endpointId)).resource;
  }

  /**
   * The same; the whole answer, whose Link header leads to what the server adds to UCWA.
   * @param {string} userAgent
   * @param {string} [endpointId]
   * @returns {Promise<Answer>}
   */
  async opened(userAgent, endpointId = randomId()) {
    this.#applicationsHref ??= await this.#findApplications();
    const body = { culture: globalThis.navigator?.language || "en-US", endpointId, userAgent };
    return this.post(this.#applicationsHref, body);
  }

  async #findApplications() {
    if (this.#userHref === null) await this.discover();
    const { resource: user } = await this.get(/** @type {any} */ (this.#userHref));
    const redirect = linkOf(user, "redirect");
    if (redirect) throw new Elsewhere(new URL(redirect).origin);
    return this.#here(required(user, "applications"));
  }

  /**
   * Asks to join a meeting. By the href of the invitation its events are known; it is null where the application is in
   * the meeting already, and then `conversation` is the href of that conversation.
   * @param {Resource} application
   * @param {string} onlineMeetingUri
   * @param {string} [name] what an anonymous participant is called
   * @returns {Promise<{invitation: string | null, conversation: string | null | undefined}>}
   */
  async join(application, onlineMeetingUri, name) {
    const [communication] = embeddedIn(application, "communication");
    const body = { onlineMeetingUri, operationId: randomId(), anonymousDisplayName: name };
    try {
      const { location } = await this.post(required(communication, "joinOnlineMeeting"), body);
      return { invitation: location, conversation: null };
    } catch (error) {
      if (!(error instanceof UcwaError) || error.subcode !== "AlreadyExists") throw error;
      if (error.location) return { invitation: null, conversation: error.location };
      const { resource } = await this.get(required(communication, "conversations"));
      return { invitation: null, conversation: linksOf(resource, "conversation").at(-1)?.href };
    }
  }

  /**
   * The application's events, each once and in order, for as long as it is asked for the next. A set is acknowledged
   * when all of its events were taken. Rejects where the application is gone (404, 410): there is nothing more to come.
   * @param {Resource} application
   * @param {EventOptions} options
   * @returns {AsyncGenerator<UcwaEvent, void, void>}
   */
  async *events(application, { signal, away = () => {}, turn = (poll) => poll() } = {}) {
    let href = required(application, "events");
    let failures = 0;
    while (!signal?.aborted) {
      let set;
      try {
        if (failures) {
          // A poll may wait for minutes, so something else has to find out that the server is back.
          await this.get(required(application, "self"), { signal });
          failures = 0;
          away(null);
        }
        const asked = href;
        set = await turn((turnSignal) => this.#poll(asked, signal, turnSignal));
      } catch (error) {
        if (signal?.aborted) return;
        if (!isTransient(error)) throw error;
        failures += 1;
        away(error);
        await pause((error instanceof UcwaError ? error.retryAfter : null) ?? backOff(failures), signal);
        continue;
      }
      if (set === null) continue;
      for (const { rel, href: senderHref, events } of set.sender) {
        for (const event of events) {
          yield { ...event, sender: { rel, href: senderHref }, resource: event._embedded?.[event.link.rel] };
        }
      }
      href = linkOf(set, "next") ?? linkOf(set, "resume") ?? required(set, "resync");
    }
  }

  /**
   * @param {string} href as it stands in an answer
   * @param {RequestOptions} [options]
   */
  get(href, options) {
    return this.request("GET", href, options);
  }

  /**
   * @param {string} href
   * @param {Resource | string} [body] an object, or a text with `options.type`
   * @param {RequestOptions} [options]
   */
  post(href, body, options) {
    return this.request("POST", href, { ...options, body });
  }

  /**
   * Puts back a resource that was read, changed or not; its etag says which version is meant.
   * @param {Resource} resource
   * @param {RequestOptions & {href?: string}} options `href`: where it is, if not at its own link
   */
  put(resource, { href = required(resource, "self"), ...options } = {}) {
    const headers = { "If-Match": `"${resource.etag}"`, ...options.headers };
    return this.request("PUT", href, { ...options, headers, body: resource });
  }

  /**
   * @param {string} href
   * @param {RequestOptions} [options]
   */
  delete(href, options) {
    return this.request("DELETE", href, options);
  }

  /**
   * One request. An expired token is renewed, once.
   * @param {string} method
   * @param {string} href as it stands in an answer
   * @param {RequestOptions} options
   * @returns {Promise<Answer>}
   */
  async request(method, href, options = {}) {
    const token = this.#token;
    try {
      return await this.#send(method, href, options, token);
    } catch (error) {
      if (!(error instanceof UcwaError) || error.status !== 401 || token === null) throw error;
      if (this.#token === token) {
        // Whatever else is refused meanwhile waits for the same renewal.
        this.#renewing ??= this.#renew(error).finally(() => {
          this.#renewing = null;
        });
        await this.#renewing;
      }
      return this.#send(method, href, options, this.#token);
    }
  }

  /** @param {UcwaError} error */
  async #renew(error) {
    if (this.#meeting !== null) await this.signInToMeeting(this.#meeting, this.#accessToken);
    else if (this.signInAgain !== null) await this.signInAgain();
    else throw error;
  }

  /**
   * @param {Record<string, string>} fields
   * @param {string | null} meeting
   */
  async #grant(fields, meeting) {
    if (this.#tokenHref === null) await this.discover();
    const body = new URLSearchParams(fields);
    const { resource, headers } = await this.#send("POST", /** @type {any} */ (this.#tokenHref), { body }, null);
    const applications = linkIn(headers.get("Link"), APPLICATIONS);
    this.#applicationsHref = applications === null ? null : this.#here(applications);
    this.#accept(resource.token_type, resource.access_token, meeting);
  }

  /**
   * @param {string} type
   * @param {string} accessToken
   * @param {string | null} meeting
   */
  #accept(type, accessToken, meeting) {
    this.#accessToken = accessToken;
    this.#meeting = meeting;
    this.#token = `${type} ${accessToken}`;
    this.credentialsChanged?.(this.credentials);
  }

  /**
   * A set of events; null: the poll was not answered in time, or its turn is over.
   * @param {string} href
   * @param {AbortSignal} [signal]
   * @param {AbortSignal} [turnSignal]
   * @returns {Promise<Resource | null>}
   */
  async #poll(href, signal, turnSignal) {
    const patience = AbortSignal.timeout(LONGEST_POLL);
    try {
      const signals = [signal, turnSignal, patience].filter((each) => each !== undefined);
      return (await this.get(href, { signal: AbortSignal.any(signals) })).resource;
    } catch (error) {
      if ((patience.aborted || turnSignal?.aborted) && !signal?.aborted) return null;
      throw error;
    }
  }

  /**
   * @param {string} method
   * @param {string} href
   * @param {RequestOptions} options
   * @param {string | null} token
   * @returns {Promise<Answer>}
   */
  async #send(method, href, { body, type, headers, signal, keepalive }, token) {
    const sent = new Headers({ Accept: "application/json", ...headers });
    if (token !== null) sent.set("Authorization", token);
    /** @type {any} */
    let content = body;
    if (type) sent.set("Content-Type", type);
    else if (body !== undefined && !(body instanceof URLSearchParams)) {
      sent.set("Content-Type", "application/json");
      content = JSON.stringify(body);
    }
    let response, text;
    try {
      const url = new URL(href, this.#root);
      const settings = { method, headers: sent, body: content, signal, keepalive };
      // The cookie that shows pictures to an <img> comes with the application.
      response = await fetch(url, { ...settings, cache: "no-store", credentials: "same-origin" });
      text = await response.text();
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ServerAway();
    }
    const resource = parse(text);
    if (!response.ok) throw new UcwaError(response, resource);
    const etag = response.headers.get("ETag")?.replaceAll('"', "") ?? resource?.etag ?? null;
    const { headers: received, status } = response;
    return { resource, etag, location: received.get("Location"), status, headers: received, text };
  }

  /**
   * The same address. Throws Elsewhere: it is another server's, as seen from this page.
   * @param {string} href
   */
  #here(href) {
    const url = new URL(href, this.#root);
    if (url.origin !== this.#root.origin) throw new Elsewhere(url.origin);
    return url.href;
  }
}

/** An id that nobody else has; crypto.randomUUID is for secure contexts only. */
export function randomId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
