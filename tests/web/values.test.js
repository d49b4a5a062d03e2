import assert from "node:assert/strict";
import test from "node:test";
import {
  asDate,
  changesBetween,
  customProperties,
  ExactNumber,
  localText,
  sameValue,
  toWire,
  typeOf,
  valueText,
} from "../../src/openucwa/web/values.js";

test("a date of the wire is read to the millisecond, with an offset or without", () => {
  assert.equal(asDate("/Date(1474932029004)/").getTime(), 1474932029004);
  assert.equal(asDate("/Date(-1+0200)/").getTime(), -1);
});

test("what only looks like a date is a text", () => {
  for (const text of ["2027-01-01T10:00:00Z", " /Date(1)/", "/Date(1)/x", "/Date(12345678901234567)/", 1]) {
    assert.equal(asDate(text), null);
  }
});

test("a date that is written is read as the same", () => {
  const date = new Date(1904281200123);
  assert.deepEqual(asDate(toWire(date)), date);
});

test("a date in a field is in the time of this device", () => {
  const text = localText(new Date(2030, 4, 6, 9, 0, 7));
  assert.equal(text, "2030-05-06T09:00:07");
  assert.equal(localText(new Date(Number.NaN)), "");
});

test("each kind of value has its type", () => {
  const values = { text: "a", integer: 12, number: 0.5, boolean: false, date: "/Date(1)/", list: [] };
  for (const [type, value] of Object.entries(values)) assert.equal(typeOf(value), type);
  assert.equal(typeOf(new ExactNumber("1.0")), "number");
  assert.equal(typeOf(new ExactNumber("12345678901234567890123")), "integer");
});

test("a number that JavaScript would change keeps its digits", () => {
  assert.equal(valueText(new ExactNumber("12345678901234567890123")), "12345678901234567890123");
  assert.equal(valueText([new ExactNumber("1.0"), 2]), "1.0, 2");
});

test("the properties of an extension are those that the protocol does not use", () => {
  const extension = {
    rel: "onlineMeetingExtension",
    id: "agenda",
    type: "Undefined",
    topic: "Budget",
    "4c093470-df6e-54cb-84ec-2a4f9099f84c": "please pass this in a PUT request",
    etag: "1",
    _links: {},
  };
  assert.deepEqual(customProperties(extension), [["topic", "Budget"]]);
});

test("what changed from one version to the next is named", () => {
  const before = { id: "a", type: "Undefined", same: 1, other: 1, gone: 1 };
  const after = { id: "a", type: "RoamedParticipantData", same: 1, other: 2, fresh: 1 };
  const changes = { other: "changed", fresh: "new", gone: "removed", "": "changed" };
  assert.deepEqual(Object.fromEntries(changesBetween(before, after)), changes);
  assert.deepEqual([...changesBetween(undefined, { topic: 1 })], [["topic", "new"]]);
});

test("an integer and a number of the same size are different values", () => {
  assert.ok(sameValue([1, "a"], [1, "a"]));
  assert.ok(!sameValue("1", 1));
  assert.ok(sameValue(undefined, undefined));
});
