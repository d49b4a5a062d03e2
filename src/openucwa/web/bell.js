// A short sound when somebody waits or invites. It can be switched off, for all pages of the server in this browser.

const KEY = "openucwa silent";
const TONES = [660, 880]; // Hz, one after the other
const LENGTH = 0.14; // s of each
const LOUDNESS = 0.08; // of 1

const followers = new Set();

// Calls changed() at once, and whenever the sound is switched, also in another tab.
export function followSilence(changed) {
  followers.add(changed);
  changed();
}

globalThis.addEventListener?.("storage", ({ key }) => key === KEY && tell());

function tell() {
  for (const changed of followers) changed();
}

export function isSilent() {
  try {
    return localStorage.getItem(KEY) !== null;
  } catch {
    return false;
  }
}

export function setSilent(silent) {
  try {
    if (silent) localStorage.setItem(KEY, "1");
    else localStorage.removeItem(KEY);
  } catch {
    // Then it stays as it is.
  }
  tell();
}

// Silent on a page that nobody has used since it was loaded: browsers refuse sounds there, and report each attempt.
export function ring() {
  if (isSilent() || !globalThis.AudioContext || !navigator.userActivation?.hasBeenActive) return;
  const context = new AudioContext();
  const volume = context.createGain();
  volume.gain.value = LOUDNESS;
  volume.connect(context.destination);
  TONES.forEach((frequency, place) => {
    const tone = context.createOscillator();
    tone.frequency.value = frequency;
    tone.connect(volume);
    tone.start(context.currentTime + place * LENGTH);
    tone.stop(context.currentTime + (place + 1) * LENGTH);
    if (place === TONES.length - 1) tone.onended = () => context.close();
  });
}
