// What this server adds to UCWA: found by the application's Link header, which leads to an index of links, and to some of
// them directly.

import { linkIn, linkOf } from "./ucwa.js";

const INDEX = "openucwa:index";
const headers = new WeakMap(); // by application, its Link header
const indexes = new WeakMap(); // by application, the promise of the index

// `link`: the Link header of the answer with the application.
export function knowAdditions(application, link) {
  headers.set(application, link);
}

// Where an addition is; undefined: the server, or this user, has none.
export async function additionOf(client, application, rel) {
  const direct = linkIn(headers.get(application) ?? null, rel);
  if (direct !== null) return direct;
  if (!indexes.has(application)) indexes.set(application, readIndex(client, application));
  try {
    return linkOf(await indexes.get(application), rel);
  } catch (error) {
    indexes.delete(application);
    throw error;
  }
}

async function readIndex(client, application) {
  if (!headers.has(application)) {
    headers.set(application, (await client.get(linkOf(application, "self"))).headers.get("Link"));
  }
  const href = linkIn(headers.get(application), INDEX);
  return href === null ? null : (await client.get(href)).resource;
}
