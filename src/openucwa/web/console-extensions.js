// The extensions of a meeting in the console: cards that show them, and become forms to change them in.

import { deleteConfirmed, saveMerged } from "./concurrency.js";
import { chooseVersions } from "./console-dialogs.js";
import { ExtensionForm } from "./console-extension-form.js";
import { $, busy, button, keep, make, notify } from "./elements.js";
import { audienceOf, audienceTag, ChangeMarks, propertiesTable, renderValue } from "./extension-table.js";
import { NotThere } from "./meetings.js";
import { t } from "./texts.js";
import { Undo } from "./undo.js";
import { EXACT } from "./value-controls.js";
import { changesBetween, customProperties, typeOf } from "./values.js";
import { inWords } from "./words.js";

const AUDIENCE = { everyone: t`everyone in the meeting`, organizer: t`only you` };

export class ExtensionsView {
  #meetings;
  #id; // the meeting's
  #say;
  #extensions; // by id
  #marks = new ChangeMarks(() => this.#draw());
  #forms = new Map(); // by id, the open ones
  #undo = new Undo($("data-undo"));
  #asJson = new Set(); // the ids of those that are shown as JSON
  #closed = false;
  #history;

  // `say(words)`: announces something to screen readers; history(id): shows the versions of one, null where there are none.
  constructor(meetings, id, extensions, say, history) {
    this.#meetings = meetings;
    this.#id = id;
    this.#say = say;
    this.#history = history;
    this.#extensions = extensions;
    notify($("data-error"), null);
    $("extensions").replaceChildren();
    $("new-extension").replaceChildren();
    $("inexact").hidden = EXACT;
    $("add-extension").onclick = () => this.#add();
    this.#draw();
  }

  close() {
    this.#closed = true;
    this.#undo.clear();
    this.#marks.clear();
  }

