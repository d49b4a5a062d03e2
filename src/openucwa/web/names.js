// The names of people, who may have chosen them themselves. Pure.

// Characters that turn the direction of all text that follows, or that nobody can see.
const TURNING = /[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g;

// A name that does nothing to the words around it.
export function plainName(name) {
  return name.replace(TURNING, "");
}
