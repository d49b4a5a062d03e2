// The user's account, below the user's status in the console: changing the password, and signing out everywhere.

import { confirmed } from "./console-dialogs.js";
import { allFilled, busy, button, complain, field, make, notify, uniqueId } from "./elements.js";
import { withoutScheme } from "./sip.js";
import { t } from "./texts.js";
import { inWords } from "./words.js";

export class AccountCard {
  #account;
  #notices;
  #signedOut;
  #dialog;
  #change = button(t`Change password…`, "", (it) => busy(it, () => this.#openDialog()));
  #leave = button(t`Sign out everywhere…`, "", (it) => busy(it, () => this.#signOutEverywhere()));
  #error = make("p", { class: "notice bad", role: "alert", hidden: true });

  // `account`: an Account; signedOut(): the user is not signed in any more.
  constructor(account, notices, signedOut) {
    this.#account = account;
    this.#notices = notices;
    this.#signedOut = signedOut;
    const title = uniqueId("account");
    this.element = make(
      "section",
      { class: "card stack form-card", "aria-labelledby": title, hidden: true },
      make("h2", { id: title }, t`Account`),
      this.#error,
      make("div", { class: "row" }, this.#change, this.#leave),
    );
  }

  // Shows what the server offers to this user. `uri`: the user's.
  async show(uri) {
    notify(this.#error, null);
    this.#dialog ??= new PasswordDialog(this.#account, withoutScheme(uri));
    try {
      const { password, signOut } = await this.#account.offers();
      this.#change.hidden = !password;
      this.#leave.hidden = !signOut;
      this.element.hidden = !password && !signOut;
    } catch {
      this.element.hidden = true;
    }
  }

  close() {
    this.#dialog?.close();
    this.element.remove();
  }

  async #openDialog() {
    notify(this.#error, null);
    try {
      if (await this.#dialog.ask()) {
        this.#notices.say(t`Your password has been changed. You must sign in again everywhere else.`);
      }
    } catch (error) {
      notify(this.#error, inWords(error));
    }
  }

  async #signOutEverywhere() {
    notify(this.#error, null);
    const words = t`You are signed out on all your devices, here too, and leave all meetings that you are in.`;
    if (!(await confirmed(t`Sign out everywhere?`, words, t`Sign out everywhere`))) return;
    try {
      await this.#account.signOutEverywhere();
      this.#signedOut();
    } catch (error) {
      notify(this.#error, inWords(error));
    }
  }
}

class PasswordDialog {
  #account;
  #minimum = 0;
  #current = passwordInput("current-password");
  #fresh = passwordInput("new-password");
  #again = passwordInput("new-password");
  #error = make("p", { class: "notice bad", role: "alert", hidden: true });
  #hint;
  #dialog;
  #changed = false;

  // `username`: for password managers.
  constructor(account, username) {
    this.#account = account;
    const title = uniqueId("password");
    const cancel = make("button", { type: "button" }, t`Cancel`);
    cancel.addEventListener("click", () => this.#dialog.close());
    const fresh = field(t`New password`, this.#fresh, " ");
    this.#hint = fresh.querySelector(".hint");
    const form = make(
      "form",
      { class: "stack", novalidate: true },
      make("h2", { id: title }, t`Change password`),
      this.#error,
      field(t`User name`, make("input", { autocomplete: "username", readonly: true, value: username })),
      field(t`Current password`, this.#current),
      fresh,
      field(t`New password, again`, this.#again),
      make("div", { class: "row" }, make("button", { class: "primary", type: "submit" }, t`Change password`), cancel),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      busy(event.submitter, () => this.#submit());
    });
    this.#dialog = make("dialog", { "aria-labelledby": title }, form);
    this.#dialog.addEventListener("close", () => this.#empty());
    document.body.append(this.#dialog);
  }

  // Whether the password was changed.
  async ask() {
    const { minLength } = await this.#account.rules();
    this.#minimum = minLength;
    this.#hint.textContent = t`At least ${minLength} characters.`;
    this.#changed = false;
    this.#dialog.showModal();
    this.#current.focus();
    await new Promise((resolve) => {
      this.#dialog.addEventListener("close", resolve, { once: true });
    });
    return this.#changed;
  }

  close() {
    this.#dialog.close();
    this.#dialog.remove();
  }

  #empty() {
    notify(this.#error, null);
    for (const input of [this.#current, this.#fresh, this.#again]) {
      input.value = "";
      complain(input, null);
    }
  }

  async #submit() {
    notify(this.#error, null);
    const fields = [
      [this.#current, t`Please enter your current password.`],
      [this.#fresh, t`Please enter a new password.`],
      [this.#again, t`Please enter the new password again.`],
    ];
    if (!allFilled(fields)) return;
    if ([...this.#fresh.value].length < this.#minimum) return wrong(this.#fresh, t`This password is too short.`);
    if (this.#fresh.value !== this.#again.value) return wrong(this.#again, t`The two new passwords differ.`);
    try {
      await this.#account.change(this.#current.value, this.#fresh.value);
      this.#changed = true;
      this.#dialog.close();
    } catch (error) {
      this.#refused(error);
    }
  }

  #refused(error) {
    const names = new Set((error.parameters ?? []).map(({ name }) => name));
    if (names.has("currentPassword")) wrong(this.#current, t`The current password is wrong.`);
    else if (names.has("newPassword")) {
      wrong(this.#fresh, t`Choose another password: this one is too short, too long, or the current one.`);
    } else notify(this.#error, inWords(error));
  }
}

function passwordInput(autocomplete) {
  return make("input", { type: "password", autocomplete, required: true });
}

function wrong(input, words) {
  complain(input, words);
  input.focus();
  input.select();
}
