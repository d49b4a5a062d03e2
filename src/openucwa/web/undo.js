// A notice that something was deleted, with a button that brings it back.

import { busy, button, make } from "./elements.js";
import { t } from "./texts.js";
import { inWords } from "./words.js";

const OFFERED = 60_000; // ms for which it is offered

export class Undo {
  #place;
  #timer = null;

  // `place`: where the notice is shown.
  constructor(place) {
    this.#place = place;
    this.clear();
  }

  // `words`: what was deleted; undo(): brings it back, or rejects.
  offer(words, undo) {
    this.clear();
    const text = make("span", {}, words);
    const back = button(t`Undo`, "compact", (it) =>
      busy(it, async () => {
        try {
          await undo();
          this.clear();
        } catch (error) {
          text.textContent = error.status === 404 ? t`It can’t be brought back.` : inWords(error);
        }
      }),
    );
    this.#place.replaceChildren(text, " ", back);
    this.#place.hidden = false;
    this.#timer = setTimeout(() => this.clear(), OFFERED);
  }

  clear() {
    clearTimeout(this.#timer);
    this.#place.hidden = true;
    this.#place.replaceChildren();
  }
}
