// A person in a list, as a link: picture, name, and presence or note.

import { make } from "./elements.js";
import { drawFace, makeFace } from "./face.js";
import { presenceWords } from "./presence-words.js";
import { t } from "./texts.js";

// `drawn`: the line as it was drawn before. person: {href, name, photo, presence, current, count: of unread messages,
// words: what is said in place of the presence}.
export function personLine(person, drawn) {
  const { href, name, photo, presence, current, count = 0 } = person;
  const line =
    drawn ??
    make(
      "li",
      {},
      make(
        "a",
        { href, class: "person-link" },
        makeFace(),
        make("span", { class: "person-lines" }, make("span", { class: "person-name" }), make("span")),
        make("span", { class: "count" }),
      ),
    );
  const [link] = line.children;
  const [face, lines, unread] = link.children;
  drawFace(face, { name, photo, presence });
  const note = presence?.note ? ` · ${presence.note}` : "";
  const words = person.words ?? presenceWords(presence) + note;
  lines.children[0].textContent = name;
  lines.children[1].className = "muted small person-note";
  lines.children[1].textContent = words;
  unread.textContent = count ? t`${count} new` : "";
  if (current) link.setAttribute("aria-current", "page");
  else link.removeAttribute("aria-current");
  return line;
}
