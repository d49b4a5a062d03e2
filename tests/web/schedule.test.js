// Run in a zone whose clocks are put forward and back, and not in UTC.
import assert from "node:assert/strict";
import test from "node:test";

process.env.TZ = "Europe/Copenhagen";
const {
  changeOf,
  inOrder,
  isElsewhere,
  isPast,
  isZone,
  lengthOf,
  ownZone,
  planned,
  proposed,
  rangeText,
  readLocal,
  scheduleOf,
  timesOf,
  zoneText,
} = await import("../../src/openucwa/web/schedule.js");

const HOUR = 3_600_000;
const begin = new Date("2027-01-11T09:00:00Z");
const end = new Date("2027-01-11T10:30:00Z");
const TIMES = { begin, end, timeZone: "Europe/Copenhagen" };

test("times that are written are read as the same", () => {
  const extension = scheduleOf(TIMES);
  assert.deepEqual(extension, {
    id: "openucwa.schedule",
    type: "RoamedParticipantData",
    begin: `/Date(${begin.getTime()})/`,
    end: `/Date(${end.getTime()})/`,
    timeZone: "Europe/Copenhagen",
  });
  assert.deepEqual(timesOf(extension), TIMES);
  const meeting = planned({ subject: "a" }, [{ id: "agenda" }, extension]);
  assert.deepEqual(meeting, { subject: "a", times: TIMES, schedule: extension });
  assert.equal(planned({}, [{ id: "agenda" }]).times, null);
});

test("what has to be done to the extension follows from the times", () => {
  const { id, type, ...properties } = scheduleOf(TIMES);
  const schedule = { ...scheduleOf(TIMES), etag: "7", place: "Room 5" };
  assert.equal(changeOf(undefined, null), null);
  assert.equal(changeOf(schedule, { ...TIMES }), null);
  assert.deepEqual(changeOf(undefined, TIMES), { operation: "add", id, type, properties });
  assert.deepEqual(changeOf(schedule, null), { operation: "remove", id, ifMatch: "7" });
  // What others have written beside begin and end stays.
  const patch = { begin: properties.begin, end: properties.end, timeZone: "UTC" };
  assert.deepEqual(changeOf(schedule, { ...TIMES, timeZone: "UTC" }), { operation: "patch", id, ifMatch: "7", patch });
  assert.equal(changeOf({ ...schedule, begin: "soon" }, null), null);
});

test("an extension that cannot be true says no times", () => {
  const extension = scheduleOf(TIMES);
  const wrong = [
    undefined,
    null,
    {},
    { ...extension, end: extension.begin },
    { ...extension, end: undefined },
    { ...extension, begin: "2027-01-11T09:00:00Z" },
    { ...extension, begin: 1 },
    { ...extension, end: "/Date(9999999999999999)/" },
  ];
  for (const each of wrong) assert.equal(timesOf(each), null, JSON.stringify(each));
});

test("a time zone that is not known is UTC", () => {
  for (const timeZone of [undefined, "", "Mars/Olympus", 1, ["UTC"]])
    assert.equal(timesOf({ ...scheduleOf(TIMES), timeZone }).timeZone, "UTC");
  assert.ok(isZone("America/New_York"));
});

test("a local time that clocks skip is found out", () => {
  assert.equal(ownZone(), "Europe/Copenhagen");
  const skipped = readLocal("2027-03-28T02:30");
  assert.ok(skipped.gap);
  assert.equal(skipped.date.toISOString(), "2027-03-28T01:30:00.000Z");
  assert.deepEqual(readLocal("2027-01-11T10:00"), { date: begin, gap: false });
  assert.ok(!readLocal("2027-10-31T02:30").gap); // which is there twice
  assert.equal(readLocal(""), null);
  assert.equal(readLocal("soon"), null);
});

test("a device whose zone is unknown shows UTC", () => {
  const { resolvedOptions } = Intl.DateTimeFormat.prototype;
  // As Chromium says it, with TZ="".
  Intl.DateTimeFormat.prototype.resolvedOptions = () => ({ timeZone: "Etc/Unknown" });
  try {
    assert.equal(ownZone(), "UTC");
    assert.equal(zoneText(ownZone(), begin), "UTC");
  } finally {
    Intl.DateTimeFormat.prototype.resolvedOptions = resolvedOptions;
  }
});

test("a new meeting is proposed for the next half hour, as long as the last one", () => {
  const at = Date.parse("2027-01-11T09:00:00Z");
  assert.equal(proposed(at, HOUR).begin.toISOString(), "2027-01-11T09:30:00.000Z");
  assert.equal(proposed(at + 29 * 60_000, lengthOf(TIMES)).end.toISOString(), "2027-01-11T11:00:00.000Z");
  assert.equal(proposed(at + 31 * 60_000, lengthOf(null)).end.toISOString(), "2027-01-11T11:00:00.000Z");
});

test("another zone is one whose clocks show something else", () => {
  assert.ok(!isElsewhere(TIMES, "Europe/Berlin"));
  assert.ok(isElsewhere(TIMES, "America/New_York"));
  // The clocks of Europe are put forward two weeks after those of America.
  const march = { begin: new Date("2027-03-20T12:00:00Z"), end: new Date("2027-03-20T13:00:00Z"), timeZone: "UTC" };
  assert.ok(!isElsewhere(march, "Africa/Abidjan"));
});

test("a zone is said with its offset on that day", () => {
  assert.equal(zoneText("Europe/Copenhagen", begin), "Europe/Copenhagen (GMT+1)");
  assert.equal(zoneText("Europe/Copenhagen", new Date("2027-07-01T00:00:00Z")), "Europe/Copenhagen (GMT+2)");
  assert.equal(zoneText("America/New_York", begin), "America/New York (GMT-5)");
  assert.equal(zoneText("UTC", begin), "UTC");
});

test("a range says the day once, in the zone that is asked for", () => {
  const said = rangeText(TIMES, { zone: "America/New_York", locale: "en-GB" });
  assert.match(said, /^11 Jan 2027, 04:00\W+05:30$/);
});

test("a list shows what comes next first, then what has no times, then what is over", () => {
  const now = begin.getTime();
  const after = (hours, name) => ({
    name,
    times: { begin: new Date(now + hours * HOUR), end: new Date(now + (hours + 1) * HOUR), timeZone: "UTC" },
  });
  const closed = { name: "closed", times: null, expirationTime: `/Date(${now - 2 * HOUR})/` };
  const open = { name: "open", times: null, expirationTime: `/Date(${now + HOUR})/` };
  const always = { name: "always", times: null };
  const listed = [after(48, "later"), closed, open, after(-5, "before"), after(-0.5, "running"), always];
  assert.deepEqual(
    inOrder(listed, now).map(({ name }) => name),
    ["running", "later", "open", "always", "closed", "before"],
  );
  assert.ok(isPast(closed, now));
  // Over, though people may still be in it.
  assert.ok(isPast({ ...after(-5), expirationTime: `/Date(${now + HOUR})/` }, now));
});
