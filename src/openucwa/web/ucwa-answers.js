// What ucwa.js reads from answers: errors, links, and JSON without loss. It sends nothing.

/** @import {Link, Reason, Resource} from "./ucwa-types.js" */

import { ExactNumber } from "./values.js";

/**
 * A refusal. `code`, `subcode`: UCWA's; `code` is OAuth's error where a token was refused. `parameters`: what was wrong
 * with the input. `location`: where the resource is that was in the way, or null. `retryAfter`: seconds, or null.
 * `requestId`: by which the server's log knows the request. `message` is in the server's words.
 */
export class UcwaError extends Error {
  /**
   * @param {Response} response
   * @param {Reason | null} reason its body
   */
  constructor(response, reason) {
    const diagnostics = /reason="([^"]*)"/.exec(response.headers.get("X-Ms-diagnostics") ?? "");
    super(reason?.message ?? diagnostics?.[1] ?? `The server answered ${response.status}.`);
    this.status = response.status;
    this.code = reason?.code ?? reason?.error ?? null;
    this.subcode = reason?.subcode ?? null;
    this.parameters = reason?.parameters ?? [];
    this.location = response.headers.get("Location");
    this.requestId = response.headers.get("X-Request-Id");
    this.retryAfter = Number(response.headers.get("Retry-After")) || null;
    this.challenge = response.headers.get("WWW-Authenticate") ?? "";
  }
}

/** The server can't be reached. */
export class ServerAway extends Error {
  constructor() {
    super("The server can't be reached.");
  }
}

/** `address`: where the server says that it, or the user's own server, is. */
export class Elsewhere extends Error {
  /** @param {string} address */
  constructor(address) {
    super(`The server is at ${address}.`);
    this.address = address;
  }
}

/**
 * What a resource links to: an href, of several the first; undefined: no such link.
 * @param {Resource | null | undefined} resource
 * @param {string} rel
 * @returns {string | undefined}
 */
export function linkOf(resource, rel) {
  return linksOf(resource, rel)[0]?.href;
}

/**
 * All links of that rel.
 * @param {Resource | null | undefined} resource
 * @param {string} rel
 * @returns {Link[]}
 */
export function linksOf(resource, rel) {
  return several(resource?._links?.[rel]);
}

/**
 * All resources that are embedded under that rel.
 * @param {Resource | null | undefined} resource
 * @param {string} rel
 * @returns {Resource[]}
 */
export function embeddedIn(resource, rel) {
  return several(resource?._embedded?.[rel]);
}

/**
 * Where a Link header leads by that rel (RFC 8288); null: nowhere.
 * @param {string | null} header
 * @param {string} rel
 */
export function linkIn(header, rel) {
  for (const [, href, given] of (header ?? "").matchAll(/<([^>]*)>\s*;\s*rel="([^"]*)"/g)) {
    if (given.split(" ").includes(rel)) return href;
  }
  return null;
}

/** @param {any} found */
function several(found) {
  return found === undefined ? [] : Array.isArray(found) ? found : [found];
}

/**
 * The href of a link that has to be there.
 * @param {Resource} resource
 * @param {string} rel
 */
export function required(resource, rel) {
  const href = linkOf(resource, rel);
  if (href === undefined) throw new Error(`${resource?.rel ?? "The answer"} has no link ${rel}.`);
  return href;
}

/**
 * JSON as the server writes it, no number changed; null for what is no JSON.
 * @param {string} text
 */
export function parse(text) {
  try {
    return JSON.parse(text, /** @type {any} */ (exactly));
  } catch {
    return null;
  }
}

/**
 * @param {string} _name
 * @param {unknown} value
 * @param {{source?: string} | undefined} context
 */
function exactly(_name, value, context) {
  return typeof value === "number" && context?.source !== undefined && String(value) !== context.source
    ? new ExactNumber(context.source)
    : value;
}
