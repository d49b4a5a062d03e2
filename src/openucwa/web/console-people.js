// People in the console: contacts by groups, the search, and the conversations that are on.

import { PersonPage } from "./console-person.js";
import { Contacts } from "./contacts.js";
import { $, keep, make, notify } from "./elements.js";
import { personLine } from "./person-line.js";
import { withoutScheme } from "./sip.js";
import { t } from "./texts.js";
import { linkOf } from "./ucwa.js";
import { inWords } from "./words.js";

const PEOPLE = "#people";
const TYPING = 250; // ms without a keystroke after which a search begins
const PART = "contacts";

export class PeopleSection {
  list = "people";
  #presence;
  #talks;
  #notices;
  #contacts;
  #page;
  #shown = null; // the URI of the person whose page is shown; null: none
  #found = null; // {people, more}; null: nothing is searched for
  #asked = ""; // what is searched for
  #timer = null;

  // `talks`: Talks; `presence`: a PresenceWatch.
  constructor(client, session, notices, { talks, presence, me }) {
    this.#notices = notices;
    this.#presence = presence;
    this.#talks = talks;
    this.#contacts = new Contacts(client, session, () => this.#changed());
    this.#page = new PersonPage({ contacts: this.#contacts, talks, presence, notices, me, read: () => this.#draw() });
    $("find").value = "";
    $("find").oninput = () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#search(), TYPING);
    };
    $("find").onkeydown = (event) => {
      if (event.key !== "Escape" || !$("find").value) return;
      event.preventDefault();
      $("find").value = "";
      this.#search();
    };
    this.#draw();
  }

  async start() {
    try {
      await this.#contacts.start();
      notify($("contacts-error"), null);
    } catch (error) {
      notify($("contacts-error"), t`Contacts can’t be shown. ${inWords(error)}`);
    }
  }

  owns(hash) {
    return hash === PEOPLE || hash.startsWith(`${PEOPLE}/`);
  }

  get editing() {
    return false;
  }

  async show(hash, isCurrent) {
    this.#shown = hash === PEOPLE ? null : uriOf(hash);
    this.#draw();
    if (this.#shown === null) {
      $("nothing-title").textContent = t`Choose a person`;
      $("nothing-words").textContent =
        t`Or find people by name, to see whether they are available and to talk to them.`;
      $("nothing").hidden = false;
      this.#notices.title = t`People`;
      return false;
    }
    await this.#page.show(this.#shown, isCurrent);
    return true;
  }

  hide() {
    this.#shown = null;
    this.#page.hide();
    $("nothing").hidden = true;
    this.#draw();
  }

  close() {
    clearTimeout(this.#timer);
    this.#page.hide();
  }

  take(event) {
    this.#contacts.take(event);
  }

  // The page is visible again.
  markRead() {
    this.#page.markRead();
  }

  // A presence is known, or has changed.
  drawPresence() {
    this.#draw();
    this.#page.drawPresence();
  }

  // Something is different in a conversation. `talk`: null: it is about no particular one.
  talkChanged(talk, part) {
    this.#page.talkChanged(talk, part);
    this.#draw();
  }

  #changed() {
    this.#watch();
    this.#draw();
    this.#page.draw();
  }

  #watch() {
    const found = (this.#found?.people ?? []).map(({ uri }) => uri);
    this.#presence.watch(PART, [...this.#contacts.people.keys(), ...found]);
  }

  async #search() {
    const words = $("find").value.trim();
    this.#asked = words;
    if (words === "") this.#found = null;
    else {
      try {
        const found = await this.#contacts.search(words);
        if (this.#asked !== words) return;
        this.#found = found;
        notify($("contacts-error"), null);
      } catch (error) {
        if (this.#asked === words) notify($("contacts-error"), inWords(error));
      }
    }
    this.#watch();
    this.#draw();
  }

  #draw() {
    const found = this.#found;
    $("found").hidden = found === null;
    $("book").hidden = found !== null;
    if (found !== null) {
      this.#drawList($("found-list"), found.people);
      const count = found.people.length;
      const more = found.more ? t`There are more; type more of the name.` : "";
      $("found-words").textContent = count ? `${t`${count} found.`} ${more}` : t`No one was found.`;
    }
    this.#drawTalks();
    this.#drawGroups();
  }

  #drawTalks() {
    const talks = [...this.#talks.all.values()].filter((talk) => talk.isOn);
    $("talks").hidden = talks.length === 0;
    const draw = (talk, drawn) => {
      const last = talk.conversation.messages.at(-1);
      const words = last ? lastWords(last) : talkWords(talk);
      const [other] = [...talk.conversation.people.values()].filter(({ uri }) => uri === talk.uri);
      const photo = linkOf(other, "contactPhoto");
      return this.#line({ uri: talk.uri, name: talk.name }, drawn, { words, photo, count: talk.unread });
    };
    keep($("talk-list"), talks, ({ key }) => key, draw, $("contacts-title"));
    const unread = talks.reduce((sum, talk) => sum + talk.unread, 0);
    $("people-unread").textContent = unread ? t`${unread} new` : "";
  }

  #drawGroups() {
    const { groups, people, loaded } = this.#contacts;
    const shown = groups.filter(({ uris }) => uris.length > 0);
    const draw = (group, drawn) => {
      const part = drawn ?? make("div", { class: "group" }, make("h3"), make("ul", { class: "meetings" }));
      const [title, list] = part.children;
      title.textContent = group.name;
      list.setAttribute("aria-label", group.name);
      const members = group.uris.map((uri) => people.get(uri)).filter(Boolean);
      this.#drawList(list, members.sort(byName));
      return part;
    };
    keep($("groups"), shown, ({ id }) => id, draw, $("contacts-title"));
    $("no-contacts").hidden = !loaded || people.size > 0;
  }

  #drawList(list, people) {
    keep(
      list,
      people,
      ({ uri }) => uri,
      (contact, drawn) => this.#line(contact, drawn),
      $("contacts-title"),
    );
  }

  #line(contact, drawn, more = {}) {
    const { uri } = contact;
    const known = this.#contacts.people.get(uri.toLowerCase()) ?? contact;
    return personLine(
      {
        href: hashOf(uri),
        name: known.name || withoutScheme(uri),
        photo: linkOf(known, "contactPhoto"),
        presence: this.#presence.of(uri),
        current: this.#shown?.toLowerCase() === uri.toLowerCase(),
        ...more,
      },
      drawn,
    );
  }
}

// The address of a person's page.
export function hashOf(uri) {
  return `${PEOPLE}/${encodeURIComponent(withoutScheme(uri)).replaceAll("%40", "@")}`;
}

function uriOf(hash) {
  try {
    return `sip:${decodeURIComponent(hash.slice(PEOPLE.length + 1))}`;
  } catch {
    return `sip:${hash.slice(PEOPLE.length + 1)}`;
  }
}

function lastWords({ mine, text }) {
  return mine ? t`You: ${text}` : text;
}

function talkWords({ conversation }) {
  return conversation.stage === "inside" ? t`No messages yet` : t`Not answered yet`;
}

function byName(one, other) {
  return one.name.localeCompare(other.name);
}
