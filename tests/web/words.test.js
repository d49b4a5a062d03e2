import assert from "node:assert/strict";
import test from "node:test";
import { isExpired, nameOf, openUntil, peopleText } from "../../src/openucwa/web/meeting-words.js";
import { Elsewhere, ServerAway } from "../../src/openucwa/web/ucwa.js";
import { inWords, isWrongPassword } from "../../src/openucwa/web/words.js";

test("no error is told in the protocol's words where the page has its own", () => {
  for (const status of [401, 403, 404, 410, 413, 429, 500, 503]) {
    assert.doesNotMatch(inWords({ status, message: "onlineMeetingExtension" }), /onlineMeeting/);
  }
  assert.match(inWords({ status: 409, subcode: "TooManyGroups", message: "" }), /limit of extensions/);
  assert.match(inWords(new ServerAway()), /can't be reached/);
  assert.match(inWords(new Elsewhere("https://other.example")), /https:\/\/other\.example/);
});

test("too many attempts say how long to wait", () => {
  assert.match(inWords({ status: 429, retryAfter: 7 }), /in 7 seconds/);
});

test("only a refused token is a wrong password", () => {
  assert.ok(isWrongPassword({ code: "invalid_grant", status: 400 }));
  assert.ok(!isWrongPassword({ code: "invalid_grant", status: 429 }));
});

test("a meeting is called by its subject, or by what it is", () => {
  assert.equal(nameOf({ subject: "Budget" }), "Budget");
  assert.equal(nameOf({ rel: "myAssignedOnlineMeeting" }), "Your permanent meeting");
  assert.equal(nameOf({ rel: "myOnlineMeeting", subject: "" }), "Meeting without a subject");
});

test("a meeting is open until its time is over", () => {
  const meeting = { expirationTime: "/Date(1000)/" };
  assert.ok(isExpired(meeting, 1001));
  assert.ok(!isExpired(meeting, 1000));
  assert.equal(openUntil(meeting).words, "Since");
  assert.deepEqual(openUntil({}), { words: "Always", date: null });
});

test("people are shown without the scheme of their addresses", () => {
  assert.equal(peopleText(["sip:a@x.org", "sip:b@x.org"]), "a@x.org, b@x.org");
  assert.equal(peopleText([]), "No one");
});
