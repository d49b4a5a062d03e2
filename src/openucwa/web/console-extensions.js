// The extensions of a meeting in the console: cards that show them, and become forms to change them in. Values, names and
// ids were typed by people and applications, and are shown as text.

import { deleteShown, putBack, same } from "./console-dialogs.js";
import { ExtensionForm } from "./console-extension-form.js";
import { inWords } from "./console-session.js";
import { EXACT } from "./console-values.js";
import { $, button, busy, keep, make, tell } from "./elements.js";
import { embeddedIn, linkOf } from "./ucwa.js";
import { customProperties, renderValue, typeOf } from "./values.js";

const MARKED = 20_000; // ms for which what somebody else changed is marked
export const AUDIENCE = {
  RoamedParticipantData: ["everybody in the meeting", "accent"],
  RoamedOrganizerData: ["only you", "warn"],
  Undefined: ["only you", "warn"],
};

export class ExtensionsView {
  #session;
  #say;
  #href; // the collection's
  #extensions = new Map(); // by id
  #changes = new Map(); // by id, what somebody else's last change did: property -> new or changed
  #forms = new Map(); // by id, the open ones
  #reading = null;
  #closed = false;

  // `say(words)`: tells people who don't look.
  constructor(session, meeting, say) {
    this.#session = session;
    this.#say = say;
    this.#href = linkOf(meeting, "onlineMeetingExtensions");
    this.#extensions = byId(meeting);
    tell($("data-error"), null);
    $("extensions").replaceChildren();
    $("new-extension").replaceChildren();
    $("inexact").hidden = EXACT;
    $("add-extension").onclick = () => this.#add();
    this.#draw();
  }

  close() {
    this.#closed = true;
  }

  // Whether something was typed that is not saved.
  get editing() {
    return this.#forms.size > 0 || $("new-extension").children.length > 0;
  }

