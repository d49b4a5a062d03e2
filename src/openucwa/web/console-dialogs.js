// Questions that the console asks before it goes on.

import { make, uniqueId } from "./elements.js";
import { t } from "./texts.js";

const confirmTitle = make("h2", { id: "confirm-title" });
const confirmWords = make("p", {});
const confirmDetails = make("div", { class: "scroll" });
const confirmYes = make("button", { class: "danger", value: "yes", type: "submit" });
const confirmNo = make("button", { value: "no", type: "submit", "data-first": true });
const confirm = dialog(
  { "aria-labelledby": "confirm-title" },
  confirmTitle,
  confirmWords,
  confirmDetails,
  make("div", { class: "row" }, confirmYes, confirmNo),
);

const conflictWords = make("p", { class: "muted" });
const versions = make("tbody", {});
const columns = [t`Property`, t`Yours`, t`On the server`].map((title) => make("th", { scope: "col" }, title));
const conflict = dialog(
  { class: "wide", "aria-labelledby": "conflict-title" },
  make("div", {}, make("h2", { id: "conflict-title" }, t`Changed by someone else`), conflictWords),
  make(
    "div",
    { class: "scroll" },
    make("table", { class: "versions" }, make("thead", {}, make("tr", {}, ...columns)), versions),
  ),
  make(
    "div",
    { class: "row" },
    make("button", { class: "primary", value: "save", type: "submit" }, t`Save`),
    make("button", { value: "", type: "submit", "data-first": true }, t`Keep editing`),
  ),
);

function dialog(attributes, ...parts) {
  const made = make("dialog", attributes, make("form", { class: "stack", method: "dialog" }, ...parts));
  document.body.append(made);
  // Only now: as the dialog comes, something else may have the focus.
  made.querySelector("[data-first]").autofocus = true;
  return made;
}

// Asks in a dialog; the value of the button that was chosen, "" for none.
function ask(dialog) {
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true });
  });
}

// Whether to go on. `yes`, `no`: what the buttons say; `details`: an element with more to know, or null.
export async function confirmed(title, words, yes, no = t`Cancel`, details = null) {
  confirmTitle.textContent = title;
  confirmWords.textContent = words;
  confirmDetails.replaceChildren(...(details ? [details] : []));
  confirmDetails.hidden = details === null;
  confirm.classList.toggle("wide", details !== null);
  confirmYes.className = details === null ? "danger" : "primary";
  confirmYes.textContent = yes;
  confirmNo.textContent = no;
  return (await ask(confirm)) === "yes";
}

// Which version of each property is to be saved: a Map of name -> value (undefined: it is to go), or null to go on editing.
// `conflicts`: [{name, mine, theirs}]; shown(name, value): what people see of a value, as elements or texts.
export async function chooseVersions(words, conflicts, labelOf, shown) {
  conflictWords.textContent = words;
  const rows = conflicts.map(({ name, mine, theirs }) => {
    const group = uniqueId("version");
    const label = labelOf(name);
    const option = (side, sideWords, value, checked) => {
      const radio = make("input", {
        type: "radio",
        name: group,
        value: side,
        checked,
        "aria-label": `${label}: ${sideWords}`,
      });
      const text = make(
        "span",
        {},
        value === undefined ? make("span", { class: "value-empty" }, t`removed`) : shown(name, value),
      );
      return make("td", { "data-version": sideWords }, make("label", { class: "version" }, radio, text));
    };
    const cells = [option("mine", t`Yours`, mine, true), option("theirs", t`On the server`, theirs, false)];
    return make("tr", {}, make("th", { scope: "row" }, label), ...cells);
  });
  versions.replaceChildren(...rows);
  if ((await ask(conflict)) !== "save") return null;
  const theirs = rows.map((row) => row.querySelector("[value=theirs]").checked);
  return new Map(conflicts.map((each, place) => [each.name, theirs[place] ? each.theirs : each.mine]));
}
