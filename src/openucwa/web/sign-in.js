// Signing in with an account: the form, and the dialog that asks for the password once more when a session has expired.

import { allFilled, busy, complain, field, make, notify, uniqueId } from "./elements.js";
import { t } from "./texts.js";
import { inWords, isWrongPassword } from "./words.js";

function passwordField(label, attributes) {
  const control = make("input", { type: "password", autocomplete: "current-password", required: true, ...attributes });
  return [control, field(label, control)];
}

export class SignInForm {
  #notice = make("p", { class: "notice bad", role: "alert", hidden: true });
  #username = make("input", {
    id: "username",
    name: "username",
    autocomplete: "username",
    autocapitalize: "none",
    spellcheck: "false",
    required: true,
  });
  #password;

  // `words`: what the button says. signIn(username, password): rejects with what went wrong.
  constructor(words, signIn) {
    const [password, passwordElement] = passwordField(t`Password`, { id: "password", name: "password" });
    this.#password = password;
    this.element = make(
      "form",
      { class: "stack", novalidate: true },
      this.#notice,
      field(t`User name`, this.#username, t`Your address on this server, such as name@domain.`),
      passwordElement,
      make("button", { class: "primary", type: "submit" }, words),
    );
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      busy(event.submitter, () => this.#signIn(signIn));
    });
  }

  get username() {
    return this.#username.value.trim();
  }

  // `words`: why one is to sign in; null: no reason. `kind`: "bad" for trouble, "good" for what was wanted.
  show(words = null, username = this.username, kind = "bad") {
    this.#username.value = username;
    this.#say(words, kind);
    (username ? this.#password : this.#username).focus();
  }

  async #signIn(signIn) {
    this.#say(null);
    const fields = [
      [this.#username, t`Please enter your user name.`],
      [this.#password, t`Please enter your password.`],
    ];
    if (!allFilled(fields)) return;
    try {
      await signIn(this.username, this.#password.value);
      this.#password.value = "";
    } catch (error) {
      if (isWrongPassword(error)) {
        complain(this.#password, t`The user name or the password is wrong.`);
        this.#password.select();
      } else this.#say(inWords(error));
    }
  }

  #say(words, kind = "bad") {
    this.#notice.className = `notice ${kind}`;
    notify(this.#notice, words);
  }
}

export class SignInAgain {
  #username = make("input", { autocomplete: "username", readonly: true });
  #password;
  #dialog;
  #signIn;
  #asked = null; // {resolve, reject}, while it is asked

  // `words`: what becomes of the page meanwhile; `out`: what the button says that gives up, and `giveUp()` what it does.
  constructor({ signIn, words, out, giveUp }) {
    this.#signIn = signIn;
    const title = uniqueId("again");
    const [password, passwordElement] = passwordField(t`Password`, {});
    this.#password = password;
    const away = make("button", { type: "button" }, out);
    away.addEventListener("click", giveUp);
    const form = make(
      "form",
      { class: "stack", novalidate: true },
      make("h2", { id: title }, t`Your session has expired`),
      make("p", {}, words),
      field(t`User name`, this.#username),
      passwordElement,
      make("div", { class: "row" }, make("button", { class: "primary", type: "submit" }, t`Sign in`), away),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      busy(event.submitter, () => this.#again());
    });
    this.#dialog = make("dialog", { "aria-labelledby": title }, form);
    this.#dialog.addEventListener("cancel", (event) => event.preventDefault());
    document.body.append(this.#dialog);
  }

  // Resolves when the user has signed in again; rejects when that was given up.
  ask(username) {
    this.#username.value = username;
    this.#password.value = "";
    complain(this.#password, null);
    this.#dialog.showModal();
    this.#password.focus();
    return new Promise((resolve, reject) => {
      this.#asked = { resolve, reject };
    });
  }

  close() {
    this.#dialog.close();
    this.#asked?.reject(new Error(t`You are signed out.`));
    this.#asked = null;
  }

  async #again() {
    if (!allFilled([[this.#password, t`Please enter your password.`]])) return;
    try {
      await this.#signIn(this.#username.value, this.#password.value);
      this.#dialog.close();
      this.#asked?.resolve();
      this.#asked = null;
    } catch (error) {
      complain(this.#password, isWrongPassword(error) ? t`The password is wrong.` : inWords(error));
      this.#password.focus();
    } finally {
      this.#password.value = "";
    }
  }
}
