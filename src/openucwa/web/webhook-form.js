// The form of a webhook: where changes are delivered to, and which ones.

import { allFilled, busy, button, complain, field, make, notify, uniqueId } from "./elements.js";
import { stoppedAt } from "./filter-text.js";
import { t } from "./texts.js";
import { inWords } from "./words.js";

export const KINDS = {
  "meeting.added": t`meeting added`,
  "meeting.replaced": t`meeting changed`,
  "meeting.patched": t`meeting changed in part`,
  "meeting.removed": t`meeting deleted`,
  "meeting.restored": t`meeting restored`,
  "extension.added": t`extension added`,
  "extension.replaced": t`extension changed`,
  "extension.patched": t`extension changed in part`,
  "extension.removed": t`extension deleted`,
  "extension.restored": t`extension restored`,
};

export class WebhookForm {
  #url = make("input", { type: "url", class: "mono", autocomplete: "off", placeholder: "https://" });
  #description = make("input", { maxlength: 256, autocomplete: "off" });
  #filter = make("textarea", { class: "mono", rows: 2, autocapitalize: "none", spellcheck: "false" });
  #kinds;
  #error = make("p", { class: "notice bad small", role: "alert", hidden: true });
  #typed;
  #save;

  // `webhook`: the one to change; null: a new one. save(values): rejects where the server refuses; cancel().
  constructor(webhook, { save, cancel }) {
    this.#save = save;
    this.#url.value = webhook?.url ?? "";
    this.#description.value = webhook?.description ?? "";
    this.#filter.value = webhook?.filter ?? "";
    this.#kinds = Object.entries(KINDS).map(([value, words]) => {
      const box = make("input", { type: "checkbox", value, checked: webhook?.kinds?.includes(value) });
      return { box, label: make("label", { class: "choice" }, box, make("span", {}, words)) };
    });
    const title = make("h2", { id: uniqueId("webhook") }, webhook ? t`Edit webhook` : t`New webhook`);
    const hint = make("p", { class: "hint" }, t`None: all of them.`);
    const choices = make("div", { class: "kinds" }, ...this.#kinds.map(({ label }) => label));
    this.element = make(
      "form",
      { class: "card stack form-card", novalidate: true, "aria-labelledby": title.id },
      title,
      this.#error,
      field(t`Address`, this.#url, t`Changes are posted there, signed by the Standard Webhooks convention.`),
      field(t`Description`, this.#description),
      make("fieldset", { class: "condition-kinds" }, make("legend", {}, t`Which changes`), choices, hint),
      field(t`Filter`, this.#filter, t`As under “Find by data”; empty: all changes.`),
      make(
        "div",
        { class: "row" },
        make("button", { class: "primary", type: "submit" }, webhook ? t`Save` : t`Add`),
        button(t`Cancel`, "", cancel),
      ),
    );
    this.element.onsubmit = (event) => {
      event.preventDefault();
      busy(event.submitter, () => this.#submit());
    };
    this.#typed = JSON.stringify(this.#values);
  }

  get changed() {
    return JSON.stringify(this.#values) !== this.#typed;
  }

  focus() {
    this.#url.focus();
  }

  get #values() {
    return {
      url: this.#url.value.trim(),
      description: this.#description.value.trim(),
      kinds: this.#kinds.filter(({ box }) => box.checked).map(({ box }) => box.value),
      filter: this.#filter.value.trim(),
    };
  }

  async #submit() {
    notify(this.#error, null);
    complain(this.#filter, null);
    if (!allFilled([[this.#url, t`Enter the address of the receiver.`]])) return;
    try {
      await this.#save(this.#values);
    } catch (error) {
      this.#refused(error);
    }
  }

  #refused(error) {
    const fields = { url: this.#url, filter: this.#filter, description: this.#description };
    const wrong = error.status === 400 ? error.parameters.filter(({ name }) => fields[name]) : [];
    for (const { name, reason } of wrong) {
      const stop = name === "filter" ? stoppedAt(this.#filter.value.trim(), reason) : null;
      const words = stop ? t`The filter can’t be read from character ${stop.number} on: ${stop.words}` : reason;
      complain(fields[name], words);
    }
    if (wrong.length > 0) fields[wrong[0].name].focus();
    else
      notify(
        this.#error,
        error.status === 412 ? t`It has changed in the meantime. Cancel, and open it again.` : inWords(error),
      );
  }
}
