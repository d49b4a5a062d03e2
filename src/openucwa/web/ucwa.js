// A client of UCWA's online meetings, for browsers and for Node.js. It follows the links of answers and builds no address
// of its own (docs/protocol.md). What the values of properties mean is in values.js; it needs nothing else.
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

import { ExactNumber } from "./values.js";

export const PASSWORD = "password";
export const ANONYMOUS = "urn:microsoft.rtc:anonmeeting";

const LONGEST_PAUSE = 30; // seconds between two tries to reach the server
const LONGEST_POLL = 240_000; // ms after which a poll that nothing is heard of is asked again
const TRANSIENT = new Set([408, 429, 500, 502, 503, 504]);

// A refusal. `code`, `subcode`: UCWA's; `code` is OAuth's error where a token was refused. `parameters`: what was wrong
// with the input, [{name, reason}]. `location`: where the resource is that was in the way, or null. `retryAfter`:
// seconds, or null. `message` is in the server's words.
export class UcwaError extends Error {
  constructor(response, reason) {
    const diagnostics = /reason="([^"]*)"/.exec(response.headers.get("X-Ms-diagnostics") ?? "");
    super(reason?.message ?? diagnostics?.[1] ?? `The server answered ${response.status}.`);
    this.status = response.status;
    this.code = reason?.code ?? reason?.error ?? null;
    this.subcode = reason?.subcode ?? null;
    this.parameters = reason?.parameters ?? [];
    this.location = response.headers.get("Location");
    this.retryAfter = Number(response.headers.get("Retry-After")) || null;
    this.challenge = response.headers.get("WWW-Authenticate") ?? "";
  }
}

export class ServerAway extends Error {
  constructor() {
    super("The server can't be reached.");
  }
}

// `address`: where the server says that it, or the user's own server, is.
export class Elsewhere extends Error {
  constructor(address) {
    super(`The server is at ${address}.`);
    this.address = address;
  }
}

// What a resource links to: an href, of several the first; undefined: no such link.
export function linkOf(resource, rel) {
  return linksOf(resource, rel)[0]?.href;
}

// All links of that rel: [{href, title?}].
export function linksOf(resource, rel) {
  return several(resource?._links?.[rel]);
}

// All resources that are embedded under that rel.
export function embeddedIn(resource, rel) {
  return several(resource?._embedded?.[rel]);
}

// Where a Link header leads by that rel (RFC 8288); null: nowhere.
export function linkIn(header, rel) {
  for (const [, href, given] of (header ?? "").matchAll(/<([^>]*)>\s*;\s*rel="([^"]*)"/g)) {
    if (given.split(" ").includes(rel)) return href;
  }
  return null;
}

function several(found) {
  return found === undefined ? [] : Array.isArray(found) ? found : [found];
}

export class Ucwa {
  #root;
  #token = null; // the Authorization header
  #tokenHref = null;
  #meeting = null; // the onlineMeetingUri that an anonymous token is for
  #accessToken = null;
  #renewing = null;
  #userHref = null;

  // Called when the user's token has expired: `async () => {}` that has signed in again, or rejects.
  signInAgain = null;

  // Called with `credentials` whenever they are new.
  credentialsChanged = null;

  // `root`: the address of the root, where everything starts.
  constructor(root = "/") {
    this.#root = new URL(root, globalThis.document?.baseURI);
  }

  get signedIn() {
    return this.#token !== null;
  }

