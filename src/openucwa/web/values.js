// Values of the wire: dates, numbers, and the programmer-defined properties of an extension, each with its type. Pure:
// how a page shows them is in extension-table.js.

/** A number that JavaScript would not give back as it was written: 1.0, or an integer of many digits. */
export class ExactNumber extends Number {
  /** @param {string} source as it was written */
  constructor(source) {
    super(source);
    this.source = source;
  }
  toString() {
    return this.source;
  }
  toJSON() {
    return /** @type {any} */ (JSON).rawJSON?.(this.source) ?? Number(this.source);
  }
}

/**
 * A date of the wire, /Date(ms)/, as a Date; null: the value is none.
 * @param {unknown} value
 */
export function asDate(value) {
  const found = typeof value === "string" && /^\/Date\((-?\d{1,16})(?:[+-]\d{4})?\)\/$/.exec(value);
  return found ? new Date(Number(found[1])) : null;
}

/**
 * A Date as the wire has it.
 * @param {Date} date
 */
export function toWire(date) {
  return `/Date(${date.getTime()})/`;
}

const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** @param {Date} date */
export function dateText(date) {
  return Number.isNaN(date.getTime()) ? "" : DATE.format(date);
}

const OWN = new Set(["rel", "id", "type", "etag", "_links", "_embedded"]);
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const PASS_THROUGH = "please pass this in a PUT request";

/**
 * The programmer-defined properties of an onlineMeetingExtension: [[name, value], ...].
 * @param {Record<string, any>} extension
 */
export function customProperties(extension) {
  return Object.entries(extension).filter(
    ([name, value]) => !OWN.has(name) && !(value === PASS_THROUGH && GUID.test(name)),
  );
}

/**
 * The type of such a value.
 * @param {unknown} value
 * @returns {"text" | "integer" | "number" | "boolean" | "date" | "list"}
 */
export function typeOf(value) {
  if (Array.isArray(value)) return "list";
  if (typeof value === "boolean") return "boolean";
  if (value instanceof Number || typeof value === "number") return /^-?\d+$/.test(String(value)) ? "integer" : "number";
  return asDate(value) ? "date" : "text";
}

/**
 * Such a value in one line of text.
 * @param {unknown} value
 * @returns {string}
 */
export function valueText(value) {
  if (Array.isArray(value)) return value.map(valueText).join(", ");
  const date = asDate(value);
  return (date && dateText(date)) || String(value);
}

/**
 * Whether two such values are the same, to the last digit; undefined: there is none.
 * @param {unknown} one
 * @param {unknown} other
 */
export function sameValue(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

/**
 * What changed from one version of an extension to the next: property -> "new", "changed" or "removed"; "" -> "changed"
 * where its type did.
 * @param {Record<string, any> | undefined} before undefined where there was none
 * @param {Record<string, any>} after
 */
export function changesBetween(before, after) {
  const old = new Map(before ? customProperties(before) : []);
  const changes = new Map();
  for (const [name, value] of customProperties(after)) {
    if (!old.has(name)) changes.set(name, "new");
    else if (!sameValue(old.get(name), value)) changes.set(name, "changed");
    old.delete(name);
  }
  for (const name of old.keys()) changes.set(name, "removed");
  if (before && before.type !== after.type) changes.set("", "changed");
  return changes;
}

/**
 * A date as a datetime-local input has it, to the second, in the time of this device.
 * @param {Date} date
 */
export function localText(date) {
  if (Number.isNaN(date.getTime())) return "";
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  const day = `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
