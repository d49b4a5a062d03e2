// Questions that the console asks before it goes on.

import { $, make, uniqueId } from "./elements.js";
import { t } from "./texts.js";

// Asks in a dialog; the value of the button that was chosen, "" for none.
function ask(dialog) {
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true });
  });
}

// Whether to go on. `yes`, `no`: what the buttons say.
export async function confirmed(title, words, yes, no = t`Cancel`) {
  $("confirm-title").textContent = title;
  $("confirm-words").textContent = words;
  $("confirm-yes").textContent = yes;
  $("confirm-no").textContent = no;
  return (await ask($("confirm"))) === "yes";
}

// Which version of each property is to be saved: a Map of name -> value (undefined: it is to go), or null to go on editing.
// `conflicts`: [{name, mine, theirs}]; shown(name, value): what people see of a value, as elements or texts.
export async function chooseVersions(words, conflicts, labelOf, shown) {
  $("conflict-words").textContent = words;
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
  $("versions").replaceChildren(...rows);
  if ((await ask($("conflict"))) !== "save") return null;
  const theirs = rows.map((row) => row.querySelector("[value=theirs]").checked);
  return new Map(conflicts.map((each, place) => [each.name, theirs[place] ? each.theirs : each.mine]));
}
