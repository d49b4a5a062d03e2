// The deliveries of a webhook: what was sent, how each attempt went, and sending it again.

import { busy, button, keep, make, notify } from "./elements.js";
import { t } from "./texts.js";
import { pause } from "./ucwa-waits.js";
import { asDate, dateText } from "./values.js";
import { inWords } from "./words.js";

const INTERVAL = 2; // s between two reads of what is pending
const MAX_READS = 15;
const STATES = {
  Pending: [t`pending`, "tag warn"],
  Delivered: [t`delivered`, "tag good"],
  Failed: [t`failed`, "tag warn"],
};

export class WebhookDeliveries {
  #webhooks;
  #webhook;
  #done;
  #error = make("p", { class: "notice bad small", role: "alert", hidden: true });
  #list = make("ul", { class: "history", "aria-label": t`Deliveries` });
  #none = make("p", { class: "muted small", hidden: true }, t`Nothing was delivered yet.`);
  #more = button(t`Show older`, "compact", (it) => busy(it, () => this.#older()));
  #shown = []; // deliveries
  #next = null;
  #reading = null; // an AbortController while pending deliveries are read again
  element = make("div", { class: "stack", hidden: true }, this.#error, this.#list, this.#none, this.#more);

  // done(): the deliveries were read.
  constructor(webhooks, webhook, done) {
    this.#webhooks = webhooks;
    this.#webhook = webhook;
    this.#done = done;
    this.#more.hidden = true;
  }

  get isOpen() {
    return !this.element.hidden;
  }

  // Shows the newest, and follows those that are pending for a while.
  async open() {
    this.close();
    this.element.hidden = false;
    this.#reading = new AbortController();
    const { signal } = this.#reading;
    for (let reads = 0; reads < MAX_READS && !signal.aborted; reads += 1) {
      const pending = await this.#read(signal);
      if (!pending) return;
      await pause(INTERVAL, signal);
    }
  }

  close() {
    this.#reading?.abort();
    this.element.hidden = true;
  }

  // Whether something is pending.
  async #read(signal) {
    try {
      const { deliveries, next } = await this.#webhooks.deliveries(this.#webhook);
      if (signal.aborted) return false;
      notify(this.#error, null);
      const key = document.activeElement?.closest("li")?.dataset.key;
      const focus = () =>
        ([...this.#list.children].find((line) => line.dataset.key === key) ?? this.#list)
          .querySelector("summary")
          ?.focus();
      keep(
        this.#list,
        deliveries,
        ({ id }) => id,
        (each, drawn) => this.#line(each, drawn),
        { focus },
      );
      this.#shown = deliveries;
      this.#show(next);
      this.#done();
      return deliveries.some(({ state }) => state === "Pending");
    } catch (error) {
      if (!signal.aborted) notify(this.#error, inWords(error));
      return false;
    }
  }

  async #older() {
    this.#reading?.abort();
    try {
      const { deliveries, next } = await this.#webhooks.older(this.#next);
      keep(
        this.#list,
        [...this.#shown, ...deliveries],
        ({ id }) => id,
        (each, drawn) => this.#line(each, drawn),
        this.#more,
      );
      this.#shown.push(...deliveries);
      this.#show(next);
    } catch (error) {
      notify(this.#error, inWords(error));
    }
  }

  #show(next) {
    this.#next = next;
    this.#more.hidden = next === null;
    this.#none.hidden = this.#list.childElementCount > 0;
  }

  // `drawn`: of the same delivery; it stays where nothing has changed.
  #line(delivery, drawn) {
    const seen = JSON.stringify(delivery);
    if (drawn?.seen === seen) return drawn;
    const [words, kind] = STATES[delivery.state] ?? [delivery.state, "tag"];
    const body = make("div", { class: "stack history-body" });
    const time = asDate(delivery.changed);
    const details = make(
      "details",
      {},
      make(
        "summary",
        {},
        make("span", { class: "name mono" }, delivery.type),
        make("span", { class: kind }, words),
        " ",
        make("time", { class: "muted small", datetime: time.toISOString() }, dateText(time)),
      ),
      body,
    );
    details.addEventListener(
      "toggle",
      () => details.open && body.childElementCount === 0 && this.#fill(body, delivery),
    );
    details.open = drawn?.querySelector("details").open ?? false;
    const line = make("li", { class: "card" }, details);
    return Object.assign(line, { seen });
  }

  async #fill(body, delivery) {
    const error = make("p", { class: "notice bad small", role: "alert", hidden: true });
    const again = button(t`Deliver again`, "compact", (it) =>
      busy(it, async () => {
        try {
          await this.#webhooks.redeliver(delivery);
          this.open();
        } catch (failure) {
          notify(error, inWords(failure));
        }
      }),
    );
    const message = make("pre", { class: "json mono", tabindex: 0, "aria-label": t`Message` });
    body.replaceChildren(attemptsOf(delivery), message, error, again);
    try {
      message.textContent = await this.#webhooks.message(delivery);
    } catch (failure) {
      notify(error, inWords(failure));
    }
  }
}

function attemptsOf(delivery) {
  const attempts = [delivery._embedded?.["openucwa:attempt"] ?? []].flat();
  if (attempts.length === 0) return make("p", { class: "muted small" }, t`No attempt was made yet.`);
  const titles = [t`Attempt`, t`Result`, t`Seconds`].map((title) => make("th", { scope: "col" }, title));
  const rows = attempts.map(({ at, status, error, answer, seconds }) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, dateText(asDate(at))),
      make("td", {}, [status, error, answer].filter((each) => each !== undefined && each !== "").join(" · ")),
      make("td", {}, Number(seconds).toFixed(2)),
    ),
  );
  return make(
    "div",
    { class: "scroll", tabindex: 0, role: "group", "aria-label": t`Attempts` },
    make("table", {}, make("thead", {}, make("tr", {}, ...titles)), make("tbody", {}, ...rows)),
  );
}
