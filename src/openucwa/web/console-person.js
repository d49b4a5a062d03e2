// A person in the console: who it is, how to be reached, contact or not, and the conversation with that person.

import { TalkView } from "./console-talk.js";
import { $, busy, make, notify } from "./elements.js";
import { drawFace, makeFace } from "./face.js";
import { presenceWords } from "./presence-words.js";
import { withoutScheme } from "./sip.js";
import { t } from "./texts.js";
import { linkOf } from "./ucwa.js";
import { inWords } from "./words.js";

const SIZE = 96; // px of the picture
const PART = "person";
const FACTS = [
  ["title", t`Title`],
  ["department", t`Department`],
  ["company", t`Company`],
  ["office", t`Office`],
  ["workPhoneNumber", t`Work phone`],
  ["mobilePhoneNumber", t`Mobile phone`],
  ["homePhoneNumber", t`Home phone`],
  ["otherPhoneNumber", t`Other phone`],
];

export class PersonPage {
  #contacts;
  #presence;
  #notices;
  #me; // the signed-in user's URI
  #talk;
  #uri = null; // of the person that is shown; null: none
  #contact = null; // UCWA's; null: nobody is found, or not yet
  #face = makeFace(SIZE);

  // read(): what was unread in a conversation has been seen.
  constructor({ contacts, talks, presence, notices, me, read }) {
    this.#contacts = contacts;
    this.#presence = presence;
    this.#notices = notices;
    this.#me = me;
    this.#talk = new TalkView({ contacts, talks, presence, notices, read });
    $("person-face").replaceChildren(this.#face);
    $("person-add").onclick = () => this.#do($("person-add"), () => this.#contacts.add(this.#uri), addedWords);
    $("person-remove").onclick = () =>
      this.#do($("person-remove"), () => this.#contacts.remove(this.#uri), removedWords);
    $("group-form").onsubmit = (event) => {
      event.preventDefault();
      this.#addGroup();
    };
  }

  async show(uri, isCurrent) {
    this.#uri = uri;
    this.#contact = null;
    notify($("person-error"), null);
    try {
      const found = await this.#contacts.find(uri);
      if (!isCurrent()) return;
      this.#contact = found;
      if (found === null) notify($("person-error"), t`No one with this address is known here.`);
    } catch (error) {
      if (!isCurrent()) return;
      notify($("person-error"), inWords(error));
    }
    this.#presence.watch(PART, [uri]);
    $("person").hidden = false;
    this.draw();
    this.#talk.show(uri, this.#name);
    $("person-name").focus({ preventScroll: true });
  }

  hide() {
    if (this.#uri === null) return;
    this.#uri = this.#contact = null;
    this.#talk.hide();
    this.#presence.watch(PART, []);
    $("person").hidden = true;
  }

  draw() {
    if (this.#uri === null) return;
    const contact = this.#contacts.people.get(this.#uri.toLowerCase()) ?? this.#contact;
    this.#contact = contact;
    const name = this.#name;
    $("person-name").textContent = this.#notices.title = name;
    const own = this.#uri.toLowerCase() === this.#me?.toLowerCase();
    const known = this.#contacts.has(this.#uri);
    $("person-add").hidden = known || own || !this.#contacts.loaded;
    $("person-remove").hidden = !known;
    const facts = [
      [t`Address`, withoutScheme(this.#uri)],
      ...(contact?.emailAddresses ?? []).map((address) => [t`E-mail`, address]),
      ...FACTS.map(([property, words]) => [words, contact?.[property]]).filter(([, value]) => value),
    ];
    const entries = facts.map(([fact, value]) =>
      make("div", {}, make("dt", { class: "muted small" }, fact), make("dd", {}, value)),
    );
    $("person-facts").replaceChildren(...entries);
    this.#drawGroups(known);
    this.drawPresence();
  }

  drawPresence() {
    if (this.#uri === null) return;
    const presence = this.#presence.of(this.#uri);
    drawFace(this.#face, { name: this.#name, photo: linkOf(this.#contact, "contactPhoto"), presence });
    const words = presenceWords(presence);
    if ($("person-presence").textContent !== words) $("person-presence").textContent = words;
    $("person-note").textContent = presence?.note ?? "";
    this.#talk.drawPresence();
  }

  // The page is visible again.
  markRead() {
    this.#talk.markRead();
  }

  talkChanged(talk, part) {
    if (this.#uri !== null) this.#talk.changed(talk, part);
  }

  get #name() {
    return this.#contact?.name || withoutScheme(this.#uri);
  }

  // The groups that a contact can be in, as checkboxes.
  #drawGroups(known) {
    $("person-groups").hidden = !known;
    if (!known) return;
    const inside = this.#contacts.groupsOf(this.#uri);
    const choices = this.#contacts.groups
      .filter(({ id }) => id !== "defaultGroup")
      .map(({ id, name }) => {
        const box = make("input", { type: "checkbox", checked: inside.includes(id), value: id });
        box.onchange = () =>
          this.#do(box, () => (box.checked ? this.#contacts.add(this.#uri, id) : this.#contacts.remove(this.#uri, id)));
        return make("label", { class: "choice" }, box, name);
      });
    const focused = $("group-choices").contains(document.activeElement) ? document.activeElement.value : null;
    $("group-choices").replaceChildren(...choices);
    if (focused !== null)
      $("group-choices")
        .querySelector(`[value="${CSS.escape(focused)}"]`)
        ?.focus();
  }

  async #addGroup() {
    const name = $("group-name").value.trim();
    if (!name) return $("group-name").focus();
    return this.#do($("group-add"), async () => {
      await this.#contacts.addGroup(name);
      $("group-name").value = "";
    });
  }

  async #do(control, work, done) {
    notify($("person-error"), null);
    await busy(control, async () => {
      try {
        await work();
        if (done) this.#notices.say(done(this.#name));
      } catch (error) {
        notify($("person-error"), inWords(error));
        this.draw();
      }
    });
    if (done && control.hidden) $(control.id === "person-add" ? "person-remove" : "person-add").focus();
  }
}

function addedWords(name) {
  return t`${name} is added to your contacts.`;
}

function removedWords(name) {
  return t`${name} is removed from your contacts.`;
}
