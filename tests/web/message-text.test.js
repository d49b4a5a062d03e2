import assert from "node:assert/strict";
import test from "node:test";
import { messageText, textOfHtml } from "../../src/openucwa/web/message-text.js";

test("tags are left out, and some of them end a line", () => {
  assert.equal(textOfHtml("<p>In <b>bold</b></p><div>and<br/>more</div>"), "In bold\nand\nmore");
});

test("what is no tag stays", () => {
  assert.equal(textOfHtml("1 < 2 <3 and a<1>"), "1 < 2 <3 and a<1>");
});

test("scripts, styles and comments are left out with all that is in them", () => {
  assert.equal(textOfHtml("a<script>b</b></SCRIPT>c<style>d</style>e<!-- <p> f -->g"), "aceg");
});

test("a quoted value may hold what would end a tag", () => {
  assert.equal(textOfHtml(`<a href="x>y" title='>'>z</a>`), "z");
});

test("what never ends takes the rest with it", () => {
  for (const html of ["a<b c", "a<!-- b", "a<script>b", 'a<b c="d>e']) assert.equal(textOfHtml(html), "a");
});

test("a message is plain text, HTML, or bears none", () => {
  const message = (rel, href) => ({ _links: { [rel]: { href } } });
  assert.equal(messageText(message("plainMessage", "data:text/plain;charset=utf-8,a+%2B+%3Cb%3E")), "a + <b>");
  assert.equal(messageText(message("htmlMessage", "data:text/html;charset=utf-8,%3Cp%3Ea%3C%2Fp%3E")), "a");
  assert.equal(messageText(message("plainMessage", "data:text/plain,100+%")), "100 %");
  assert.equal(messageText({ _links: {} }), null);
});
