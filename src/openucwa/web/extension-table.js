// An extension as a read-only table of its properties. Names, ids and values were typed by people and
// applications, and are shown as text.

import { make } from "./elements.js";
import { PagedList } from "./paged-list.js";
import { t } from "./texts.js";
import { asDate, customProperties, dateText, typeOf, valueText } from "./values.js";

const MARKED = 20_000; // ms for which a change is marked
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

// The properties. `changes`: what the last change did: property -> new, changed. `drawn`: the element that this one
// replaces, or undefined: of its long lists the same pages are shown.
export function propertiesTable(extension, changes, drawn) {
  const properties = customProperties(extension);
  if (properties.length === 0) return make("p", { class: "empty muted small" }, t`It has no properties.`);
  const starts = new Map(
    [...(drawn?.querySelectorAll(".paged") ?? [])].map((each) => [each.dataset.name, each.list.start]),
  );
  const titles = TITLES.map((word) => make("th", { scope: "col" }, word));
  const rows = properties.map(([name, value]) => propertyRow(name, value, changes?.get(name), starts.get(name)));
  return make(
    "table",
    {},
    make("caption", { class: "unseen" }, t`Properties of ${extension.id}`),
    make("thead", {}, make("tr", {}, ...titles)),
    make("tbody", {}, ...rows),
  );
}

function propertyRow(name, value, change, start = 0) {
  const mark = change ? [" ", make("span", { class: "tag warn mark" }, CHANGES[change])] : [];
  return make(
    "tr",
    { class: change ? "changed" : null },
    make("th", { scope: "row" }, name, ...mark),
    make("td", {}, renderValue(value, name, start)),
    make("td", { class: "muted small" }, TYPES[typeOf(value)]),
  );
}

// A value as an element (base.css: .value). `name`: of the property, where it may be a list; `start`: the position of an
// item on the page of it that is shown.
export function renderValue(value, name = "", start = 0) {
  const type = typeOf(value);
  if (value === "" || (type === "list" && value.length === 0)) {
    return make("span", { class: `value value-${type} value-empty` }, t`empty`);
  }
  const attributes = { class: `value value-${type}` };
  if (type === "list") return renderList(value, attributes, name, start);
  const date = asDate(value);
  if (date === null) return make("span", attributes, valueText(value));
  if (dateText(date) !== "") attributes.datetime = date.toISOString();
  return make("time", attributes, valueText(value));
}

function renderList(items, attributes, name, start) {
  const list = new PagedList(make("ul", attributes), name, (place) => make("li", {}, renderValue(items[place])));
  list.count = items.length;
  list.show(start);
  list.element.dataset.name = name;
  return list.element;
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
