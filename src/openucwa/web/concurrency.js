// Changing what others change, too: nothing that somebody else did is overwritten or deleted unseen.

import { confirmed } from "./console-dialogs.js";
import { mergeChanges } from "./merge.js";
import { t } from "./texts.js";

// Saves an edited resource; what is on the server then, or null to go on editing. What only others changed meanwhile stays
// theirs; where both changed the same, `choose` asks. `base`: what was read; `mine`: the same, edited.
//   put(resource), read(): talk to the server
//   fieldsOf(resource): a Map of what can be edited; withFields(resource, fields): the resource with those instead
//   choose(conflicts): a Map of name -> value, or null to go on editing
export async function saveMerged(base, mine, { put, read, fieldsOf, withFields, choose }) {
  for (;;) {
    try {
      return await put({ ...mine, etag: base.etag });
    } catch (error) {
      if (error.status !== 412) throw error;
    }
    const theirs = await read();
    const { merged, conflicts } = mergeChanges(fieldsOf(base), fieldsOf(mine), fieldsOf(theirs));
    const chosen = conflicts.length ? await choose(conflicts) : new Map();
    if (chosen === null) return null;
    for (const [name, value] of chosen) {
      if (value === undefined) merged.delete(name);
      else merged.set(name, value);
    }
    mine = withFields(theirs, merged);
    base = theirs;
  }
}

// Deletes a resource once that is confirmed; where it has changed since it was read, asks again. Whether it is gone.
//   remove(resource), read(): talk to the server
export async function deleteConfirmed(resource, title, words, { remove, read }) {
  let question = words;
  while (await confirmed(title, question, t`Delete`)) {
    try {
      await remove(resource);
      return true;
    } catch (error) {
      if (error.status === 404) return true;
      if (error.status !== 412) throw error;
    }
    resource = await read();
    question = t`It has changed since you opened it. ${words}`;
  }
  return false;
}
