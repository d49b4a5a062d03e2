// What a guest was called the last time, in this browser.

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
    // Then it is typed again.
  }
}
