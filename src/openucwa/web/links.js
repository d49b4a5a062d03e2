// The addresses in a message. Messages come from strangers, so only plain http, https and mailto addresses become links.
// What is shown is what was written, and where letters of other scripts may look like those of a well-known name, the name
// that the browser goes to as well. Pure.

const MAX_LINKS = 50; // of one message
// Without characters that are not seen, or that turn the direction of the text.
const HIDDEN = "\\u00ad\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2069\\ufeff";
const ADDRESS = new RegExp(`\\bhttps?://[^\\s<>"“”${HIDDEN}]+|\\bmailto:[\\w.+-]{1,64}@[\\w-]+(?:\\.[\\w-]+)+`, "gi");
const TRAILING = /[.,;:!?'’)\]}]+$/;

// The text in pieces, [{text, href}]; href is null where it is no address.
export function piecesOf(text) {
  const pieces = [];
  let place = 0;
  let links = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    if (links >= MAX_LINKS) break;
    const address = trimmed(found);
    if (!isPlain(address)) continue;
    if (index > place) pieces.push({ text: text.slice(place, index), href: null });
    pieces.push({ text: address, href: address });
    const host = otherName(address);
    if (host) pieces.push({ text: ` (${host})`, href: null });
    place = index + address.length;
    links += 1;
  }
  if (place < text.length || pieces.length === 0) pieces.push({ text: text.slice(place), href: null });
  return pieces;
}

// Without the punctuation of the sentence around it; a closing parenthesis stays where one was opened.
function trimmed(address) {
  const [tail] = TRAILING.exec(address.slice(-20)) ?? [""];
  const bare = address.slice(0, address.length - tail.length);
  return tail.startsWith(")") && bare.includes("(") ? `${bare})` : bare;
}

// An address with a user name in it looks as if it led elsewhere.
function isPlain(address) {
  if (/^mailto:/i.test(address)) return true;
  if (!URL.canParse(address)) return false;
  const { username, password, hostname } = new URL(address);
  return username === "" && password === "" && hostname !== "";
}

// The host of an address as the network knows it, where it was written in letters of other scripts; "": it was not.
function otherName(address) {
  const { hostname } = new URL(address);
  return hostname.split(".").some((label) => label.startsWith("xn--")) && !address.toLowerCase().includes(hostname)
    ? hostname
    : "";
}
