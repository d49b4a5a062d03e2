// The console's page of the user's webhooks, at #webhooks.

import { deleteConfirmed } from "./concurrency.js";
import { confirmed } from "./console-dialogs.js";
import { $, busy, button, keep, make, notify } from "./elements.js";
import { NotThere } from "./meetings.js";
import { t } from "./texts.js";
import { asDate, dateText } from "./values.js";
import { WebhookDeliveries } from "./webhook-deliveries.js";
import { KINDS, WebhookForm } from "./webhook-form.js";
import { inWords } from "./words.js";

const HASH = "#webhooks";
const STATES = {
  Active: [t`active`, "tag good"],
  Paused: [t`paused`, "tag warn"],
  Failing: [t`suspended: nothing could be delivered`, "tag warn"],
  Gone: [t`ended by the receiver`, "tag warn"],
};

export class WebhooksSection {
  list = "meetings";
  #webhooks;
  #notices;
  #listed;
  #title = make("h1", { id: "hooks-title", tabindex: -1 }, t`Webhooks`);
  #error = make("p", { class: "notice bad", role: "alert", hidden: true });
  #add = button(t`Add webhook`, "primary", () => this.#open(null));
  #form = null; // a WebhookForm, while one is open
  #formPlace = make("div", {});
  #none = make("p", { class: "empty muted small", hidden: true }, t`You have no webhooks.`);
  #cards = make("div", { class: "stack" });
  #deliveries = new Map(); // WebhookDeliveries, by the webhook’s id
  #section;
  #turn = 0; // grows with each showing

