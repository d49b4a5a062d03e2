// Filters of meetings as text, in the language of the server's openucwa:meetings. Pure.

const PLAIN = /^[A-Za-z_][\w.-]*$/;
const WORDS = new Set([
  "and",
  "any",
  "eq",
  "extensions",
  "false",
  "ge",
  "gt",
  "in",
  "le",
  "lt",
  "ne",
  "not",
  "null",
  "or",
  "true",
]);

// A condition on data of extensions. `extension`: the id, "" for any of them; `property`: its name, "" for the extension
// itself; `operator`: exists, missing, startswith, or one of the language's; `type`, `value`: what is compared with, as
// typed (date: of a datetime-local input).
export function conditionText({ extension, property, operator, type, value }) {
  if (extension && !property) return `extensions(${quoted(extension)}) ${operator === "missing" ? "eq" : "ne"} null`;
  if (!property) return "";
  if (extension) return compared(`extensions(${quoted(extension)})/${nameText(property)}`, operator, type, value);
  const path = `e/${nameText(property)}`;
  if (operator === "missing") return `not extensions/any(e: ${path} ne null)`;
  return `extensions/any(e: ${compared(path, operator, type, value)})`;
}

// Where the server stopped reading a filter: {before, after, words}, or null. `reason`: the server's words.
export function stoppedAt(filter, reason) {
  const found = /^(.*) \(at character (\d+)\)/s.exec(reason);
  if (!found) return null;
  const letters = [...filter]; // the server counts characters, not UTF-16
  const place = Number(found[2]) - 1;
  return {
    words: found[1],
    number: place + 1,
    before: letters.slice(0, place).join(""),
    after: letters.slice(place).join(""),
  };
}

function compared(path, operator, type, value) {
  if (operator === "exists") return `${path} ne null`;
  if (operator === "missing") return `${path} eq null`;
  if (operator === "startswith") return `startswith(${path}, ${quoted(value)})`;
  return `${path} ${operator} ${literal(type, value)}`;
}

function literal(type, value) {
  if (type === "text") return quoted(value);
  if (type !== "date") return value.trim();
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString().replace(".000Z", "Z");
}

function nameText(name) {
  return PLAIN.test(name) && !WORDS.has(name) ? name : quoted(name);
}

function quoted(text) {
  return `'${text.replaceAll("'", "''")}'`;
}
