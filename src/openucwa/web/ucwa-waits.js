// When ucwa.js tries again, and how long it waits until then.

import { ServerAway, UcwaError } from "./ucwa-answers.js";

const LONGEST_PAUSE = 30; // seconds between two tries to reach the server
const TRANSIENT = new Set([408, 429, 500, 502, 503, 504]);

/**
 * Whether trying again may help.
 * @param {unknown} error
 * @returns {error is UcwaError | ServerAway}
 */
export function isTransient(error) {
  if (error instanceof UcwaError) return TRANSIENT.has(error.status) || error.subcode === "PGetReplaced";
  return error instanceof ServerAway;
}

/**
 * Seconds to wait after so many failures: longer each time, and not all clients at once.
 * @param {number} failures
 */
export function backOff(failures) {
  return Math.min(LONGEST_PAUSE, 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
}

/**
 * Waits; less where the network comes back, or `signal` ends it.
 * @param {number} seconds
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
export function pause(seconds, signal) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      globalThis.removeEventListener?.("online", end);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, seconds * 1000);
    globalThis.addEventListener?.("online", end);
    signal?.addEventListener("abort", end);
  });
}
