import assert from "node:assert/strict";
import test from "node:test";
import { conditionText, stoppedAt } from "../../src/openucwa/web/filter-text.js";

const condition = (parts) =>
  conditionText({ extension: "crm", property: "status", operator: "eq", type: "text", value: "open", ...parts });

test("a value is compared as what its type says", () => {
  assert.equal(condition({}), "extensions('crm')/status eq 'open'");
  assert.equal(condition({ value: "it's" }), "extensions('crm')/status eq 'it''s'");
  assert.equal(condition({ type: "number", value: " 4711 " }), "extensions('crm')/status eq 4711");
  assert.equal(
    condition({ type: "date", value: "2030-01-05T09:00:00Z" }),
    "extensions('crm')/status eq 2030-01-05T09:00:00Z",
  );
  assert.equal(condition({ operator: "startswith" }), "startswith(extensions('crm')/status, 'open')");
});

test("a name that is not plain, or a word of the language, is quoted", () => {
  assert.equal(condition({ property: "due date" }), "extensions('crm')/'due date' eq 'open'");
  assert.equal(condition({ property: "not" }), "extensions('crm')/'not' eq 'open'");
});

test("whether something is there is asked of an extension, a property, or any extension", () => {
  assert.equal(condition({ property: "", operator: "exists" }), "extensions('crm') ne null");
  assert.equal(condition({ operator: "missing" }), "extensions('crm')/status eq null");
  assert.equal(condition({ extension: "" }), "extensions/any(e: e/status eq 'open')");
  assert.equal(condition({ extension: "", operator: "missing" }), "not extensions/any(e: e/status ne null)");
  assert.equal(condition({ extension: "", property: "" }), "");
});

test("the place where the server stopped counts characters", () => {
  const stop = stoppedAt("'😀' x", "unexpected 'x' (at character 5)");
  assert.deepEqual(stop, { words: "unexpected 'x'", number: 5, before: "'😀' ", after: "x" });
  assert.equal(stoppedAt("x", "too long"), null);
});
