// A person's picture: the photo, or initials until there is one, with a dot for the presence. It repeats what is written
// beside it, so it is hidden from screen readers.

import { make } from "./elements.js";
import { presenceKind } from "./presence-words.js";

const PIXELS = 2; // of a picture for each of the page's

// `size`: width in CSS pixels.
export function makeFace(size = 34) {
  const face = make("span", { class: size > 48 ? "face large" : "face", "aria-hidden": "true" });
  const image = make("img", { alt: "", hidden: true });
  image.addEventListener("load", () => {
    image.hidden = false;
  });
  image.addEventListener("error", () => {
    image.hidden = true;
  });
  face.append(make("span"), image, make("span", { class: "dot", hidden: true }));
  face.dataset.size = String(size * PIXELS);
  return face;
}

// `photo`: where the picture is; none: there are initials only. `version`: another one where it has changed meanwhile.
export function drawFace(face, { name, photo, presence, version = 0 }) {
  const [letters, image, dot] = face.children;
  letters.textContent = initials(name);
  const { size } = face.dataset;
  const source = photo ? `${photo}${photo.includes("?") ? "&" : "?"}size=HR${size}X${size}&v=${version}` : "";
  if (image.getAttribute("src") !== source) {
    if (source) image.setAttribute("src", source);
    else image.removeAttribute("src");
    image.hidden ||= !source;
  }
  const kind = presenceKind(presence);
  dot.className = `dot ${kind}`;
  dot.hidden = kind === "";
}

export function initials(name) {
  const words = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => [...(word ?? "")][0] ?? "");
  return letters.join("").toUpperCase();
}
