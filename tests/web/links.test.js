import assert from "node:assert/strict";
import test from "node:test";
import { piecesOf } from "../../src/openucwa/web/links.js";

const hrefs = (text) =>
  piecesOf(text)
    .map(({ href }) => href)
    .filter((href) => href !== null);

test("web addresses become links and the text stays as it was written", () => {
  const text = "See https://example.com/a?b=1 and http://example.org/.";
  assert.deepEqual(hrefs(text), ["https://example.com/a?b=1", "http://example.org/"]);
  assert.equal(
    piecesOf(text)
      .map((piece) => piece.text)
      .join(""),
    text,
  );
});

test("punctuation of the sentence is not part of the address", () => {
  assert.deepEqual(hrefs("(https://example.com/x), really!"), ["https://example.com/x"]);
  assert.deepEqual(hrefs("https://example.com/a_(b)"), ["https://example.com/a_(b)"]);
});

test("other schemes and addresses that pretend to be others are no links", () => {
  for (const text of [
    "javascript:alert(1)",
    "data:text/html,x",
    "https://bank.example@evil.example/",
    "https://user:word@evil.example/",
    "http://",
    "no address",
    "",
  ]) {
    assert.deepEqual(hrefs(text), [], text);
  }
});

test("a message has a limited number of links and none of its text is lost", () => {
  const text = "https://example.com/ ".repeat(3000);
  assert.equal(hrefs(text).length, 50);
  assert.equal(
    piecesOf(text)
      .map((piece) => piece.text)
      .join(""),
    text,
  );
});

test("address with letters of other scripts is followed by the name that the network knows", () => {
  const text = "https://\u0430pple.com/x now";
  const pieces = piecesOf(text);
  assert.deepEqual(
    pieces.map((piece) => piece.text),
    ["https://\u0430pple.com/x", " (xn--pple-43d.com)", " now"],
  );
  assert.equal(pieces[0].href, "https://\u0430pple.com/x");
});

test("address ends before characters that are not seen or turn the text", () => {
  for (const character of ["\u202e", "\u2066", "\u200b", "\u00ad", "\u200f"]) {
    assert.deepEqual(hrefs(`https://example.com/a${character}moc.live//:sptth`), ["https://example.com/a"]);
  }
});

test("mail addresses are links without what a message should say", () => {
  assert.deepEqual(hrefs("Write to mailto:ann@contoso.com?body=x, or mailto:nobody"), ["mailto:ann@contoso.com"]);
});
