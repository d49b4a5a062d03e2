// The console's page that finds meetings by their data, at #find and #find?filter=FILTER.

import { $, busy, button, complain, field, make } from "./elements.js";
import { conditionText, stoppedAt } from "./filter-text.js";
import { meetingOf } from "./meeting-queries.js";
import { nameOf } from "./meeting-words.js";
import { withoutScheme } from "./sip.js";
import { t } from "./texts.js";
import { pause } from "./ucwa-waits.js";
import { whenElements } from "./when.js";
import { inWords } from "./words.js";

const FIND = "#find";
const MAX_EMPTY = 10; // answers without a meeting, one after the other, until the user is asked
const MAX_WAITS = 5; // while the server makes its index
const OPERATORS = [
  ["eq", t`is`],
  ["ne", t`is not`],
  ["startswith", t`begins with`],
  ["lt", t`is less than`],
  ["le", t`is at most`],
  ["gt", t`is greater than`],
  ["ge", t`is at least`],
  ["exists", t`is there`],
  ["missing", t`is not there`],
];
const WITHOUT_VALUE = new Set(["exists", "missing"]);
const TYPES = [
  ["text", t`text`],
  ["number", t`number`],
  ["boolean", t`boolean`],
  ["date", t`date`],
];

export class FindSection {
  list = "meetings";
  editing = false; // there is nothing to save
  #meetings;
  #notices;
  #listener;
  #turn = 0; // grows with each search
  #shown = ""; // the filter whose results are shown
  #next = null;
  #extension = make("input", { autocomplete: "off", spellcheck: "false" });
  #property = make("input", { autocomplete: "off", spellcheck: "false" });
  #operator = make("select", {}, ...options(OPERATORS));
  #type = make("select", {}, ...options(TYPES));
  #value = make("div", {});
  #filter = make("textarea", {
    class: "mono",
    rows: 2,
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
  });
  #title = make("h1", { id: "query-title", tabindex: -1 }, t`Find meetings`);
  #error = make("div", { class: "notice bad stack", role: "alert", hidden: true });
  #status = make("p", { class: "muted small", role: "status" });
  #found = make("ul", { class: "meetings card", "aria-label": t`Found meetings`, hidden: true });
  #more = button(t`Show more`, "", (it) => busy(it, () => this.#further()));
  #section;

  // listener: {go(hash), listed(): the list of meetings beside it is to be there}.
  constructor(meetings, notices, listener) {
    this.#meetings = meetings;
    this.#notices = notices;
    this.#listener = listener;
    const form = make(
      "form",
      { class: "card stack form-card", novalidate: true },
      make(
        "fieldset",
        { class: "condition" },
        make("legend", {}, t`By the data of an extension`),
        field(t`Extension`, this.#extension, t`Its id. Leave empty for any extension.`),
        field(t`Property`, this.#property),
        field(t`Comparison`, this.#operator),
        field(t`Type`, this.#type),
        this.#value,
      ),
      field(
        t`Filter`,
        this.#filter,
        t`Filled in from the fields above, or write your own, as in OData: extensions('crm')/caseNumber eq 4711 and startswith(subject, 'Budget')`,
      ),
      make("div", { class: "row" }, make("button", { class: "primary", type: "submit" }, t`Find`)),
    );
    form.onsubmit = (event) => {
      event.preventDefault();
      busy(event.submitter, () => this.#submit());
    };
    this.#drawValue();
    this.#type.onchange = () => this.#drawValue();
    for (const control of [this.#extension, this.#property, this.#operator, this.#type, this.#value])
      control.addEventListener("input", () => this.#write());
    this.#section = make(
      "section",
      { id: "query", class: "query stack", "aria-labelledby": this.#title.id, hidden: true },
      make("a", { class: "back", href: "#list" }, t`All meetings`),
      make(
        "div",
        {},
        this.#title,
        make("p", { class: "muted" }, t`Among those that you organize, are invited to or take part in.`),
      ),
      form,
      this.#error,
      this.#status,
      this.#found,
      make("div", {}, this.#more),
    );
    $("query")?.remove(); // of who was signed in before
    $("detail").append(this.#section);
  }

  owns(hash) {
    return hash === FIND || hash.startsWith(`${FIND}?`);
  }

  async show(hash) {
    this.#section.hidden = false;
    this.#notices.title = t`Find meetings`;
    this.#title.focus({ preventScroll: true });
    this.#listener.listed();
    $("find-link").setAttribute("aria-current", "page");
    const filter = new URLSearchParams(hash.slice(FIND.length + 1)).get("filter") ?? "";
    if (filter !== this.#filter.value.trim()) this.#filter.value = filter;
    complain(this.#filter, null);
    await this.#search(filter);
    return true;
  }

  hide() {
    this.#turn += 1;
    this.#section.hidden = true;
    $("find-link").removeAttribute("aria-current");
  }

  #drawValue() {
    const kind = { boolean: "select", date: "datetime-local" }[this.#type.value] ?? "text";
    const control =
      kind === "select"
        ? make(
            "select",
            {},
            ...options([
              ["true", t`Yes`],
              ["false", t`No`],
            ]),
          )
        : make("input", { type: kind, step: kind === "text" ? null : 1, autocomplete: "off", spellcheck: "false" });
    this.#value.replaceChildren(field(t`Value`, control));
  }

  // The fields say what the filter is.
  #write() {
    const operator = this.#operator.value;
    const plain = WITHOUT_VALUE.has(operator);
    this.#value.hidden = plain;
    this.#type.closest(".field").hidden = plain || operator === "startswith";
    if (operator === "startswith" && this.#type.value !== "text") {
      this.#type.value = "text";
      this.#drawValue();
    }
    this.#filter.value = conditionText({
      extension: this.#extension.value.trim(),
      property: this.#property.value.trim(),
      operator,
      type: this.#type.value,
      value: this.#value.querySelector("input, select").value,
    });
  }

  async #submit() {
    const filter = this.#filter.value.trim();
    complain(this.#filter, filter ? null : t`Enter a filter.`);
    if (!filter) {
      this.#filter.focus();
      return;
    }
    const hash = `${FIND}?${new URLSearchParams({ filter })}`;
    if (hash === location.hash) await this.#search(filter);
    else await this.#listener.go(hash);
  }

  async #search(filter) {
    this.#turn += 1;
    this.#shown = filter;
    this.#next = null;
    this.#found.replaceChildren();
    this.#found.hidden = this.#more.hidden = true;
    this.#status.textContent = "";
    this.#error.hidden = true;
    if (filter) await this.#read(() => this.#meetings.find(filter));
  }

  async #further() {
    const last = this.#found.lastElementChild;
    await this.#read(() => this.#meetings.findMore(this.#next));
    (last ? last.nextElementSibling : this.#found.firstElementChild)?.querySelector("a").focus();
  }

  // Shows what an answer has, and reads on while there was nothing.
  async #read(first) {
    const turn = this.#turn;
    let read = first;
    for (let answers = 0; answers < MAX_EMPTY; answers += 1) {
      let answer;
      try {
        answer = await this.#patiently(read);
      } catch (error) {
        if (turn === this.#turn) this.#refused(error);
        return;
      }
      if (turn !== this.#turn) return;
      this.#next = answer.next;
      this.#found.append(...answer.found.map(foundLine));
      if (answer.found.length > 0 || answer.next === null) break;
      read = () => this.#meetings.findMore(answer.next);
    }
    const count = this.#found.childElementCount;
    this.#found.hidden = count === 0;
    this.#more.hidden = this.#next === null;
    this.#status.textContent = statusWords(count, this.#next !== null);
  }

  // The first search among very many meetings may take the server several answers.
  async #patiently(read) {
    for (let waits = 0; ; waits += 1) {
      try {
        return await read();
      } catch (error) {
        if (error.status !== 503 || error.retryAfter === null || waits === MAX_WAITS) throw error;
        this.#status.textContent = t`The server reads the meetings…`;
        await pause(error.retryAfter);
      }
    }
  }

  #refused(error) {
    this.#status.textContent = "";
    const reason = error.parameters?.[0]?.reason ?? error.message;
    const stop = error.status === 400 ? stoppedAt(this.#shown, reason) : null;
    if (stop === null) this.#error.replaceChildren(make("p", {}, error.status === 400 ? reason : inWords(error)));
    else {
      const rest = stop.after || " ";
      this.#error.replaceChildren(
        make("p", {}, t`The filter can’t be read from character ${stop.number} on: ${stop.words}`),
        make("p", { class: "mono" }, stop.before, make("mark", {}, rest)),
      );
    }
    this.#error.hidden = false;
  }
}

function options(choices) {
  return choices.map(([value, words]) => make("option", { value }, words));
}

function statusWords(count, more) {
  if (count === 0) return more ? t`Nothing found so far.` : t`No meeting fits the filter.`;
  if (more) return t`The first ${count} meetings`;
  return count === 1 ? t`1 meeting` : t`${count} meetings`;
}

// `found`: an openucwa:foundMeeting.
function foundLine(found) {
  const meeting = meetingOf(found);
  const tags = (found.matchingExtensions ?? []).flatMap((id) => [make("span", { class: "tag accent mono" }, id), " "]);
  const by = found.own ? [] : [" · ", t`by ${withoutScheme(meeting.organizerUri)}`];
  return make(
    "li",
    {},
    make(
      "a",
      { href: found.own ? `#${meeting.onlineMeetingId}` : meeting.joinUrl },
      make("span", { class: "meeting-subject" }, nameOf(meeting)),
      make("span", { class: "muted small" }, ...tags, ...whenElements(meeting), ...by),
    ),
  );
}