  // Whether something was typed that is not saved.
  get editing() {
    return [...this.#forms.values(), this.#newForm].some((form) => form?.changed);
  }

  #newForm = null;

  // Shows what is on the server now, and marks what somebody else changed.
  take(now) {
    for (const [id, extension] of now) {
      const before = this.#extensions.get(id);
      if (before?.etag === extension.etag) continue;
      this.#marks.set(id, changesBetween(before, extension));
      this.#say(before ? t`${id} has changed.` : t`${id} was added.`);
    }
    for (const id of this.#extensions.keys()) if (!now.has(id)) this.#say(t`${id} was deleted.`);
    this.#extensions = now;
    this.#draw();
  }

  #draw() {
    const listed = [...this.#extensions.values()];
    // What is being edited stays, though it was deleted elsewhere: what was typed is not to be lost.
    for (const form of this.#forms.values()) if (!this.#extensions.has(form.extension.id)) listed.push(form.extension);
    const draw = (each, drawn) => this.#card(each, drawn);
    keep($("extensions"), listed, (each) => `${each.id}`, draw, $("data-title"));
    $("no-extensions").hidden = listed.length > 0 || this.#newForm !== null;
  }

  #card(extension, drawn) {
    const form = this.#forms.get(extension.id);
    if (form) {
      form.seen(this.#extensions.get(extension.id));
      return form.element;
    }
    const changes = this.#marks.get(extension.id);
    if (drawn?.extension === extension && drawn.changes === changes) return drawn;
    const { id, type } = extension;
    const name = make("span", { class: "unseen" }, ` ${id}`);
    const edit = button([t`Edit`, name], "compact edit", () => this.#edit(extension));
    edit.disabled = !EXACT && customProperties(extension).some(([, value]) => hasNumber(value));
    const remove = button([t`Delete`, name.cloneNode(true)], "compact danger", (it) =>
      busy(it, () => this.#delete(extension)),
    );
    const title = make(
      "div",
      { class: "extension-name" },
      make("h3", { class: "mono" }, id),
      audienceTag(type, AUDIENCE),
    );
    const more = this.#moreButtons(extension);
    const head = make("div", { class: "extension-head" }, title, make("div", { class: "row" }, ...more, edit, remove));
    const attributes = { class: "card extension", "aria-label": id };
    const body = this.#asJson.has(id) ? jsonView(extension) : propertiesTable(extension, changes, drawn);
    const card = make("article", attributes, head, body);
    return Object.assign(card, { extension, changes });
  }

  // What developers do with an extension.
  #moreButtons(extension) {
    const { id } = extension;
    const named = (words) => [words, make("span", { class: "unseen" }, ` ${id}`)];
    const json = button(named("JSON"), "compact quiet", () => {
      if (!this.#asJson.delete(id)) this.#asJson.add(id);
      this.#marks.delete(id);
      const card = cardOf(id);
      const drawn = this.#card(extension, undefined);
      drawn.dataset.key = card.dataset.key;
      card.replaceWith(drawn);
      drawn.querySelector("[aria-pressed]").focus();
    });
    json.setAttribute("aria-pressed", String(this.#asJson.has(id)));
    const copy = button(named(t`Copy`), "compact quiet", () => this.#copy(extension));
    const duplicate = button(named(t`Duplicate`), "compact quiet", () => this.#add(extension));
    if (this.#history === null) return [json, copy, duplicate];
    const history = button(named(t`History`), "compact quiet", () => this.#history(id));
    return [json, copy, duplicate, history];
  }

  async #copy(extension) {
    try {
      await navigator.clipboard.writeText(jsonText(extension));
      this.#say(t`${extension.id} is copied as JSON.`);
      notify($("data-error"), null);
    } catch {
      // Without https a browser may not let a page do it.
      notify($("data-error"), t`This browser does not let the page copy. Choose JSON, and copy it from there.`);
    }
  }

  #edit(extension) {
    const form = new ExtensionForm(extension, {
      save: (mine) => this.#save(extension, mine),
      cancel: () => this.#close(extension.id),
    });
    this.#forms.set(extension.id, form);
    this.#draw();
    form.focus();
  }

  #close(id) {
    this.#forms.delete(id);
    this.#draw();
    (cardOf(id)?.querySelector(".edit") ?? $("data-title")).focus();
  }

  // Errors are the form's to show.
  async #save(base, mine) {
    const { id } = base;
    const words = t`Someone else changed “${id}” while you were editing it. Choose a version; all other changes are merged.`;
    const saved = await saveMerged(base, mine, {
      put: (extension) => this.#meetings.replaceExtension(this.#id, extension),
      read: () => this.#meetings.readExtension(this.#id, id),
      fieldsOf: extensionFields,
      withFields,
      choose: (conflicts) => chooseVersions(words, conflicts, extensionLabel, extensionShown),
    });
    if (saved === null || this.#closed) return;
    this.#extensions.set(id, saved);
    this.#marks.delete(id);
    this.#close(id);
    this.#say(t`${id} is saved.`);
  }

  // `like`: one whose properties the new one has at first.
  #add(like = null) {
    if (this.#newForm === null) {
      const actions = { save: (mine) => this.#create(mine), cancel: () => this.#closeNew() };
      this.#newForm = new ExtensionForm(null, actions, like);
      $("new-extension").append(this.#newForm.element);
      this.#draw();
    }
    this.#newForm.focus();
  }

  #closeNew() {
    this.#newForm = null;
    $("new-extension").replaceChildren();
    this.#draw();
    $("add-extension").focus();
  }

  async #create(extension) {
    const created = await this.#meetings.createExtension(this.#id, extension);
    if (this.#closed) return;
    this.#extensions.set(created.id, created);
    this.#closeNew();
    this.#say(t`${created.id} is added.`);
  }

  async #delete(extension) {
    const { id } = extension;
    notify($("data-error"), null);
    try {
      const gone = await deleteConfirmed(extension, t`Delete “${id}”?`, t`This deletes its properties for everyone.`, {
        remove: (version) => this.#meetings.deleteExtension(this.#id, version),
        read: () => this.#meetings.readExtension(this.#id, id),
      });
      if (!gone || this.#closed) return;
      this.#extensions.delete(id);
      this.#draw();
      this.#say(t`${id} is deleted.`);
      $("data-title").focus();
      this.#undo.offer(t`“${id}” is deleted.`, async () => {
        if (!(await this.#meetings.undeleteExtension(this.#id, id))) throw new NotThere();
        const found = await this.#meetings.readExtension(this.#id, id);
        if (this.#closed) return;
        this.#extensions.set(id, found);
        this.#draw();
        this.#say(t`${id} is back.`);
      });
    } catch (error) {
      notify($("data-error"), inWords(error));
    }
  }
}

function cardOf(id) {
  return [...$("extensions").children].find((each) => each.dataset.key === id);
}

// An extension as an application writes it: without what the server adds.
function jsonText(extension) {
  const { id, type } = extension;
  return JSON.stringify({ id, type, ...Object.fromEntries(customProperties(extension)) }, null, 2);
}

export function jsonView(extension) {
  return make(
    "pre",
    { class: "json mono", tabindex: 0, "aria-label": t`${extension.id} as JSON` },
    jsonText(extension),
  );
}

// What of an extension can be edited. No programmer-defined property can be called "type".
export function extensionFields(extension) {
  return new Map([["type", extension.type], ...customProperties(extension)]);
}

function withFields(extension, fields) {
  const own = new Set(customProperties(extension).map(([name]) => name));
  const rest = Object.entries(extension).filter(([name]) => !own.has(name) && name !== "type");
  return Object.fromEntries([...rest, ...fields]);
}

export function extensionLabel(name) {
  return name === "type" ? t`Visible to` : name;
}

export function extensionShown(name, value) {
  return name === "type" ? AUDIENCE[audienceOf(value)] : renderValue(value, name);
}

function hasNumber(value) {
  return Array.isArray(value) ? value.some(hasNumber) : ["integer", "number"].includes(typeOf(value));
}
