import assert from "node:assert/strict";
import test from "node:test";
import { addressesIn, isAddress, toSipUri, withoutScheme } from "../../src/openucwa/web/sip.js";

test("addresses stand one per line, or are separated by commas and semicolons", () => {
  assert.deepEqual(addressesIn("a@x.org\n sip:b@x.org ,c@x.org;\n\n"), ["a@x.org", "sip:b@x.org", "c@x.org"]);
});

test("an address has a name and a domain", () => {
  for (const address of ["lenea@contoso.com", "sip:lenea@contoso.com", "SIP:a.b+c@x"]) assert.ok(isAddress(address));
  for (const other of ["nobody", "@x.org", "a@", "a b@x.org", "a@b@c", "<a@x.org>"]) assert.ok(!isAddress(other));
});

test("the scheme is added once", () => {
  assert.equal(toSipUri("lenea@contoso.com"), "sip:lenea@contoso.com");
  assert.equal(toSipUri("SIP:lenea@contoso.com"), "sip:lenea@contoso.com");
  assert.equal(withoutScheme("sip:lenea@contoso.com"), "lenea@contoso.com");
});
