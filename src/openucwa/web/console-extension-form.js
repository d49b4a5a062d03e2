// The form of one extension: who sees it, and its properties one by one, each with its type.

import { inWords } from "./console-session.js";
import { TYPES, Wrong, valueControl } from "./console-values.js";
import { button, busy, complain, make, tell } from "./elements.js";
import { customProperties, typeOf } from "./values.js";

// Names that are the protocol's own; what an application keeps under them is ignored.
const TAKEN = new Set(["id", "type", "rel", "href", "etag", "_links", "_embedded"]);
let count = 0;

export class ExtensionForm {
  #actions;
  #rows = [];
  #rowsElement = make("div", { class: "properties" });
  #notice = make("p", { class: "notice warn small", hidden: true });
  #error = make("p", { class: "notice bad small", role: "alert", hidden: true });
  #id = null; // the input, of a new one
  #audience;

  // `extension`: the one to change; null: a new one. save(extension): puts or posts it, rejects with what went wrong.
  constructor(extension, { save, cancel }) {
    this.extension = extension;
    this.#actions = { save, cancel };
    const own = `extension-form-${(count += 1)}`;
    const title = make("h3", { id: `${own}-title`, class: extension ? "mono" : "" }, extension?.id ?? "New extension");
    this.#audience = make(
      "select",
      { id: `${own}-type`, name: "type" },
      make("option", { value: "RoamedParticipantData" }, "Everybody in the meeting"),
      make("option", { value: "RoamedOrganizerData" }, "Only you"),
      ...(extension?.type === "Undefined" ? [make("option", { value: "Undefined" }, "Only you (not stated)")] : []),
    );
    this.#audience.value = extension?.type ?? "RoamedParticipantData";
    const fields = [field("Who sees it", this.#audience)];
    if (extension === null) {
      this.#id = make("input", { id: `${own}-id`, name: "id", autocomplete: "off", autocapitalize: "none", spellcheck: "false" });
      fields.unshift(field("Id", this.#id, "What applications find it by. Empty: the server makes one."));
    }
    const submit = make("button", { type: "submit", class: "primary" }, extension ? "Save" : "Add");
    this.element = make(
      "form",
      { class: "card stack extension-form", novalidate: true, "aria-labelledby": `${own}-title` },
      title,
      this.#notice,
      this.#error,
      make("div", { class: "two" }, ...fields),
      make("div", { class: "properties-part", role: "group", "aria-label": "Properties" }, this.#rowsElement),
      button("Add property", "compact", () => this.#addRow("", undefined, true).focus()),
      make("div", { class: "row form-end" }, submit, button("Cancel", "", cancel)),
    );
    for (const [name, value] of extension ? customProperties(extension) : []) this.#addRow(name, value, false);
    if (extension === null) this.#addRow("", undefined, true);
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      busy(submit, () => this.#save());
    });
  }

  focus() {
    (this.#rowsElement.querySelector("textarea, input:not([readonly]), select") ?? this.#audience).focus();
  }

  // What is on the server now; undefined: it is gone.
  seen(extension) {
    if (extension === undefined) tell(this.#notice, "Somebody has deleted it meanwhile. What you typed can't be saved here any more.");
    else if (extension.etag !== this.extension.etag) {
      tell(this.#notice, "Somebody has changed it meanwhile. When you save, you see both versions and choose.");
    }
  }

  #addRow(name, value, fresh) {
    const row = { name: () => name };
    const label = () => row.name() || "new property";
    const type = make("select", { "aria-label": fresh ? "Type of the new property" : `Type of ${name}` });
    for (const [each, words] of Object.entries(TYPES)) type.append(make("option", { value: each }, words));
    type.value = value === undefined ? "text" : typeOf(value);
    let named;
    if (fresh) {
      named = make("input", { "aria-label": "Name of the new property", placeholder: "Name", maxlength: 128, autocomplete: "off", autocapitalize: "none", spellcheck: "false" });
      row.name = () => named.value;
      row.named = named;
    } else named = make("p", { class: "property-name" }, name);
    const place = make("div", { class: "property-value" });
    const show = (shown) => {
      row.control = valueControl(type.value, shown, `Value of ${label()}`);
      place.replaceChildren(row.control.element);
    };
    show(value);
    type.addEventListener("change", () => {
      let typed;
      try {
        typed = row.control.read();
      } catch {
        typed = row.control.element.value;
      }
      show(typeOf(typed) === type.value ? typed : suits(typed, type.value));
    });
    const remove = button("×", "quiet remove", () => {
      this.#rows = this.#rows.filter((each) => each !== row);
      row.element.remove();
      this.#audience.focus();
    });
    remove.setAttribute("aria-label", `Remove ${name || "the new property"}`);
    row.element = make("div", { class: "property field" }, named, type, remove, place);
    this.#rows.push(row);
    this.#rowsElement.append(row.element);
    return fresh ? named : place;
  }

  async #save() {
    tell(this.#error, null);
    let properties;
    try {
      properties = this.#read();
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      complain(error.field, error.message);
      error.field.focus();
      return;
    }
    try {
      await this.#actions.save(this.#put(properties));
    } catch (error) {
      this.#refused(error);
    }
  }

  // [[name, value], ...]; Wrong: the first that is none.
  #read() {
    for (const each of this.element.querySelectorAll("[aria-invalid]")) complain(each, null);
    const names = new Set();
    return this.#rows.map((row) => {
      const name = row.name();
      if (row.named) {
        if (name === "") throw new Wrong("Give the property a name, or remove it.", row.named);
        if (TAKEN.has(name.toLowerCase())) throw new Wrong(`“${name}” is a name of the protocol's own.`, row.named);
        if (names.has(name)) throw new Wrong("There is a property of this name already.", row.named);
      }
      names.add(name);
      return [name, row.control.read()];
    });
  }

  // What was read, with the pass-through property, and these properties instead of its own.
  #put(properties) {
    const type = this.#audience.value;
    if (this.extension === null) {
      const id = this.#id.value;
      return { ...(id !== "" && { id }), type, ...Object.fromEntries(properties) };
    }
    const own = new Set(customProperties(this.extension).map(([name]) => name));
    const kept = Object.entries(this.extension).filter(([name]) => !own.has(name));
    return Object.fromEntries([...kept, ...properties, ["type", type]]);
  }

  #refused(error) {
    let left = false;
    for (const [name, why] of Object.entries(error.parameters ?? {})) {
      const row = this.#rows.find((each) => each.name() === name);
      const at = row ? (row.element.querySelector(".property-value :is(input, textarea, select)") ?? row.named) : { id: this.#id, type: this.#audience }[name];
      if (at) complain(at, `It ${why}.`);
      else left = true;
    }
    if (this.#id && error.subcode === "AlreadyExists") complain(this.#id, inWords(error));
    const shown = this.element.querySelector("[aria-invalid]");
    if (shown && !left) shown.focus();
    else tell(this.#error, inWords(error));
  }
}

// What was typed, as a value of another type; undefined where it is none.
function suits(typed, type) {
  if (typed === "") return undefined;
  if (type === "list" || type === "text") return typed;
  const text = String(Array.isArray(typed) ? (typed[0] ?? "") : typed);
  if ((type === "integer" || type === "number") && /^-?\d{1,15}$/.test(text)) return Number(text);
  return undefined;
}

function field(label, control, hint) {
  const described = hint ? `${control.id}-hint` : null;
  if (described) control.setAttribute("aria-describedby", described);
  return make(
    "div",
    { class: "field" },
    make("label", { for: control.id }, label),
    control,
    ...(hint ? [make("p", { class: "hint", id: described }, hint)] : []),
  );
}