  // listed(): the list of meetings beside it is to be there.
  constructor(webhooks, notices, listed) {
    this.#webhooks = webhooks;
    this.#notices = notices;
    this.#listed = listed;
    const words = t`Changes of your meetings and their data, and of those you are invited to, are delivered to a web address.`;
    this.#section = make(
      "section",
      { id: "hooks", class: "query stack", "aria-labelledby": this.#title.id, hidden: true },
      make("a", { class: "back", href: "#list" }, t`All meetings`),
      make("div", {}, this.#title, make("p", { class: "muted" }, words)),
      this.#error,
      make("div", {}, this.#add),
      this.#formPlace,
      this.#none,
      this.#cards,
    );
    $("hooks")?.remove(); // of who was signed in before
    $("detail").append(this.#section);
  }

  owns(hash) {
    return hash === HASH;
  }

  get editing() {
    return this.#form?.changed ?? false;
  }

  async show() {
    this.#section.hidden = false;
    $("webhooks-link").setAttribute("aria-current", "page");
    this.#notices.title = t`Webhooks`;
    this.#title.focus({ preventScroll: true });
    this.#listed();
    this.#closeForm();
    notify(this.#error, null);
    await this.#read();
    return true;
  }

  // Secrets that were shown go with the page.
  hide() {
    this.#turn += 1;
    this.#section.hidden = true;
    this.#closeForm();
    for (const each of this.#deliveries.values()) each.close();
    this.#deliveries.clear();
    this.#cards.replaceChildren();
    $("webhooks-link").removeAttribute("aria-current");
  }

  async #read() {
    const turn = this.#turn;
    try {
      const found = await this.#webhooks.list();
      if (turn !== this.#turn) return;
      const draw = (each, drawn) => this.#card(each, drawn);
      keep(this.#cards, found, ({ id }) => id, draw, this.#title);
      this.#none.hidden = found.length > 0;
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#add.hidden = error instanceof NotThere; // this server delivers nothing
      notify(this.#error, error instanceof NotThere ? error.message : inWords(error));
    }
  }

  // `webhook`: the one to change; null: a new one.
  #open(webhook) {
    const form = new WebhookForm(webhook, {
      save: async (values) => {
        const saved = await (webhook ? this.#webhooks.replace(webhook, values) : this.#webhooks.add(values));
        this.#closeForm();
        await this.#read();
        if (webhook) this.#focus(saved.id);
        else this.#showSecret(saved);
        this.#notices.say(webhook ? t`The webhook is saved.` : t`The webhook is added.`);
      },
      cancel: () => {
        this.#closeForm();
        if (webhook) this.#focus(webhook.id);
        else this.#add.focus();
      },
    });
    this.#form = form;
    this.#formPlace.replaceChildren(form.element);
    form.element.scrollIntoView({ block: "nearest" });
    form.focus();
  }

  #closeForm() {
    this.#form = null;
    this.#formPlace.replaceChildren();
  }

  // `drawn`: what is shown of it; it stays, with a secret that may be in it, where nothing has changed.
  #card(webhook, drawn) {
    const seen = JSON.stringify(webhook);
    if (drawn?.seen === seen) return drawn;
    const { url, description, state, reason, kinds, filter, oldSecretUntil } = webhook;
    const [words, kind] = STATES[state] ?? [state, "tag"];
    const until = asDate(oldSecretUntil);
    const facts = [
      [t`Description`, description],
      [t`Reason`, reason],
      [t`Which changes`, kinds?.length ? kinds.map((each) => KINDS[each] ?? each).join(", ") : t`all`],
      [t`Filter`, filter],
      [t`The old secret is valid until`, until && dateText(until)],
    ].filter(([, fact]) => fact);
    const deliveries = this.#deliveriesOf(webhook);
    const toggle = button(t`Deliveries`, "compact", () => {
      if (deliveries.isOpen) deliveries.close();
      else deliveries.open();
      toggle.setAttribute("aria-expanded", String(deliveries.isOpen));
    });
    toggle.setAttribute("aria-expanded", String(deliveries.isOpen));
    const doing = (label, style, work) => button(label, style, (it) => busy(it, () => this.#do(webhook, work)));
    const paused = state !== "Active";
    const buttons = [
      button(t`Edit`, "compact", () => this.#open(webhook)),
      doing(paused ? t`Activate` : t`Pause`, "compact", () => this.#setState(webhook, paused)),
      doing(t`Send a test`, "compact", async () => {
        await this.#webhooks.test(webhook);
        toggle.setAttribute("aria-expanded", "true");
        deliveries.open();
      }),
      toggle,
      doing(t`New secret`, "compact", () => this.#rotate(webhook)),
      doing(t`Delete`, "compact danger", () => this.#remove(webhook)),
    ];
    const head = make("div", {}, make("h2", { class: "mono" }, url), make("span", { class: kind }, words));
    const list = facts.map(([name, fact]) =>
      make("div", {}, make("dt", { class: "muted small" }, name), make("dd", {}, fact)),
    );
    const secret = make("div", { class: "secret" });
    const row = make("div", { class: "row" }, ...buttons);
    const parts = [head, make("dl", { class: "stack" }, ...list), secret, row, deliveries.element];
    return Object.assign(make("article", { class: "card stack form-card", "aria-label": url }, ...parts), { seen });
  }

  // A delivery may change the state of its webhook.
  #deliveriesOf(webhook) {
    const { id } = webhook;
    if (!this.#deliveries.has(id)) {
      this.#deliveries.set(id, new WebhookDeliveries(this.#webhooks, webhook, () => this.#read()));
    }
    return this.#deliveries.get(id);
  }

  async #do(webhook, work) {
    notify(this.#error, null);
    try {
      await work();
    } catch (error) {
      if (error.status === 412 || error.status === 404) await this.#read();
      notify(
        this.#error,
        error.status === 412 ? t`It has changed in the meantime. This is how it is now.` : inWords(error),
      );
      if (error.status === 412) this.#focus(webhook.id);
    }
  }

  async #setState(webhook, active) {
    await this.#webhooks.replace(webhook, { state: active ? "Active" : "Paused" });
    await this.#read();
    this.#focus(webhook.id);
    this.#notices.say(active ? t`The webhook is active.` : t`The webhook is paused.`);
  }

  async #rotate(webhook) {
    const words = t`The old secret stays valid for some time, so that the receiver can change over.`;
    if (!(await confirmed(t`Make a new secret?`, words, t`New secret`))) return;
    const rotated = await this.#webhooks.rotate(webhook);
    await this.#read();
    this.#showSecret(rotated);
  }

  async #remove(webhook) {
    const gone = await deleteConfirmed(webhook, t`Delete this webhook?`, t`This also deletes its deliveries.`, {
      remove: (version) => this.#webhooks.remove(version),
      read: async () => {
        const found = (await this.#webhooks.list()).find(({ id }) => id === webhook.id);
        if (found === undefined) throw new NotThere();
        return found;
      },
    });
    if (!gone) return;
    await this.#read();
    this.#title.focus();
    this.#notices.say(t`The webhook is deleted.`);
  }

  #cardOf(id) {
    return [...this.#cards.children].find((card) => card.dataset.key === id);
  }

  #focus(id) {
    (this.#cardOf(id)?.querySelector("button") ?? this.#title).focus();
  }

  #showSecret({ id, secret }) {
    const place = this.#cardOf(id)?.querySelector(".secret");
    if (!place) return;
    const field = make("input", { class: "mono", readonly: true, value: secret, "aria-label": t`Secret` });
    const copy = button(t`Copy`, "", async () => {
      try {
        await navigator.clipboard.writeText(secret);
        copy.textContent = t`Copied`;
        this.#notices.say(t`The secret is copied.`);
      } catch {
        // Without https a browser may not let a page do it.
        field.focus();
        field.select();
        copy.textContent = t`Press Ctrl+C`;
      }
    });
    const words = t`The receiver checks messages with this secret. It is shown only now: copy it.`;
    place.replaceChildren(
      make(
        "div",
        { class: "notice warn stack" },
        make("p", {}, words),
        make("div", { class: "join-link" }, field, copy),
      ),
    );
    copy.focus();
  }
}
