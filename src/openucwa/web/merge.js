// Merging two changes of one thing: what only one side changed is taken over, what both changed differently is a conflict.

import { sameValue } from "./values.js";

// `base`, `mine`, `theirs`: Maps of name -> value, in which what is not there is not set. Returns {merged, conflicts}:
// `merged` has mine where there is a conflict; `conflicts`: [{name, base, mine, theirs}], undefined for what is not set.
export function mergeChanges(base, mine, theirs) {
  const merged = new Map();
  const conflicts = [];
  for (const name of new Set([...mine.keys(), ...theirs.keys(), ...base.keys()])) {
    const [was, own, other] = [base.get(name), mine.get(name), theirs.get(name)];
    const value = sameValue(was, own) ? other : own;
    if (value !== undefined) merged.set(name, value);
    if (!sameValue(was, own) && !sameValue(was, other) && !sameValue(own, other)) {
      conflicts.push({ name, base: was, mine: own, theirs: other });
    }
  }
  return { merged, conflicts };
}
