// A dialog with a list of what was: each entry opens to show its contents. What the entries are is in console-history.js.

import { busy, button, make, notify, uniqueId } from "./elements.js";
import { t } from "./texts.js";
import { inWords } from "./words.js";

export class HistoryDialog {
  #title = make("h2", { id: uniqueId("history"), tabindex: -1 });
  #words = make("p", { class: "muted small" });
  #error = make("p", { class: "notice bad small", role: "alert", hidden: true });
  #list = make("ul", { class: "history" });
  #more = button(t`Show older`, "", (it) => busy(it, () => this.#older()));
  #dialog;
  #source = null;
  #next = null;
  #turn = 0; // grows with each opening: answers for an earlier one are not shown

  constructor(id) {
    const parts = make("div", { class: "stack" }, make("div", {}, this.#title, this.#words), this.#error, this.#list);
    const end = make(
      "div",
      { class: "row" },
      this.#more,
      button(t`Close`, "", () => this.close()),
    );
    parts.append(end);
    this.#dialog = make("dialog", { id, class: "wide", "aria-labelledby": this.#title.id }, parts);
    document.getElementById(id)?.remove(); // of who was signed in before
    document.body.append(this.#dialog);
  }

  // source: {title, words, none: what is said where there is no entry, first(), older(next): resolve with {entries, next},
  // summary(entry, place): elements and texts, contents(entry, restored): resolves with elements}. restored(): is called
  // when an entry was restored.
  async open(source) {
    this.#source = source;
    this.#turn += 1;
    this.#title.textContent = source.title;
    this.#words.textContent = source.words;
    this.#list.replaceChildren();
    this.#more.hidden = true;
    this.#list.setAttribute("aria-label", source.title);
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#title.focus();
    await this.#add(() => source.first());
    if (this.#list.childElementCount === 0 && this.#error.hidden) this.#words.textContent = source.none;
  }

  close() {
    this.#turn += 1;
    this.#dialog.close();
  }

  async #older() {
    const last = this.#list.lastElementChild;
    await this.#add(() => this.#source.older(this.#next));
    last?.nextElementSibling?.querySelector("summary").focus();
  }

  async #add(read) {
    const turn = this.#turn;
    notify(this.#error, null);
    try {
      const { entries, next } = await read();
      if (turn !== this.#turn) return;
      const place = this.#list.childElementCount;
      this.#list.append(...entries.map((entry, index) => this.#entry(entry, place + index)));
      this.#next = next;
      this.#more.hidden = next === null;
    } catch (error) {
      if (turn === this.#turn) notify(this.#error, inWords(error));
    }
  }

  #entry(entry, place) {
    const source = this.#source;
    const body = make("div", { class: "stack history-body" });
    const details = make("details", {}, make("summary", {}, ...source.summary(entry, place)), body);
    let read = false;
    details.addEventListener("toggle", async () => {
      if (!details.open || read) return;
      read = true;
      try {
        body.replaceChildren(...(await source.contents(entry, () => this.close())));
      } catch (error) {
        read = false;
        body.replaceChildren(make("p", { class: "notice bad small", role: "alert" }, inWords(error)));
      }
    });
    return make("li", { class: "card" }, details);
  }
}