  // Reads what is there now, and marks what somebody else changed. Asked for again meanwhile, it reads once more.
  async refresh() {
    if (this.#reading) {
      this.#reading.again = true;
      return;
    }
    const reading = (this.#reading = { again: false });
    try {
      do {
        reading.again = false;
        const { resource } = await this.#session.get(this.#href);
        if (this.#closed) return;
        this.#take(byId(resource));
      } while (reading.again);
    } catch (error) {
      if (!this.#closed) tell($("data-error"), inWords(error));
    } finally {
      this.#reading = null;
    }
  }

  #take(now) {
    for (const [id, extension] of now) {
      const before = this.#extensions.get(id);
      if (before?.etag === extension.etag) continue;
      const changes = compare(before, extension);
      this.#changes.set(id, changes);
      setTimeout(() => this.#unmark(id, changes), MARKED);
      this.#say(before ? `${id} has changed.` : `${id} was added.`);
    }
    for (const id of this.#extensions.keys()) if (!now.has(id)) this.#say(`${id} was deleted.`);
    this.#extensions = now;
    this.#draw();
  }

  #unmark(id, changes) {
    if (this.#closed || this.#changes.get(id) !== changes) return;
    this.#changes.delete(id);
    this.#draw();
  }

  #draw() {
    const listed = [...this.#extensions.values()];
    // Whoever edits what is gone is not to lose what was typed.
    for (const form of this.#forms.values()) if (!this.#extensions.has(form.extension.id)) listed.push(form.extension);
    keep($("extensions"), listed, (each) => `${each.id}`, (each, drawn) => this.#card(each, drawn), $("data-title"));
    $("no-extensions").hidden = listed.length > 0 || $("new-extension").children.length > 0;
  }

  #card(extension, drawn) {
    const form = this.#forms.get(extension.id);
    if (form) {
      form.seen(this.#extensions.get(extension.id));
      return form.element;
    }
    const changes = this.#changes.get(extension.id);
    if (drawn?.extension === extension && drawn.changes === changes) return drawn;
    const { id, type } = extension;
    const properties = customProperties(extension);
    const edit = button(["Edit", make("span", { class: "unseen" }, ` ${id}`)], "compact edit", () => this.#edit(extension));
    edit.disabled = !EXACT && properties.some(([, value]) => hasNumber(value));
    const remove = button(["Delete", make("span", { class: "unseen" }, ` ${id}`)], "compact danger", (it) => busy(it, () => this.#delete(extension)));
    const card = make(
      "article",
      { class: "card extension", "aria-label": id },
      make(
        "div",
        { class: "extension-head" },
        make("div", { class: "extension-name" }, make("h3", { class: "mono" }, id), audience(type)),
        make("div", { class: "row" }, edit, remove),
      ),
      properties.length ? table(id, properties, changes) : make("p", { class: "empty muted small" }, "It has no properties."),
    );
    card.extension = extension;
    card.changes = changes;
    return card;
  }

  #edit(extension) {
    const form = new ExtensionForm(extension, {
      save: (mine) => this.#save(form, mine),
      cancel: () => this.#close(extension.id),
    });
    this.#forms.set(extension.id, form);
    this.#draw();
    form.focus();
  }

  #close(id) {
    this.#forms.delete(id);
    this.#draw();
    const card = [...$("extensions").children].find((each) => each.dataset.key === id);
    (card?.querySelector(".edit") ?? $("data-title")).focus();
  }

  // Errors are the form's to show.
  async #save(form, mine) {
    const words = `Somebody has changed “${mine.id}” since you began to edit it.`;
    const put = await putBack(this.#session, mine, words, sides);
    if (put === null || this.#closed) return;
    this.#extensions.set(mine.id, put.resource);
    this.#changes.delete(mine.id);
    this.#close(mine.id);
    this.#say(`${mine.id} is saved.`);
  }

  #add() {
    const place = $("new-extension");
    if (place.children.length === 0) {
      const form = new ExtensionForm(null, { save: (mine) => this.#create(mine), cancel: () => this.#closeNew() });
      place.append(form.element);
      this.#draw();
    }
    place.querySelector("input").focus();
  }

  #closeNew() {
    $("new-extension").replaceChildren();
    this.#draw();
    $("add-extension").focus();
  }

  async #create(extension) {
    const { resource } = await this.#session.post(this.#href, extension);
    if (this.#closed) return;
    this.#extensions.set(resource.id, resource);
    this.#closeNew();
    this.#say(`${resource.id} is added.`);
  }

  async #delete(extension) {
    const { id } = extension;
    tell($("data-error"), null);
    try {
      const words = "Its properties are gone then, for everybody.";
      if (!(await deleteShown(this.#session, extension, `Delete “${id}”?`, words)) || this.#closed) return;
      this.#extensions.delete(id);
      this.#draw();
      this.#say(`${id} is deleted.`);
      $("data-title").focus();
    } catch (error) {
      tell($("data-error"), inWords(error));
    }
  }
}

function byId(resource) {
  return new Map(embeddedIn(resource, "onlineMeetingExtension").map((each) => [each.id, each]));
}

function sides(extension) {
  return [["seen by", AUDIENCE[extension.type]?.[0] ?? extension.type], ...customProperties(extension)];
}

function compare(before, after) {
  const old = new Map(before ? customProperties(before) : []);
  const changed = customProperties(after).filter(([name, value]) => !old.has(name) || !same(old.get(name), value));
  return new Map(changed.map(([name]) => [name, old.has(name) ? "changed" : "new"]));
}

function hasNumber(value) {
  return Array.isArray(value) ? value.some(hasNumber) : ["integer", "number"].includes(typeOf(value));
}

function audience(type) {
  const [who, kind] = AUDIENCE[type] ?? AUDIENCE.Undefined;
  return make("span", { class: `tag ${kind}` }, `seen by ${who}`);
}

function table(id, properties, changes) {
  const titles = ["Property", "Value", "Type"].map((word) => make("th", { scope: "col" }, word));
  const rows = properties.map(([name, value]) => {
    const change = changes?.get(name);
    const mark = change ? [" ", make("span", { class: "tag warn mark" }, change)] : [];
    return make(
      "tr",
      { class: change ? "changed" : null },
      make("th", { scope: "row" }, name, ...mark),
      make("td", {}, renderValue(value)),
      make("td", { class: "muted small" }, typeOf(value)),
    );
  });
  const caption = make("caption", { class: "unseen" }, `Properties of ${id}`);
  return make("table", {}, caption, make("thead", {}, make("tr", {}, ...titles)), make("tbody", {}, ...rows));
}
