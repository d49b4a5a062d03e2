// The texts of the pages in the language of the browser. They are written in English where they are used, as t`Remove
// ${name}`; each other language has a file that gives them by their English text, with {0}, {1} for the values.

// `de`: where the texts are, loaded only if they are needed.
const LANGUAGES = { de: () => import("./texts-de.js") };
const ATTRIBUTES = ["aria-label", "placeholder", "title"];

export const language = chosen(globalThis.navigator?.languages ?? []);
const texts = language === "en" ? new Map() : new Map(Object.entries((await LANGUAGES[language]()).TEXTS));

// A text with values, in the page's language.
export function t(strings, ...values) {
  const key = strings.reduce((text, piece, place) => `${text}{${place - 1}}${piece}`);
  const found = texts.get(key);
  if (found === undefined) return strings.reduce((text, piece, place) => `${text}${values[place - 1]}${piece}`);
  return found.replace(/\{(\d+)\}/g, (_, place) => values[Number(place)]);
}

// The first of the browser's languages that there is; English is what the texts are written in.
function chosen(wanted) {
  const known = wanted.map((each) => each.slice(0, 2).toLowerCase()).find((each) => each === "en" || each in LANGUAGES);
  return known ?? "en";
}

// What stands in the page's file, but for elements that say what their language is, and names.
function translatePage() {
  document.documentElement.lang = language;
  if (document.querySelector("title").translate) document.title = texts.get(document.title) ?? document.title;
  const shown = NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT;
  const walker = document.createTreeWalker(document.body, shown, (node) =>
    node.nodeType === Node.ELEMENT_NODE && (node.lang !== "" || !node.translate)
      ? NodeFilter.FILTER_REJECT
      : NodeFilter.FILTER_ACCEPT,
  );
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    if (node.nodeType === Node.TEXT_NODE) translateText(node);
    else for (const name of ATTRIBUTES) translateAttribute(node, name);
  }
}

function translateText(node) {
  const text = node.data.trim().replace(/\s+/g, " ");
  const found = texts.get(text);
  if (found === undefined) return;
  const [before] = /^\s*/.exec(node.data);
  const [after] = /\s*$/.exec(node.data);
  node.data = before + found + after;
}

function translateAttribute(element, name) {
  const found = texts.get(element.getAttribute(name) ?? "");
  if (found !== undefined) element.setAttribute(name, found);
}

if (globalThis.document && language !== "en") translatePage();
