// Questions that the console asks before it goes on: whether something is really to be deleted, and which of two versions
// is to stay.

import { $, make } from "./elements.js";
import { renderValue } from "./values.js";

// Asks in a dialog; what was chosen: the value of the button, "" for none.
function ask(dialog) {
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true });
  });
}

// Whether to go on. `yes`: what the button says.
export async function confirmed(title, words, yes) {
  $("confirm-title").textContent = title;
  $("confirm-words").textContent = words;
  $("confirm-yes").textContent = yes;
  return (await ask($("confirm"))) === "yes";
}

// Which of two versions is to stay: "mine", "theirs", or "" to go on editing. `mine`, `theirs`: [[name, value], ...], a
// value is one of a property.
export function chooseVersion(words, mine, theirs) {
  const [own, other] = [new Map(mine), new Map(theirs)];
  $("conflict-words").textContent = words;
  $("versions").replaceChildren(
    ...[...new Set([...own.keys(), ...other.keys()])].map((name) => {
      const differs = !same(own.get(name), other.get(name));
      const mark = differs ? [" ", make("span", { class: "tag warn" }, "differs")] : [];
      return make(
        "tr",
        { class: differs ? "differs" : null },
        make("th", { scope: "row" }, name, ...mark),
        make("td", { "data-version": "Yours" }, shown(own.get(name))),
        make("td", { "data-version": "On the server now" }, shown(other.get(name))),
      );
    }),
  );
  return ask($("conflict"));
}

export function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

function shown(value) {
  return value === undefined ? make("span", { class: "value-empty" }, "not there") : renderValue(value);
}

// Puts a resource back; where it has changed meanwhile, asks which version is to stay. What is on the server then, or null
// to go on editing. `sides(resource)`: what of a version is shown, [[name, value], ...].
export async function putBack(session, resource, words, sides) {
  let mine = resource;
  for (;;) {
    try {
      return await session.put(mine);
    } catch (error) {
      if (error.status !== 412) throw error;
    }
    const theirs = await session.get(resource._links.self.href);
    const choice = await chooseVersion(words, sides(mine), sides(theirs.resource));
    if (choice === "theirs") return theirs;
    if (choice !== "mine") return null;
    mine = { ...mine, etag: theirs.resource.etag };
  }
}

// Deletes what is shown; where it has changed meanwhile, asks again. Whether it is gone.
export async function deleteShown(session, resource, title, words) {
  let { etag } = resource;
  let question = words;
  while (await confirmed(title, question, "Delete")) {
    try {
      await session.delete(resource._links.self.href, { headers: { "If-Match": `"${etag}"` } });
      return true;
    } catch (error) {
      if (error.status === 404) return true;
      if (error.status !== 412) throw error;
      etag = (await session.get(resource._links.self.href)).resource.etag;
      question = `It has changed since you read it. ${words}`;
    }
  }
  return false;
}
