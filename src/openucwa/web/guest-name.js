// The name under which a guest last joined, in this browser.

const NAME = "openucwa name";

export function lastName() {
  try {
    return localStorage.getItem(NAME) ?? "";
  } catch {
    return "";
  }
}

export function rememberName(name) {
  try {
    localStorage.setItem(NAME, name);
  } catch {
    // It has to be typed again.
  }
}
