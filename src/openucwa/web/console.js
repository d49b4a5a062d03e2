// The console of those who organize meetings, at / in a browser: signing in and out, and what is shown when. It is a
// client of the public API, as any other; what a meeting shows is in console-meetings.js.

import { MeetingsView } from "./console-meetings.js";
import { Session, inWords } from "./console-session.js";
import { $, busy, make, tell } from "./elements.js";
import { Elsewhere, PASSWORD, Ucwa } from "./ucwa.js";

const client = new Ucwa();
let username = "";
let visit = null; // {session, view}: what there is while somebody is signed in
let askedAgain = null; // {resolve, reject}, while a sign-in that ran out is asked for once more

$("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  busy(event.submitter, signIn);
});
$("again-form").addEventListener("submit", (event) => {
  event.preventDefault();
  busy(event.submitter, signInAgain);
});
$("again-out").addEventListener("click", () => signOut(null));
$("sign-in-again").addEventListener("cancel", (event) => event.preventDefault());
$("sign-out").addEventListener("click", () => signOut(null));
$("skip").addEventListener("click", (event) => {
  event.preventDefault();
  [...document.querySelectorAll("#detail h1")].find((heading) => heading.checkVisibility())?.focus();
});
window.addEventListener("hashchange", () => visit?.view.go(location.hash));
window.addEventListener("beforeunload", (event) => visit?.view.editing && event.preventDefault());
window.addEventListener("pagehide", () => visit?.session.close());
window.addEventListener("pageshow", (event) => event.persisted && location.reload());

async function signIn() {
  tell($("sign-in-error"), null);
  for (const [id, words] of [["username", "Please enter your user name."], ["password", "Please enter your password."]]) {
    const empty = $(id).value.trim() === "";
    if (empty) {
      refuse(id, words);
      return;
    }
    $(id).removeAttribute("aria-invalid");
  }
  const session = new Session(client, {
    event: (event) => visit?.view.take(event),
    away: (error) => ($("away").textContent = error === null ? "" : "The server can't be reached. Trying again…"),
    reopened: () => visit?.view.reopened(),
    over: (error) => visit?.session === session && signOut(words(error)),
  });
  try {
    const grants = await client.discover();
    if (!grants.includes(PASSWORD)) throw new Error("This server takes no passwords.");
    username = $("username").value.trim();
    await client.signIn(username, $("password").value);
    client.signInAgain = askAgain;
    await session.open();
  } catch (error) {
    client.signOut();
    if (isWrong(error)) refuse("password", "The user name or the password is wrong.");
    else tell($("sign-in-error"), words(error));
    return;
  }
  $("password").value = "";
  $("who").textContent = session.application._embedded?.me?.name ?? username;
  visit = { session, view: new MeetingsView(session, say) };
  show("console");
  await visit.view.go(location.hash);
  if (!location.hash) $("meetings-title").focus();
}

function refuse(id, words) {
  tell($("sign-in-error"), words);
  $(id).setAttribute("aria-invalid", "true");
  $(id).focus();
  $(id).select();
}

function isWrong(error) {
  return error.code === "invalid_grant" && error.status === 400;
}

function words(error) {
  return error instanceof Elsewhere ? `Your meetings are at ${error.address}. Sign in there.` : inWords(error);
}

// `why`: what is said of it; null: it was wanted.
function signOut(why) {
  const { session, view } = visit ?? {};
  visit = null;
  askedAgain?.reject(new Error("You are signed out."));
  askedAgain = null;
  $("sign-in-again").close();
  view?.close();
  session?.close();
  client.signInAgain = null;
  client.signOut();
  $("away").textContent = "";
  tell($("sign-in-error"), why);
  show("front");
  $("username").focus();
}

// A ticket ran out

function askAgain() {
  $("again-username").value = username;
  $("again-password").value = "";
  tell($("again-error"), null);
  $("sign-in-again").showModal();
  $("again-password").focus();
  return new Promise((resolve, reject) => {
    askedAgain = { resolve, reject };
  });
}

async function signInAgain() {
  try {
    await client.signIn(username, $("again-password").value);
    $("sign-in-again").close();
    askedAgain?.resolve();
    askedAgain = null;
  } catch (error) {
    tell($("again-error"), isWrong(error) ? "The password is wrong." : words(error));
    $("again-password").focus();
  } finally {
    $("again-password").value = "";
  }
}

// What is seen and heard

function show(stage) {
  for (const id of ["front", "console"]) $(id).hidden = id !== stage;
  if (stage === "front") document.title = "openucwa";
}

// Tells people who don't look at it.
function say(said) {
  $("said").append(make("p", {}, said));
  while ($("said").children.length > 20) $("said").firstChild.remove();
}
