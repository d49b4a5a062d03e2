// What the console shows, by the page's address: #list and #ID are meetings, #people and #people/ADDRESS people, #me the
// user. What was typed and not saved is not left unasked.

import { confirmed } from "./console-dialogs.js";
import { $ } from "./elements.js";
import { t } from "./texts.js";

export class Sections {
  #sections;
  #shown = null; // the section that has the detail pane
  #hash = null; // what is shown
  #asking = false; // whether what was typed may be thrown away
  #turn = 0; // grows with each choice: what was asked for before the last one is not shown any more

  // sections: [{list: of the pane beside it, null: the same as before; owns(hash); show(hash, isCurrent): resolves with
  // whether there is something in the detail pane; hide(); editing}], of which the first that owns an address shows it.
  constructor(sections) {
    this.#sections = sections;
  }

  // Whether something was typed that is not saved.
  get editing() {
    return this.#shown?.editing ?? false;
  }

  // Whether what was typed may be thrown away.
  async mayLeave() {
    if (!this.editing) return true;
    this.#asking = true;
    return confirmed(
      t`Discard your changes?`,
      t`What you typed is not saved yet.`,
      t`Discard`,
      t`Keep editing`,
    ).finally(() => {
      this.#asking = false;
    });
  }

  // Shows what the page's address says, unless what was typed is to be kept; then the address is put back.
  async follow(hash) {
    if (hash === this.#hash || this.#asking) return;
    if (!(await this.mayLeave())) {
      history.replaceState(null, "", this.#hash || location.pathname);
      return;
    }
    await this.#show(location.hash);
  }

  // Goes where a link would.
  async go(hash) {
    if (this.#hash === hash) return;
    location.hash = hash;
    await this.follow(location.hash);
  }

  close() {
    for (const section of this.#sections) section.hide();
  }

  async #show(hash) {
    this.#hash = hash;
    this.#turn += 1;
    const turn = this.#turn;
    const isCurrent = () => turn === this.#turn;
    const section = this.#sections.find((each) => each.owns(hash));
    for (const each of this.#sections) each.hide();
    this.#shown = section;
    if (section.list !== null) this.#showList(section.list);
    const detail = await section.show(hash, isCurrent);
    if (!isCurrent()) return;
    $("panes").dataset.pane = detail ? "detail" : "list";
    window.scrollTo(0, 0);
    $("detail").scrollTop = 0;
  }

  #showList(list) {
    for (const each of ["meetings", "people"]) {
      $(`${each}-pane`).hidden = each !== list;
      if (each === list) $(`${each}-tab`).setAttribute("aria-current", "true");
      else $(`${each}-tab`).removeAttribute("aria-current");
    }
  }
}
