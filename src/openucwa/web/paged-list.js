// A long list, one page of it at a time: however many items there are, the page has few elements for them.

import { button, make } from "./elements.js";
import { t } from "./texts.js";

const PAGE = 50; // items
const SLACK = 10; // so many more don't begin another page

// `place`: an element that gets the items. draw(position): the element of an item. `label`: of the list.
export class PagedList {
  start = 0; // the position of the first item that is shown
  #count = 0;
  #place;
  #draw;
  #status = make("span", { role: "status" });
  #ways;
  #number;
  #bar;

  constructor(place, label, draw) {
    this.#place = place;
    this.#draw = draw;
    this.#number = make("input", { type: "number", min: 1, inputmode: "numeric", class: "page-number" });
    this.#number.setAttribute("aria-label", t`Go to item of ${label}`);
    this.#number.addEventListener("change", () => this.#number.value && this.show(Number(this.#number.value) - 1));
    this.#number.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault(); // a form around it is not to be sent
      if (this.#number.value) this.show(Number(this.#number.value) - 1);
    });
    const way = (words, name, target) => {
      const it = button(words, "compact quiet", () => {
        if (it.getAttribute("aria-disabled") !== "true") this.show(target());
      });
      it.setAttribute("aria-label", name);
      it.title = name;
      return it;
    };
    this.#ways = [
      way("«", t`First items of ${label}`, () => 0),
      way("‹", t`Previous items of ${label}`, () => this.start - 1),
      way("›", t`Next items of ${label}`, () => this.start + PAGE),
      way("»", t`Last items of ${label}`, () => this.#count - 1),
    ];
    const [first, previous, next, last] = this.#ways;
    const attributes = { class: "row pages muted small", role: "group", "aria-label": t`Pages of ${label}` };
    this.#bar = make("div", attributes, first, previous, this.#status, next, last, this.#number);
    this.element = Object.assign(make("div", { class: "paged" }, place), { list: this });
  }

  // How many items there are by now. The page that is shown is drawn anew.
  set count(count) {
    this.#count = count;
    this.#number.max = count;
    this.show(this.start);
  }

  // Shows the page with the item at `position`, or the nearest that there is.
  show(position) {
    const whole = this.#count <= PAGE + SLACK;
    const nearest = Math.max(0, Math.min(Math.trunc(position), this.#count - 1));
    this.start = whole ? 0 : nearest - (nearest % PAGE);
    const end = whole ? this.#count : Math.min(this.start + PAGE, this.#count);
    const shown = [];
    for (let each = this.start; each < end; each += 1) shown.push(this.#draw(each));
    this.#place.replaceChildren(...shown);
    if (whole) this.#bar.remove();
    else if (this.#bar.parentElement === null) this.element.append(this.#bar);
    this.#status.textContent = whole ? "" : t`Items ${this.start + 1} to ${end} of ${this.#count}`;
    const ends = [this.start === 0, this.start === 0, end === this.#count, end === this.#count];
    for (const [place, way] of this.#ways.entries()) way.setAttribute("aria-disabled", String(ends[place]));
  }
}
