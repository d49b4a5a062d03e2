// The client against a real server, whose address and user test_modules.py gives.

import assert from "node:assert/strict";
import test, { before } from "node:test";
import {
  ANONYMOUS,
  embeddedIn,
  linkOf,
  linksOf,
  PASSWORD,
  ServerAway,
  Ucwa,
  UcwaError,
} from "../../src/openucwa/web/ucwa.js";

const { OPENUCWA_URL: url, OPENUCWA_USER: user, OPENUCWA_PASSWORD: password } = process.env;
let client;
let application;

before(async () => {
  client = new Ucwa(url);
  await client.discover();
  await client.signIn(user, password);
  application = await client.open("tests", "before");
});

async function schedule(properties = {}) {
  const [dashboard] = embeddedIn(application, "onlineMeetings");
  return (await client.post(linkOf(dashboard, "myOnlineMeetings"), properties)).resource;
}

test("a client that knows the root alone finds out how to sign in", async () => {
  assert.deepEqual((await new Ucwa(url).discover()).sort(), [PASSWORD, ANONYMOUS].sort());
});

test("a wrong password is refused, and nobody is signed in", async () => {
  const other = new Ucwa(url);
  await assert.rejects(other.signIn(user, "wrong"), { name: "Error", status: 400, code: "invalid_grant" });
  assert.equal(other.signedIn, false);
  assert.equal(other.credentials, null);
});

test("the same endpoint finds the same application again, with credentials that were stored", async () => {
  const other = new Ucwa(url);
  other.resume(JSON.parse(JSON.stringify(client.credentials)));
  const again = await other.open("tests", "before");
  assert.equal(linkOf(again, "self"), linkOf(application, "self"));
});

test("a resource that changed since it was read is not overwritten", async () => {
  const meeting = await schedule({ subject: "before" });
  const { resource } = await client.put({ ...meeting, subject: "after" });
  assert.equal(resource.subject, "after");
  await assert.rejects(client.put(meeting), { status: 412 });
});

test("what is wrong with the input is told by name", async () => {
  const error = await schedule({ subject: "x".repeat(251), accessLevel: "No" }).catch((each) => each);
  assert.ok(error instanceof UcwaError);
  assert.deepEqual(error.parameters.map(({ name }) => name).sort(), ["accessLevel", "subject"]);
  for (const { reason } of error.parameters) assert.ok(reason);
});

test("joining a meeting brings events, each once and in order, until that is ended", async () => {
  const meeting = await schedule({ subject: "Budget" });
  const { invitation } = await client.join(application, meeting.onlineMeetingUri);
  const stop = new AbortController();
  const seen = [];
  for await (const { type, link } of client.events(application, { signal: stop.signal })) {
    seen.push(`${link.rel} ${type}`);
    if (link.href === invitation && type === "completed") break;
  }
  stop.abort();
  assert.equal(seen[0], "onlineMeetingInvitation started");
  assert.ok(seen.indexOf("conversation added") < seen.indexOf("onlineMeeting added"));
  assert.equal(new Set(seen.filter((each) => each === "conversation added")).size, 1);
});

test("joining once more leads to the conversation that there is", async () => {
  const meeting = await schedule();
  await client.join(application, meeting.onlineMeetingUri);
  const { conversation } = await client.join(application, meeting.onlineMeetingUri);
  assert.equal((await client.get(conversation)).resource.rel, "conversation");
});

test("a poll that loses its turn is asked again", async () => {
  const fresh = await client.open("tests", "turns");
  const stop = new AbortController();
  let turns = 0;
  const turn = (poll) => {
    turns += 1;
    if (turns < 3) return poll(AbortSignal.timeout(10));
    stop.abort();
    return null;
  };
  for await (const event of client.events(fresh, { signal: stop.signal, turn })) assert.fail(event.type);
  assert.equal(turns, 3);
});

test("an anonymous guest keeps the identity when the token is renewed", async () => {
  const meeting = await schedule({ accessLevel: "Everyone" });
  const guest = new Ucwa(url);
  await guest.signInToMeeting(meeting.onlineMeetingUri);
  const opened = await guest.open("tests", "guest");
  await guest.signInToMeeting(meeting.onlineMeetingUri, guest.credentials.accessToken);
  assert.equal(linkOf(await guest.open("tests", "guest"), "self"), linkOf(opened, "self"));
});

test("a server that is not there is told from one that refuses", async () => {
  await assert.rejects(new Ucwa("http://127.0.0.1:9/").discover(), ServerAway);
});

test("links and embedded resources may be one, many, or none", () => {
  const resource = {
    _links: { self: { href: "a" }, many: [{ href: "b" }, { href: "c" }] },
    _embedded: { one: { id: 1 } },
  };
  assert.equal(linkOf(resource, "self"), "a");
  assert.equal(linksOf(resource, "many").length, 2);
  assert.deepEqual(linksOf(resource, "none"), []);
  assert.deepEqual(embeddedIn(resource, "one"), [{ id: 1 }]);
  assert.equal(linkOf(undefined, "self"), undefined);
});
