// An extension as a table of its properties, for whoever looks at it. Names, ids and values were typed by people and
// applications, and are shown as text.

import { button, make } from "./elements.js";
import { t } from "./texts.js";
import { asDate, customProperties, dateText, typeOf, valueText } from "./values.js";

const MARKED = 20_000; // ms for which a change is marked
const MAX_ITEMS = 50; // of a list that are shown at first
const SLACK = 10; // more than that many are left out, or none
const CHANGES = { new: t`new`, changed: t`changed`, removed: t`removed` };
const TYPES = {
  text: t`text`,
  integer: t`integer`,
  number: t`number`,
  boolean: t`boolean`,
  date: t`date`,
  list: t`list`,
};
const TITLES = [t`Property`, t`Value`, t`Type`];

// Who may see an extension of a type: "everyone" in the meeting, or its "organizer" alone.
export function audienceOf(type) {
  return type === "RoamedParticipantData" ? "everyone" : "organizer";
}

// A tag that says who sees it. `words`: {everyone, organizer}, as the page's reader would put it.
export function audienceTag(type, words) {
  const audience = audienceOf(type);
  return make(
    "span",
    { class: `tag ${audience === "everyone" ? "accent" : "warn"}` },
    t`visible to ${words[audience]}`,
  );
}

// The properties. `changes`: what the last change did: property -> new, changed.
export function propertiesTable(extension, changes) {
  const properties = customProperties(extension);
  if (properties.length === 0) return make("p", { class: "empty muted small" }, t`It has no properties.`);
  const titles = TITLES.map((word) => make("th", { scope: "col" }, word));
  return make(
    "table",
    {},
    make("caption", { class: "unseen" }, t`Properties of ${extension.id}`),
    make("thead", {}, make("tr", {}, ...titles)),
    make("tbody", {}, ...properties.map(([name, value]) => propertyRow(name, value, changes?.get(name)))),
  );
}

function propertyRow(name, value, change) {
  const mark = change ? [" ", make("span", { class: "tag warn mark" }, CHANGES[change])] : [];
  return make(
    "tr",
    { class: change ? "changed" : null },
    make("th", { scope: "row" }, name, ...mark),
    make("td", {}, renderValue(value)),
    make("td", { class: "muted small" }, TYPES[typeOf(value)]),
  );
}

// A value as an element (base.css: .value).
export function renderValue(value) {
  const type = typeOf(value);
  if (value === "" || (type === "list" && value.length === 0)) {
    return make("span", { class: `value value-${type} value-empty` }, t`empty`);
  }
  const attributes = { class: `value value-${type}` };
  if (type === "list") return renderList(value, attributes);
  const date = asDate(value);
  if (date === null) return make("span", attributes, valueText(value));
  if (dateText(date) !== "") attributes.datetime = date.toISOString();
  return make("time", attributes, valueText(value));
}

// Of a long list the first items, and a button for the rest.
function renderList(items, attributes) {
  const line = (item) => make("li", {}, renderValue(item));
  if (items.length <= MAX_ITEMS + SLACK) return make("ul", attributes, ...items.map(line));
  const list = make("ul", attributes, ...items.slice(0, MAX_ITEMS).map(line));
  const more = button(t`Show all ${items.length} items`, "compact quiet", () => {
    list.append(...items.slice(MAX_ITEMS).map(line));
    list.setAttribute("tabindex", "-1");
    list.focus();
    more.remove();
  });
  return make("div", {}, list, more);
}

// The marks of what changed, by an extension's id. They go after a while, or there would only ever be more of them.
export class ChangeMarks {
  #marks = new Map(); // {changes, timer}
  #gone;

  // gone(id): the marks of an extension are not to be shown any longer.
  constructor(gone) {
    this.#gone = gone;
  }

  get(id) {
    return this.#marks.get(id)?.changes;
  }

  set(id, changes) {
    this.delete(id);
    const timer = setTimeout(() => {
      this.#marks.delete(id);
      this.#gone(id);
    }, MARKED);
    this.#marks.set(id, { changes, timer });
  }

  delete(id) {
    clearTimeout(this.#marks.get(id)?.timer);
    this.#marks.delete(id);
  }

  clear() {
    for (const id of [...this.#marks.keys()]) this.delete(id);
  }
}
