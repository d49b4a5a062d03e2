// What is said in a meeting: the messages, who is typing, and the field to write one in.

import { make, notify } from "./elements.js";
import { piecesOf } from "./links.js";
import { t } from "./texts.js";
import { asDate, dateText } from "./values.js";
import { inWords } from "./words.js";

const MAX_SHOWN = 500;
const NEAR_END = 60; // px from the end within which the newest message stays in view
const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

export class MessagesView {
  unread = 0; // messages that came while nobody could see them
  counted = () => {}; // called where `unread` is another number
  #conversation = null;
  #shown = 0; // of the conversation's messages
  #atEnd = true; // whether the last message is in view, and is to stay so
  #none;
  #divider = make("p", { class: "new-messages small" }, t`New messages`);
  #list;
  #typing;
  #error = make("p", { class: "notice bad small", role: "alert", hidden: true });
  #label;
  #text;
  #send = make("button", { class: "primary", type: "submit", disabled: true }, t`Send`);

  // `level`: of the heading. `prefix`: of the ids.
  constructor(level, prefix) {
    const named = (id, more) => ({ id: prefix + id, ...more });
    const title = `${prefix}messages-title`;
    const heading = make(`h${level}`, { id: title, tabindex: -1 }, t`Messages`);
    const log = { class: "messages", role: "log", "aria-labelledby": title, tabindex: 0 };
    this.#none = make("p", named("no-messages", { class: "muted small" }), t`No messages since you joined.`);
    this.#typing = make("p", named("typing", { class: "typing muted small" }));
    const field = { rows: 1, maxlength: 8000, placeholder: t`Message`, enterkeyhint: "send", disabled: true };
    this.#text = make("textarea", named("text", field));
    this.#list = make("div", named("messages", log), this.#none);
    this.#label = make("label", { class: "unseen", for: `${prefix}text` }, t`Message to everyone`);
    const composer = make("form", { class: "composer", novalidate: true }, this.#label, this.#text, this.#send);
    this.element = make("div", { class: "messages-view" }, heading, this.#list, this.#typing, this.#error, composer);
    composer.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#submit();
    });
    this.#text.addEventListener("input", () => {
      if (this.#conversation === null) return;
      this.#conversation.draft = this.#text.value;
      this.#conversation.typed().catch(() => {});
    });
    this.#list.addEventListener("scroll", () => this.#noteScroll(), { passive: true });
    document.addEventListener("visibilitychange", () => this.#read());
    // Also when the list is shown again.
    new ResizeObserver(() => {
      this.#toEnd();
      this.#read();
    }).observe(this.#list);
  }

  // Who hears what is written here; what is said where nothing is said yet.
  set words({ label, none }) {
    this.#label.textContent = label;
    this.#none.textContent = none;
  }

  // Begins with a conversation; null: ends with it. What was typed in one is there again when it is shown again.
  show(conversation) {
    if (conversation !== null && conversation === this.#conversation) return;
    this.#conversation = conversation;
    this.#shown = 0;
    this.#count(0);
    this.#atEnd = true;
    this.#text.value = conversation?.draft ?? "";
    notify(this.#error, null);
    this.#list.replaceChildren(this.#none);
    if (conversation === null) return;
    this.#drawFresh(true);
    this.drawTyping();
  }

  // Whether something was typed that is not sent.
  get editing() {
    return this.#text.value.trim() !== "";
  }

  // Shows what is new, and returns it.
  drawMessages() {
    const unread = this.unread;
    const fresh = this.#drawFresh(this.#inView);
    if (this.unread !== unread) this.counted();
    return fresh;
  }

  // Whether somebody sees what comes.
  get #inView() {
    return this.#atEnd && document.visibilityState === "visible" && this.#list.checkVisibility();
  }

  #drawFresh(seen) {
    const { messages, canSend } = this.#conversation;
    for (const control of [this.#text, this.#send]) control.disabled = !canSend;
    const fresh = messages.slice(this.#shown);
    for (const message of fresh) {
      if (!seen && !message.mine) {
        if (this.unread === 0) this.#list.append(this.#divider);
        this.unread += 1;
      }
      this.#list.append(line(message));
    }
    this.#shown = messages.length;
    while (this.#list.children.length > MAX_SHOWN + 2) this.#list.children[1].remove();
    this.#none.hidden = messages.length > 0;
    this.#toEnd();
    return fresh;
  }

  drawTyping() {
    const [first, second, ...others] = this.#conversation.typing.values();
    this.#typing.textContent =
      first === undefined
        ? ""
        : others.length
          ? t`Several people are typing…`
          : second
            ? t`${first} and ${second} are typing…`
            : t`${first} is typing…`;
  }

  #noteScroll() {
    this.#atEnd = this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < NEAR_END;
    this.#read();
  }

  #read() {
    if (this.#inView) this.#count(0);
  }

  #count(unread) {
    if (this.unread === unread) return;
    this.unread = unread;
    this.counted();
  }

  #toEnd() {
    if (this.#atEnd) this.#list.scrollTop = this.#list.scrollHeight;
  }

  async #submit() {
    const text = this.#text.value.trim();
    const conversation = this.#conversation;
    if (!text || !conversation?.canSend) return;
    this.#text.value = conversation.draft = "";
    notify(this.#error, null);
    try {
      await conversation.send(text);
    } catch (error) {
      conversation.draft ||= text;
      if (this.#conversation !== conversation) return;
      this.#text.value ||= text;
      const words =
        error.status === 413
          ? t`It is too long.`
          : error.status === 429
            ? t`You are sending too fast.`
            : inWords(error);
      notify(this.#error, t`The message was not sent. ${words}`);
    }
  }
}

function line({ name, mine, sent, text }) {
  const date = asDate(sent) ?? new Date();
  const who = make("span", { class: "message-name" }, mine ? t`You` : name);
  const words = date.toDateString() === new Date().toDateString() ? TIME.format(date) : dateText(date);
  const when = make("time", { class: "muted", datetime: date.toISOString(), title: dateText(date) }, words);
  const head = make("p", { class: "message-head small" }, who, " ", when);
  return make(
    "div",
    { class: mine ? "message mine" : "message" },
    head,
    make("p", { class: "message-text" }, ...linked(text)),
  );
}

// A text with its web addresses as links. The other page learns nothing of this one.
function linked(text) {
  return piecesOf(text).map((piece) =>
    piece.href === null
      ? piece.text
      : make("a", { href: piece.href, target: "_blank", rel: "noopener noreferrer nofollow" }, piece.text),
  );
}
