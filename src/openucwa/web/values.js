// Values of the wire: dates, numbers, and the programmer-defined properties of an extension, each with its type, and how a
// page shows them. Whatever somebody typed is shown as text, never as markup.

// A number that JavaScript would not give back as it was written: 1.0, or an integer of many digits.
export class ExactNumber extends Number {
  constructor(source) {
    super(source);
    this.source = source;
  }
  toString() {
    return this.source;
  }
  toJSON() {
    return JSON.rawJSON?.(this.source) ?? Number(this.source);
  }
}

// A date of the wire, /Date(ms)/, as a Date; null: the value is none.
export function asDate(value) {
  const found = typeof value === "string" && /^\/Date\((-?\d{1,16})(?:[+-]\d{4})?\)\/$/.exec(value);
  return found ? new Date(Number(found[1])) : null;
}

// A Date as the wire has it.
export function toWire(date) {
  return `/Date(${date.getTime()})/`;
}

const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export function dateText(date) {
  return Number.isNaN(date.getTime()) ? "" : DATE.format(date);
}

const OWN = new Set(["rel", "id", "type", "etag", "_links", "_embedded"]);
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const PASS_THROUGH = "please pass this in a PUT request";

// The programmer-defined properties of an onlineMeetingExtension: [[name, value], ...].
export function customProperties(extension) {
  return Object.entries(extension).filter(
    ([name, value]) => !OWN.has(name) && !(value === PASS_THROUGH && GUID.test(name)),
  );
}

// The type of such a value: text, integer, number, boolean, date or list.
export function typeOf(value) {
  if (Array.isArray(value)) return "list";
  if (typeof value === "boolean") return "boolean";
  if (value instanceof Number || typeof value === "number") return /^-?\d+$/.test(String(value)) ? "integer" : "number";
  return asDate(value) ? "date" : "text";
}

// Such a value in one line of text.
export function valueText(value) {
  if (Array.isArray(value)) return value.map(valueText).join(", ");
  const date = asDate(value);
  return date ? dateText(date) || value : String(value);
}

// Such a value as an element; whatever it holds is shown as text (base.css: .value).
export function renderValue(value) {
  const type = typeOf(value);
  const empty = value === "" || (type === "list" && value.length === 0);
  const element = document.createElement(type === "list" && !empty ? "ul" : type === "date" ? "time" : "span");
  element.className = `value value-${type}`;
  if (empty) {
    element.classList.add("value-empty");
    element.textContent = "empty";
  } else if (type === "list") {
    for (const item of value) {
      const line = document.createElement("li");
      line.append(renderValue(item));
      element.append(line);
    }
  } else {
    element.textContent = valueText(value);
    const date = asDate(value);
    if (date && !Number.isNaN(date.getTime())) element.dateTime = date.toISOString();
  }
  return element;
}
