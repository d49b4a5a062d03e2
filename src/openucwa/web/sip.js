// SIP addresses as people type them: name@domain, with or without "sip:".

const ADDRESS = /^[^\s@:;<>"]+@[^\s@:;<>"]+$/;

// The lines of a field, one address each; commas and semicolons separate, too.
export function addressesIn(text) {
  return text
    .split(/[\n,;]/)
    .map((line) => line.trim())
    .filter(Boolean);
}

// Whether it is an address.
export function isAddress(text) {
  return ADDRESS.test(withoutScheme(text));
}

export function toSipUri(address) {
  return `sip:${withoutScheme(address)}`;
}

export function withoutScheme(uri) {
  return uri.replace(/^sip:/i, "");
}
