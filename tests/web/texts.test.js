import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";
import { TEXTS } from "../../src/openucwa/web/texts-de.js";

const WEB = new URL("../../src/openucwa/web/", import.meta.url);
const PAGES = ["api.html", "console.html", "error.html", "guide.html", "join.html"];
const GUIDES = new URL("../../src/openucwa/resources/guides.py", import.meta.url);
const ERRORS = new URL("../../src/openucwa/api/error_page.py", import.meta.url);
const PRODUCT = new Set(["openucwa"]);

// The end of a template literal that begins at `place`, and its text with {0}, {1} for the values.
function template(source, place) {
  let key = "";
  let values = 0;
  let at = place;
  while (source[at] !== "`") {
    if (source.startsWith("${", at)) {
      at = valueEnd(source, at + 2);
      key += `{${values}}`;
      values += 1;
    } else {
      key += source[at];
      at += 1;
    }
  }
  return { key, end: at + 1 };
}

function valueEnd(source, place) {
  let depth = 1;
  let at = place;
  while (depth > 0) {
    if (source[at] === "`") at = template(source, at + 1).end - 1;
    else if (source[at] === "{") depth += 1;
    else if (source[at] === "}") depth -= 1;
    at += 1;
  }
  return at;
}

function inModules() {
  const found = new Set();
  for (const name of readdirSync(WEB).filter((each) => each.endsWith(".js") && !each.startsWith("texts"))) {
    const source = readFileSync(new URL(name, WEB), "utf8");
    for (const { index } of source.matchAll(/(?<![\w$])t`/g)) found.add(template(source, index + 2).key);
  }
  return found;
}

function inPages() {
  const found = new Set();
  for (const name of PAGES) {
    const page = readFileSync(new URL(name, WEB), "utf8");
    const body = page.slice(page.indexOf("<body"));
    for (const [, text] of body.matchAll(/(?:aria-label|placeholder|title)="([^"]+)"/g)) found.add(text);
    for (const [, text] of body.matchAll(/>([^<]+)</g)) {
      const words = text.trim().replace(/\s+/g, " ");
      if (/[A-Za-z]/.test(words.replace(/\{\w+\}/g, ""))) found.add(words);
    }
  }
  return found;
}

// What the server puts into the page of an error: headings, and advice in place of a reason.
function inErrors() {
  const source = readFileSync(ERRORS, "utf8");
  const titles = [...source.matchAll(/^ {4}\d+: "([^"]+)",$/gm)].map(([, title]) => title);
  const [, other, fault] = /^_OTHER, _FAULT = "([^"]+)", "([^"]+)"$/m.exec(source);
  return [...titles, other, fault];
}

// The names of the groups of guides.
function inGuides() {
  return [...readFileSync(GUIDES, "utf8").matchAll(/^ {4}"([^"]+)": \(/gm)].map(([, name]) => name);
}

const all = new Set([...inModules(), ...inPages(), ...inErrors(), ...inGuides()].filter((text) => !PRODUCT.has(text)));

test("the texts are found in modules and pages", () => {
  assert.ok(all.size > 400);
  assert.ok(all.has("Remove item {0} of {1}"));
  assert.ok(all.has("Find people"));
});

test("every text is there in German", () => {
  assert.deepEqual(
    [...all].filter((text) => !TEXTS[text]),
    [],
  );
});

test("nothing is translated that is not shown", () => {
  assert.deepEqual(
    Object.keys(TEXTS).filter((text) => !all.has(text)),
    [],
  );
});

test("a translation has the values of its text", () => {
  const values = (text) => [...new Set(text.match(/\{\d+\}|NAME/g) ?? [])].sort();
  for (const [text, german] of Object.entries(TEXTS)) assert.deepEqual(values(german), values(text), text);
});
