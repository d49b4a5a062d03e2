// The form of one extension: who sees it, and its properties one by one, each with its type.

import { busy, button, complain, field, make, notify, uniqueId } from "./elements.js";
import { t } from "./texts.js";
import { TYPES, valueControl, Wrong } from "./value-controls.js";
import { customProperties, toWire, typeOf, valueText } from "./values.js";
import { inWords } from "./words.js";

// Names that the protocol uses; what an application stores under them is ignored.
const VALUES = ".property-value :is(textarea, input, select, button)";
const INTEGER = /^-?\d{1,15}$/;
const NUMBER = /^-?\d{1,15}(\.\d{1,15})?$/;
const TAKEN = new Set(["id", "type", "rel", "href", "etag", "_links", "_embedded"]);

export class ExtensionForm {
  #actions;
  #rows = [];
  #rowsElement = make("div", { class: "properties" });
  #notice = make("p", { class: "notice warn small", hidden: true });
  #error = make("p", { class: "notice bad small", role: "alert", hidden: true });
  #id = null; // the input, of a new one
  #audience;
  #like;

  // `extension`: the one to change; null: a new one. save(extension): puts or posts it, rejects with what went wrong.
  // `like`: one that a new one has the properties of.
  constructor(extension, { save, cancel }, like = null) {
    this.extension = extension;
    this.#like = like;
    this.#actions = { save, cancel };
    const own = uniqueId("extension-form");
    const title = make("h3", { id: `${own}-title`, class: extension ? "mono" : "" }, extension?.id ?? t`New extension`);
    this.#audience = make(
      "select",
      { id: `${own}-type`, name: "type" },
      make("option", { value: "RoamedParticipantData" }, t`Everyone in the meeting`),
      make("option", { value: "RoamedOrganizerData" }, t`Only you`),
      ...(extension?.type === "Undefined" ? [make("option", { value: "Undefined" }, t`Only you (not stated)`)] : []),
    );
    this.#audience.value = extension?.type ?? audienceAtFirst(like);
    const fields = [field(t`Who sees it`, this.#audience)];
    if (extension === null) {
      this.#id = make("input", {
        id: `${own}-id`,
        name: "id",
        autocomplete: "off",
        autocapitalize: "none",
        spellcheck: "false",
        value: like?.id ? `${like.id}-copy` : null,
      });
      fields.unshift(
        field(t`Id`, this.#id, t`Applications find the extension by it. Leave empty to have one generated.`),
      );
    }
    const submit = make("button", { type: "submit", class: "primary" }, extension ? t`Save` : t`Add`);
    this.element = make(
      "form",
      { class: "card stack extension-form", novalidate: true, "aria-labelledby": `${own}-title` },
      title,
      this.#notice,
      this.#error,
      make("div", { class: "two" }, ...fields),
      make("div", { class: "properties-part", role: "group", "aria-label": t`Properties` }, this.#rowsElement),
      button(t`Add property`, "compact", () => this.#addRow("", undefined, true).focus()),
      make("div", { class: "row form-end" }, submit, button(t`Cancel`, "", cancel)),
    );
    for (const [name, value] of extension ? customProperties(extension) : []) this.#addRow(name, value, false);
    if (extension === null) {
      const given = like ? customProperties(like) : [["", undefined]];
      for (const [name, value] of given) this.#addRow(name, value, true);
    }
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      busy(submit, () => this.#save());
    });
  }

  focus() {
    (this.#id ?? this.#rowsElement.querySelector(VALUES) ?? this.#audience).focus();
  }

  // Whether something was typed that is not saved.
  get changed() {
    if (this.#like !== null) return true;
    const given = this.extension ? customProperties(this.extension).length : 1;
    return (
      this.#audience.value !== (this.extension?.type ?? audienceAtFirst(null)) ||
      Boolean(this.#id?.value) ||
      this.#rows.length !== given ||
      this.#rows.some((row) => row.named.value !== row.given || row.retyped || row.control.changed)
    );
  }

  // What is on the server now; undefined: it is gone.
  seen(extension) {
    if (extension === undefined)
      notify(this.#notice, t`Someone deleted this extension in the meantime. Your changes can no longer be saved.`);
    else if (extension.etag !== this.extension.etag) {
      notify(
        this.#notice,
        t`Someone changed this extension in the meantime. Their changes are kept when you save; where you both changed the same property, you choose.`,
      );
    }
  }

  #addRow(name, value, fresh) {
    const row = { given: name };
    const label = () => row.name() || t`new property`;
    const type = make("select", { "aria-label": fresh ? t`Type of the new property` : t`Type of ${name}` });
    for (const [each, words] of Object.entries(TYPES)) type.append(make("option", { value: each }, words));
    type.value = value === undefined ? "text" : typeOf(value);
    const named = make("input", {
      class: "property-name",
      "aria-label": fresh ? t`Name of the new property` : t`Name of ${name}`,
      placeholder: t`Name`,
      maxlength: 128,
      autocomplete: "off",
      autocapitalize: "none",
      spellcheck: "false",
      value: name,
    });
    row.name = () => named.value;
    row.named = named;
    const place = make("div", { class: "property-value" });
    const show = (shown) => {
      row.control = valueControl(type.value, shown, t`Value of ${label()}`);
      place.replaceChildren(row.control.element);
    };
    show(value);
    type.addEventListener("change", () => {
      const text = textIn(row.control);
      // What could not become a value of the other type comes back when a type is chosen that can hold it.
      if (text) row.text = text;
      row.retyped = true;
      const isOriginal = value !== undefined && type.value === typeOf(value) && row.text === valueText(value);
      show(isOriginal ? value : converted(row.text ?? "", type.value));
    });
    const remove = button("×", "quiet remove", () => {
      this.#rows = this.#rows.filter((each) => each !== row);
      row.element.remove();
      this.#audience.focus();
    });
    remove.setAttribute("aria-label", name ? t`Remove ${name}` : t`Remove the new property`);
    row.element = make("div", { class: "property field" }, named, type, remove, place);
    this.#rows.push(row);
    this.#rowsElement.append(row.element);
    return fresh ? named : place;
  }

  async #save() {
    notify(this.#error, null);
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
      if (name !== row.given || name === "" || names.has(name)) {
        if (name === "") throw new Wrong(t`Give the property a name, or remove it.`, row.named);
        if (TAKEN.has(name.toLowerCase())) throw new Wrong(t`“${name}” is reserved by the protocol.`, row.named);
        if (names.has(name)) throw new Wrong(t`There is already a property with this name.`, row.named);
      }
      names.add(name);
      return [name, row.control.read()];
    });
  }

  // What was read, the pass-through property included, with these properties instead of its own.
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

  // What the server refused, at the field that it is about.
  #refused(error) {
    let left = false;
    for (const { name, reason } of error.parameters ?? []) {
      const row = this.#rows.find((each) => each.name() === name);
      const place = { id: this.#id, type: this.#audience }[name];
      const at = row ? (row.element.querySelector(VALUES) ?? row.named) : place;
      if (at)
        complain(
          at,
          name === "id"
            ? t`This id can't be used: it is too long or has a character that is not allowed.`
            : t`The server refused this value: it ${reason}.`,
        );
      else left = true;
    }
    if (this.#id && error.subcode === "AlreadyExists") complain(this.#id, inWords(error));
    const shown = this.element.querySelector("[aria-invalid]");
    if (shown && !left) shown.focus();
    else notify(this.#error, inWords(error));
  }
}

// Who sees a new extension, at first: as one that it is like.
function audienceAtFirst(like) {
  return like === null || like.type === "RoamedParticipantData" ? "RoamedParticipantData" : "RoamedOrganizerData";
}

// What stands in a control, as text.
function textIn(control) {
  try {
    return valueText(control.read());
  } catch {
    return control.element.value ?? "";
  }
}

// A text as a value of a type; undefined where it is none.
function converted(text, type) {
  if (text === "") return undefined;
  if (type === "list" || type === "text") return text;
  if (type === "integer" && INTEGER.test(text)) return Number(text);
  if (type === "number" && NUMBER.test(text)) return Number(text);
  if (type === "boolean" && (text === "true" || text === "false")) return text === "true";
  if (type === "date" && !Number.isNaN(Date.parse(text))) return toWire(new Date(text));
  return undefined;
}