  // Looks for where tokens are granted; the grants that the server offers.
  async discover() {
    const { resource } = await this.get(this.#root.href);
    this.#userHref = this.#here(linkOf(resource, "user"));
    try {
      await this.#send("GET", this.#userHref, {}, null);
    } catch (error) {
      const found = /MsRtcOAuth href="([^"]+)",grant_type="([^"]+)"/.exec(error.challenge ?? "");
      if (!found) throw error;
      this.#tokenHref = this.#here(found[1]);
      return found[2].split(",");
    }
    throw new Error("The server does not say where to sign in.");
  }

  // The password grant.
  async signIn(username, password) {
    await this.#grant({ grant_type: PASSWORD, username, password }, null);
  }

  // A token that an issuer granted whose tokens the server accepts.
  async signInWith(accessToken) {
    if (this.#userHref === null) await this.discover();
    this.#accept("Bearer", accessToken, null);
  }

  // The anonymous-meeting grant: whoever knows the onlineMeetingUri may ask to join. `renew`: an earlier token, whose
  // identity the new one keeps.
  async signInToMeeting(onlineMeetingUri, renew) {
    const id = onlineMeetingUri.slice(onlineMeetingUri.lastIndexOf(":") + 1);
    const fields = { grant_type: ANONYMOUS, ms_rtc_conferenceuri: onlineMeetingUri, password: id };
    await this.#grant(renew ? { ...fields, ms_rtc_renew: renew } : fields, onlineMeetingUri);
  }

  // Forgets the token.
  signOut() {
    this.#token = this.#accessToken = this.#meeting = null;
  }

  // What `resume` needs to go on as the same identity, as an object that can be stored; null: nobody is signed in.
  get credentials() {
    if (!this.signedIn) return null;
    return {
      token: this.#token,
      accessToken: this.#accessToken,
      meeting: this.#meeting,
      tokenHref: this.#tokenHref,
      userHref: this.#userHref,
    };
  }

  resume({ token, accessToken, meeting, tokenHref, userHref }) {
    this.#token = token;
    this.#accessToken = accessToken;
    this.#meeting = meeting;
    this.#tokenHref = tokenHref;
    this.#userHref = userHref;
  }

  // The request that ends an application, for a context that has no client: {href, authorization}.
  ending(application) {
    return { href: new URL(linkOf(application, "self"), this.#root).href, authorization: this.#token };
  }

  // Opens an application; the resource. `userAgent`: what calls. The same `endpointId` finds the same application again.
  async open(userAgent, endpointId = randomId()) {
    const { resource: user } = await this.get(this.#userHref);
    const redirect = linkOf(user, "redirect");
    if (redirect) throw new Elsewhere(new URL(redirect).origin);
    const body = { culture: globalThis.navigator?.language || "en-US", endpointId, userAgent };
    return (await this.post(this.#here(linkOf(user, "applications")), body)).resource;
  }

  // Asks to join a meeting: {invitation, conversation}. By the href of the invitation its events are known; it is null
  // where the application is in the meeting already, and then `conversation` is the href of that conversation.
  // `name`: what an anonymous participant is called.
  async join(application, onlineMeetingUri, name) {
    const [communication] = embeddedIn(application, "communication");
    const body = { onlineMeetingUri, operationId: randomId(), anonymousDisplayName: name };
    try {
      const { location } = await this.post(linkOf(communication, "joinOnlineMeeting"), body);
      return { invitation: location, conversation: null };
    } catch (error) {
      if (error.subcode !== "AlreadyExists") throw error;
      if (error.location) return { invitation: null, conversation: error.location };
      const { resource } = await this.get(linkOf(communication, "conversations"));
      return { invitation: null, conversation: linksOf(resource, "conversation").at(-1)?.href };
    }
  }

  // The application's events, each once and in order, for as long as it is asked for the next. A set is acknowledged
  // when all of its events were taken. `away(error)`: the server can't be reached and is tried again; `away(null)`: it
  // is back. `turn(poll)`: calls `poll(signal)` when it may run, and returns what that returns; a poll that is aborted is
  // asked again. Rejects where the application is gone (404, 410): then there is nothing more to come.
  async *events(application, { signal, away = () => {}, turn = (poll) => poll() } = {}) {
    let href = linkOf(application, "events");
    let failures = 0;
    while (!signal?.aborted) {
      let set;
      try {
        if (failures) {
          // A poll may wait for minutes, so something else has to tell that the server is back.
          await this.get(linkOf(application, "self"), { signal });
          failures = 0;
          away(null);
        }
        set = await turn((turnSignal) => this.#poll(href, signal, turnSignal));
      } catch (error) {
        if (signal?.aborted) return;
        if (!isTransient(error)) throw error;
        failures += 1;
        away(error);
        await pause(error.retryAfter ?? backOff(failures), signal);
        continue;
      }
      if (set === null) continue;
      for (const { rel, href: senderHref, events } of set.sender) {
        for (const event of events) {
          yield { ...event, sender: { rel, href: senderHref }, resource: event._embedded?.[event.link.rel] };
        }
      }
      href = linkOf(set, "next") ?? linkOf(set, "resume") ?? linkOf(set, "resync");
    }
  }

  // One request; {resource, etag, location, status, headers, text}. `href` as it stands in an answer.
  get(href, options) {
    return this.request("GET", href, options);
  }

  // `body`: an object, or a text with `options.type`.
  post(href, body, options) {
    return this.request("POST", href, { ...options, body });
  }

  // Puts back a resource that was read, changed or not; its etag says which version is meant. `options.href`: where it
  // is, if not at its own link.
  put(resource, { href = linkOf(resource, "self"), ...options } = {}) {
    const headers = { "If-Match": `"${resource.etag}"`, ...options.headers };
    return this.request("PUT", href, { ...options, headers, body: resource });
  }

  delete(href, options) {
    return this.request("DELETE", href, options);
  }

  // options: {body, type, headers, signal, keepalive}. An expired token is renewed, once.
  async request(method, href, options = {}) {
    const token = this.#token;
    try {
      return await this.#send(method, href, options, token);
    } catch (error) {
      if (error.status !== 401 || token === null) throw error;
      if (this.#token === token) {
        // Whatever else is refused meanwhile waits for the same renewal.
        this.#renewing ??= this.#renew(error).finally(() => (this.#renewing = null));
        await this.#renewing;
      }
      return this.#send(method, href, options, this.#token);
    }
  }

  async #renew(error) {
    if (this.#meeting !== null) await this.signInToMeeting(this.#meeting, this.#accessToken);
    else if (this.signInAgain !== null) await this.signInAgain();
    else throw error;
  }

  async #grant(fields, meeting) {
    if (this.#tokenHref === null) await this.discover();
    const body = new URLSearchParams(fields);
    const { resource } = await this.#send("POST", this.#tokenHref, { body }, null);
    this.#accept(resource.token_type, resource.access_token, meeting);
  }

  #accept(type, accessToken, meeting) {
    this.#accessToken = accessToken;
    this.#meeting = meeting;
    this.#token = `${type} ${accessToken}`;
    this.credentialsChanged?.(this.credentials);
  }

  // A set of events; null: nothing was heard of the poll for long, or its turn is over.
  async #poll(href, signal, turnSignal) {
    const patience = AbortSignal.timeout(LONGEST_POLL);
    try {
      const signals = [signal, turnSignal, patience].filter(Boolean);
      return (await this.get(href, { signal: AbortSignal.any(signals) })).resource;
    } catch (error) {
      if ((patience.aborted || turnSignal?.aborted) && !signal?.aborted) return null;
      throw error;
    }
  }

  async #send(method, href, { body, type, headers, signal, keepalive }, token) {
    const sent = new Headers({ Accept: "application/json", ...headers });
    if (token !== null) sent.set("Authorization", token);
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
      response = await fetch(url, { ...settings, cache: "no-store", credentials: "omit" });
      text = await response.text();
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ServerAway();
    }
    const resource = parse(text);
    if (!response.ok) throw new UcwaError(response, resource);
    const etag = response.headers.get("ETag")?.replaceAll('"', "") ?? resource?.etag ?? null;
    const { headers: told, status } = response;
    return { resource, etag, location: told.get("Location"), status, headers: told, text };
  }

  // The same address; Elsewhere: it is another server's, as seen from this page.
  #here(href) {
    const url = new URL(href, this.#root);
    if (url.origin !== this.#root.origin) throw new Elsewhere(url.origin);
    return url.href;
  }
}

// JSON as the server writes it, no number changed; null for what is no JSON.
function parse(text) {
  try {
    return JSON.parse(text, (_name, value, context) =>
      typeof value === "number" && context?.source !== undefined && String(value) !== context.source
        ? new ExactNumber(context.source)
        : value,
    );
  } catch {
    return null;
  }
}

// An id that nobody else has; crypto.randomUUID is for secure contexts only.
export function randomId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Whether trying again may help.
function isTransient(error) {
  return error instanceof ServerAway || TRANSIENT.has(error.status) || error.subcode === "PGetReplaced";
}

// Seconds to wait after so many failures: longer each time, and not all clients at once.
function backOff(failures) {
  return Math.min(LONGEST_PAUSE, 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
}

// Waits; less where the network comes back, or `signal` ends it.
function pause(seconds, signal) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      globalThis.removeEventListener?.("online", end);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, seconds * 1000);
    globalThis.addEventListener?.("online", end);
    signal?.addEventListener("abort", end);
  });
}
