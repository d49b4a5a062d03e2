// The web addresses in a message. Messages come from strangers, so only plain http and https addresses become links, and
// what is shown is what was written. Pure.

const MAX_LINKS = 50; // of one message
const ADDRESS = /\bhttps?:\/\/[^\s<>"“”]+/gi;
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
  if (!URL.canParse(address)) return false;
  const { username, password, hostname } = new URL(address);
  return username === "" && password === "" && hostname !== "";
}
