// The join page: from an address, /meet/ADDRESS/ID, into the meeting, by a name or with an account; and out of it, with
// the reason in words. The page is the same for every address; what there is behind it the API says to who may know.

import { $ } from "./elements.js";
import { RoomView } from "./join-room.js";
import { Room } from "./room.js";
import { ANONYMOUS, Elsewhere, PASSWORD, ServerAway, Ucwa, linkOf } from "./ucwa.js";

const AGENT = "openucwa join page";

// How it can end: heading, words, and what the button says where there is something left to try.
const ENDS = {
  Left: ["You left the meeting", "You can close this page.", "Join again"],
  Ended: ["The meeting has ended", "The organizer has closed it, and what was shared in it is gone.", null],
  Ejected: ["You were removed from the meeting", "Somebody who leads the meeting removed you.", "Ask to join again"],
  Denied: ["You were not let in", "Somebody who leads the meeting did not let you in.", "Ask again"],
  TooManyParticipants: ["The meeting is full", "Try again when somebody has left.", "Try again"],
  NotFound: [
    "There is no such meeting",
    "It may have ended, or the address is not complete. Ask the organizer for a new one.",
    "Try again",
  ],
  NoAddress: [
    "This is not the address of a meeting",
    "Check that the whole link was copied, or ask the organizer for it.",
    null,
  ],
  Away: ["The server can't be reached", "Check your connection. If it works, the server may be down.", "Try again"],
  Lost: [
    "You are no longer in the meeting",
    "The server had not heard of this page for a while, which happens when a device sleeps.",
    "Join again",
  ],
  SignedOut: ["Your sign-in has run out", "Sign in again to go on.", "Sign in again"],
};

const client = new Ucwa();
let grants = [];
let meeting = null; // {address, uri}, from the page's address
let name = ""; // what the participant is called, where nobody else says it
let username = "";
let visit = null; // {room, view, application, polling}: what there is while one is in, or on the way

start();

async function start() {
  meeting = meetingOf(location.pathname);
  if (meeting === null) {
    over({ subcode: "NoAddress" });
    return;
  }
  $("host").textContent = meeting.address;
  for (const [id, listener] of [
    ["by-name", joinByName],
    ["by-password", joinByPassword],
    ["again-form", signInAgain],
  ]) {
    $(id).addEventListener("submit", (event) => {
      event.preventDefault();
      listener(event.submitter);
    });
  }
  $("other-way").addEventListener("click", () => showForm($("by-name").hidden ? "by-name" : "by-password", true));
  $("leave-lobby").addEventListener("click", leave);
  $("again-leave").addEventListener("click", leave);
  $("sign-in-again").addEventListener("cancel", (event) => event.preventDefault());
  // Nobody is to stay behind in the meeting when the page goes.
  window.addEventListener("pagehide", () => visit && close(visit.application));
  window.addEventListener("pageshow", (event) => event.persisted && location.reload());
  await look();
}

