// What a message says, as text. Messages come from strangers: each is read once from front to back, without regular
// expressions, and nothing of it becomes markup. HTML is not given to a parser whole: formatting elements that are never
// closed make every parser's work, and the document it builds, grow with the square of the message.

import { linkOf } from "./ucwa.js";

const SKIPPED = new Set(["script", "style", "title", "template"]); // with all that is in them
const LINES = new Set([
  "br",
  "p",
  "div",
  "li",
  "tr",
  "ul",
  "ol",
  "blockquote",
  "pre",
  "h1",
  "h2",
  "h3",
  "h4",
  "h5",
  "h6",
]);

// The text of a message resource, whose content is a data URI, form-encoded; null: it contains none.
export function messageText(message) {
  const plain = linkOf(message, "plainMessage");
  const href = plain ?? linkOf(message, "htmlMessage");
  if (href === undefined) return null;
  const content = decode(href.slice(href.indexOf(",") + 1).replaceAll("+", " "));
  return plain === undefined ? textOfHtml(content) || content : content;
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// The text of HTML: its tags and comments are left out, those that begin or end a line become line breaks.
export function textOfHtml(html) {
  const pieces = [];
  let place = 0;
  while (place < html.length) {
    const open = html.indexOf("<", place);
    if (open === -1) {
      pieces.push(html.slice(place));
      break;
    }
    pieces.push(html.slice(place, open));
    const tag = tagAt(html, open);
    if (tag === null) pieces.push("<");
    else if (LINES.has(tag.name) && (tag.closing || tag.name === "br")) pieces.push("\n");
    place = tag === null ? open + 1 : SKIPPED.has(tag.name) && !tag.closing ? endOf(html, tag) : tag.end;
  }
  return references(pieces.join("")).trim();
}

// The tag or comment that begins with the "<" at `place`: {name, closing, end}; null: that is text. One that does not end
// takes all the rest, as it does in a browser.
function tagAt(html, place) {
  if (html.startsWith("<!--", place)) {
    const end = html.indexOf("-->", place + 4);
    return { name: "", closing: false, end: end === -1 ? html.length : end + 3 };
  }
  const closing = html[place + 1] === "/";
  const start = place + (closing ? 2 : 1);
  if (!isLetter(html[start])) {
    if (html[start] !== "!" && html[start] !== "?" && !closing) return null;
    const end = html.indexOf(">", start);
    return { name: "", closing, end: end === -1 ? html.length : end + 1 };
  }
  let nameEnd = start;
  while (nameEnd < html.length && !" \t\n\f\r/>".includes(html[nameEnd])) nameEnd += 1;
  return { name: html.slice(start, nameEnd).toLowerCase(), closing, end: tagEnd(html, nameEnd) };
}

// Behind the ">" of a tag; one within a quoted value does not count.
function tagEnd(html, from) {
  let quote = null;
  for (let place = from; place < html.length; place += 1) {
    const character = html[place];
    if (quote !== null) {
      if (character === quote) quote = null;
    } else if (character === ">") return place + 1;
    else if ((character === '"' || character === "'") && html[place - 1] === "=") quote = character;
  }
  return html.length;
}

// Behind the closing tag of an element of which nothing is text.
function endOf(html, { name, end }) {
  let place = html.indexOf("</", end);
  while (place !== -1) {
    if (html.slice(place + 2, place + 2 + name.length).toLowerCase() === name) return tagEnd(html, place);
    place = html.indexOf("</", place + 2);
  }
  return html.length;
}

function isLetter(character) {
  return character !== undefined && ((character >= "a" && character <= "z") || (character >= "A" && character <= "Z"));
}

// Text with its character references (&amp;) read. Without a "<" there is nothing else in it for the parser to find.
function references(text) {
  if (!text.includes("&")) return text;
  const inert = new DOMParser().parseFromString(`<pre>\n${text.replaceAll("<", "&lt;")}</pre>`, "text/html");
  return inert.body.textContent;
}
