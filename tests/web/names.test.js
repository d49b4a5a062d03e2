import assert from "node:assert/strict";
import test from "node:test";
import { plainName } from "../../src/openucwa/web/names.js";

test("name turns no text around it and hides no characters", () => {
  assert.equal(plainName("Joe\u202e (organizer)\u2066\u200b"), "Joe (organizer)");
});

test("names of all scripts stay as they are", () => {
  for (const name of ["Zoë Ångström", "محمد علي", "יעל כהן", "नमस्ते", "王芳", "👩\u200d💻"])
    assert.equal(plainName(name), name);
});
