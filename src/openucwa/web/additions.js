// What this server adds to UCWA: found by the application's Link header, which leads to an index of links.

import { linkIn, linkOf } from "./ucwa.js";

const INDEX = "openucwa:index";
const found = new WeakMap(); // by application, the index

// Where an addition is; undefined: the server, or this user, has none.
export async function additionOf(client, application, rel) {
  if (!found.has(application)) {
    const { headers } = await client.get(linkOf(application, "self"));
    const href = linkIn(headers.get("Link"), INDEX);
    found.set(application, href === null ? null : (await client.get(href)).resource);
  }
  return linkOf(found.get(application), rel);
}