// The meeting that an address of this page is about; null: it is about none.
function meetingOf(path) {
  try {
    const [, address, id] = /\/meet\/+([^/]+)\/+([^/]+)\/*$/i.exec(path).map(decodeURIComponent);
    return /^[^@;]+@[^@;]+$/.test(address)
      ? { address, uri: `sip:${address};gruu;opaque=app:conf:focus:id:${id}` }
      : null;
  } catch {
    return null;
  }
}

// Finds out how one can sign in here, and asks for it.
async function look() {
  show("looking");
  try {
    grants = await client.discover();
  } catch (error) {
    fail(error);
    return;
  }
  ask();
}

function ask() {
  show("enter");
  showForm(grants.includes(ANONYMOUS) && !username ? "by-name" : "by-password", true);
}

function showForm(id, focus) {
  complain($("enter-error"), null);
  for (const each of ["by-name", "by-password"]) $(each).hidden = each !== id;
  $("other-way").hidden = !(grants.includes(ANONYMOUS) && grants.includes(PASSWORD));
  $("other-way").textContent = id === "by-name" ? "Sign in with an account instead" : "Join by name instead";
  if (focus) $(id).querySelector("input").focus();
}

// Ways in

async function joinByName(button) {
  const typed = $("name").value.trim();
  if (!filled([[$("name"), "Please enter your name."]], $("enter-error"))) return;
  await busy(button, async () => {
    await client.signInToMeeting(meeting.uri);
    name = typed;
    username = "";
    await enter();
  });
}

async function joinByPassword(button) {
  const fields = [
    [$("username"), "Please enter your user name."],
    [$("password"), "Please enter your password."],
  ];
  if (!filled(fields, $("enter-error"))) return;
  await busy(button, async () => {
    await client.signIn($("username").value.trim(), $("password").value);
    username = $("username").value.trim();
    name = "";
    $("password").value = "";
    client.signInAgain = askAgain;
    await enter();
  });
}

async function busy(button, work) {
  complain($("enter-error"), null);
  button.disabled = true;
  try {
    await work();
  } catch (error) {
    if (client.signedIn || error instanceof ServerAway || error instanceof Elsewhere) fail(error);
    else if (isWrong(error)) refused();
    else complain($("enter-error"), inWords(error));
  } finally {
    button.disabled = false;
  }
}

function isWrong(error) {
  return error.code === "invalid_grant" && error.status === 400;
}

// A wrong password is worth another try; by name there is nothing that could be typed better.
function refused() {
  if ($("by-password").hidden) {
    over({ subcode: "NotFound" });
    return;
  }
  complain($("enter-error"), "The user name or the password is wrong.", $("password"));
  $("password").select();
}

// Whether every field has something in it; the first that has not gets the focus and the words.
function filled(fields, place) {
  for (const [field, words] of fields) {
    const empty = field.value.trim() === "";
    if (empty) {
      complain(place, words, field);
      field.focus();
      return false;
    }
  }
  return true;
}

function complain(place, words, field) {
  for (const each of place.parentElement.querySelectorAll("[aria-invalid]")) each.removeAttribute("aria-invalid");
  field?.setAttribute("aria-invalid", "true");
  place.textContent = words ?? "";
  place.hidden = words === null;
}

// In the meeting

// Opens an application and joins with it; what comes of that, the events tell.
async function enter() {
  show("joining");
  const application = await client.open(AGENT);
  let invitation;
  try {
    invitation = await client.join(application, meeting.uri, name || undefined);
  } catch (error) {
    close(application);
    throw error;
  }
  const polling = new AbortController();
  const room = new Room(client, invitation, (part, words) => changed(part, words));
  visit = { room, view: null, application, polling };
  follow(visit);
}

async function follow(own) {
  try {
    for await (const event of client.events(own.application, { signal: own.polling.signal, away })) {
      own.room.take(event);
    }
  } catch (error) {
    if (visit === own) fail(error);
  }
}

function changed(part, words) {
  if (part === "stage") stageChanged();
  else visit.view?.draw(part);
  if (words) say(words);
}

function stageChanged() {
  const { room } = visit;
  if (room.stage === "lobby") {
    $("lobby-subject").textContent = room.conversation?.subject ?? "";
    show("lobby");
  } else if (room.stage === "room") {
    visit.view = new RoomView(room, { say, leave });
    show("room");
  } else if (room.stage === "over") {
    over(room.reason ?? { subcode: "Lost" });
  }
}

function leave() {
  over({ subcode: "Left" });
}

// Ends the application, and with it whatever part it has in the meeting. Should the server not hear of it, it will end
// the application by itself before long.
function close(application) {
  client.delete(linkOf(application, "self"), { keepalive: true }).catch(() => {});
}

// Out of it

function fail(error) {
  if (error instanceof Elsewhere) over({ subcode: "Elsewhere", address: error.address });
  else if (error instanceof ServerAway) over({ subcode: "Away" });
  else if (error.subcode === "DestinationNotFound") over({ subcode: "NotFound" });
  else if (error.status === 401) over({ subcode: "SignedOut" });
  else if (isWrong(error)) over({ subcode: "NotFound" });
  else if (error.subcode === "ApplicationNotFound" || error.subcode === "TooManyApplications")
    over({ subcode: "Lost" });
  else over({ message: inWords(error) });
}

function inWords(error) {
  if (error.status === 429) return `Too many tries. Try again in ${error.retryAfter ?? 30} seconds.`;
  if (error.status >= 500) return "The server has a problem at the moment. Try again in a while.";
  return error.message;
}

// The end of a visit, or of the attempt at one. `reason`: {subcode, message?}, as the server says it or one of ENDS.
function over(reason) {
  const own = visit;
  visit = null;
  own?.polling.abort();
  own?.view?.close();
  if (own && reason.subcode !== "Lost") close(own.application);
  $("sign-in-again").close();
  away(null);
  const elsewhere = reason.subcode === "Elsewhere";
  const [title, words, again] = elsewhere
    ? ["The meeting is at another address", "Go there to join it:", null]
    : (ENDS[reason.subcode] ?? ["Joining did not work", reason.message, "Try again"]);
  $("over-title").textContent = title;
  $("over-words").textContent = words;
  $("over-address").hidden = !elsewhere;
  if (elsewhere) {
    $("over-link").href = reason.address + location.pathname;
    $("over-link").textContent = reason.address;
  }
  $("again-row").hidden = again === null;
  $("again").textContent = again ?? "";
  $("again").onclick = () => tryAgain(reason.subcode);
  show("over");
}

// Once more, as the same one where that is still possible.
async function tryAgain(subcode) {
  if (grants.length === 0) await look();
  else if (!client.signedIn || subcode === "SignedOut" || subcode === "NotFound") {
    client.signOut();
    ask();
  } else await enter().catch(fail);
}

// A ticket ran out

let askedAgain = null; // {resolve, reject}

function askAgain() {
  $("again-username").value = username;
  $("again-password").value = "";
  complain($("again-error"), null);
  $("sign-in-again").showModal();
  $("again-password").focus();
  return new Promise((resolve, reject) => {
    askedAgain = { resolve, reject };
  });
}

async function signInAgain(button) {
  if (!filled([[$("again-password"), "Please enter your password."]], $("again-error"))) return;
  button.disabled = true;
  try {
    await client.signIn(username, $("again-password").value);
    $("sign-in-again").close();
    askedAgain.resolve();
  } catch (error) {
    complain($("again-error"), isWrong(error) ? "The password is wrong." : inWords(error), $("again-password"));
  } finally {
    $("again-password").value = "";
    button.disabled = false;
  }
}

// What is seen and heard

function show(stage) {
  const inRoom = stage === "room";
  $("door").hidden = inRoom;
  $("room").hidden = !inRoom;
  for (const section of document.querySelectorAll("#door section")) section.hidden = section.id !== stage;
  document.body.classList.toggle("in-room", inRoom);
  const heading = inRoom ? $("subject") : $(`${stage}-title`);
  if (!inRoom) document.title = heading.textContent;
  heading.focus();
}

function away(error) {
  $("away").textContent = error === null ? "" : "The server can't be reached. Trying again…";
}

// Tells people who don't look at it.
function say(words) {
  const line = document.createElement("p");
  line.textContent = words;
  $("said").append(line);
  while ($("said").children.length > 20) $("said").firstChild.remove();
}
