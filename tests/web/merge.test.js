import assert from "node:assert/strict";
import test from "node:test";
import { mergeChanges } from "../../src/openucwa/web/merge.js";

function merge(base, mine, theirs) {
  const { merged, conflicts } = mergeChanges(...[base, mine, theirs].map((each) => new Map(Object.entries(each))));
  return { merged: Object.fromEntries(merged), conflicts };
}

test("what only one side changed, added or removed is taken over", () => {
  const { merged, conflicts } = merge(
    { a: 1, b: 1, c: 1, d: 1 },
    { a: 2, b: 1, d: 1, e: 1 },
    { a: 1, b: 2, c: 1, f: 1 },
  );
  assert.deepEqual(merged, { a: 2, b: 2, e: 1, f: 1 });
  assert.deepEqual(conflicts, []);
});

test("what both changed in the same way is no conflict", () => {
  const { merged, conflicts } = merge({ a: 1, b: 1 }, { a: 2 }, { a: 2 });
  assert.deepEqual(merged, { a: 2 });
  assert.deepEqual(conflicts, []);
});

test("what both changed differently is a conflict, in which mine comes first", () => {
  const { merged, conflicts } = merge({ a: 1, b: 1 }, { a: 2 }, { a: 3, b: 2 });
  assert.deepEqual(merged, { a: 2 });
  assert.deepEqual(conflicts, [
    { name: "a", base: 1, mine: 2, theirs: 3 },
    { name: "b", base: 1, mine: undefined, theirs: 2 },
  ]);
});

test("names that JavaScript uses itself are names like others", () => {
  const own = (value) =>
    new Map([
      ["__proto__", value],
      ["constructor", value],
    ]);
  const { merged } = mergeChanges(own(1), own(1), own(2));
  assert.deepEqual(
    [...merged],
    [
      ["__proto__", 2],
      ["constructor", 2],
    ],
  );
});
