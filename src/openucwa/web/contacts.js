// The contacts and groups of the signed-in user, kept current by the events of the channel, and the search for people.

import { t } from "./texts.js";
import { embeddedIn, linkOf } from "./ucwa.js";

const MINUTES = 30;
const MAX_FOUND = 20;
const NAMES = { defaultGroup: t`Contacts`, pinnedGroup: t`Favourites`, myOrganizationGroup: t`Your organization` };

export class Contacts {
  people = new Map(); // by URI: UCWA's contact
  groups = []; // [{id, name, uris}], those that have members or were made by the user
  loaded = false;
  #client;
  #session;
  #changed;
  #memberships = []; // UCWA's
  #reading = null; // {again}, while they are read

  // changed(): the contacts or the groups are others than before.
  constructor(client, session, changed) {
    this.#client = client;
    this.#session = session;
    this.#changed = changed;
  }

  // Reads them, and asks for the events about them. Rejects where that does not work.
  async start() {
    await this.#subscribe();
    await this.read();
  }

  take({ type, link, sender }) {
    if (sender.rel !== "people") return;
    if (link.rel === "myContactsAndGroupsSubscription" && type === "updated") this.#subscribe().catch(() => {});
    else if (link.rel === "contact" || /group/i.test(link.rel)) this.read().catch(() => {});
  }

  // Reads them again. If called meanwhile, it reads once more.
  async read() {
    if (this.#reading) {
      this.#reading.again = true;
      return;
    }
    this.#reading = { again: false };
    try {
      do {
        this.#reading.again = false;
        await this.#session.run((application) => this.#read(application));
      } while (this.#reading.again);
    } finally {
      this.#reading = null;
    }
    this.loaded = true;
    this.#changed();
  }

  // Somebody by the URI, in the contacts or not; null: nobody is found.
  async find(uri) {
    const known = this.people.get(uri.toLowerCase());
    if (known) return known;
    const { people } = await this.search(uri.replace(/^sip:/i, ""));
    return people.find((each) => each.uri.toLowerCase() === uri.toLowerCase()) ?? null;
  }

  // {people, more}: those whom the server finds, and whether there are more.
  search(words) {
    return this.#session.run(async (application) => {
      const query = new URLSearchParams({ query: words, limit: MAX_FOUND });
      const { resource } = await this.#client.get(`${linkOf(peopleOf(application), "search")}?${query}`);
      return { people: embeddedIn(resource, "contact"), more: resource.moreResultsAvailable };
    });
  }

  has(uri) {
    return this.people.has(uri.toLowerCase());
  }

  // The ids of the groups that somebody is in.
  groupsOf(uri) {
    return this.groups.filter(({ uris }) => uris.includes(uri.toLowerCase())).map(({ id }) => id);
  }

  async add(uri, groupId = undefined) {
    await this.#session.run((application) =>
      this.#client.post(linkOf(peopleOf(application), "myGroupMemberships"), { contactUri: uri, groupId }),
    );
    await this.read();
  }

  // Takes somebody out of all groups, and so out of the contacts; with `groupId` out of that one.
  async remove(uri, groupId = undefined) {
    await this.read();
    const href = linkOf(this.people.get(uri.toLowerCase()), "self");
    const group = this.groups.find(({ id }) => id === groupId);
    for (const each of this.#memberships) {
      const inGroup = group === undefined || Object.keys(each._links).some((rel) => linkOf(each, rel) === group.href);
      if (linkOf(each, "contact") === href && inGroup) await this.#client.delete(linkOf(each, "self"));
    }
    await this.read();
  }

  async addGroup(name) {
    await this.#session.run((application) =>
      this.#client.post(linkOf(peopleOf(application), "myGroups"), { displayName: name }),
    );
    await this.read();
  }

  async #subscribe() {
    await this.#session.run(async (application) => {
      const { resource } = await this.#client.get(linkOf(peopleOf(application), "myContactsAndGroupsSubscription"));
      const href = linkOf(resource, "startOrRefreshSubscriptionToContactsAndGroups");
      await this.#client.post(href, { duration: MINUTES });
    });
  }

  async #read(application) {
    const rels = ["myContacts", "myGroups", "myGroupMemberships"];
    const reads = rels.map((rel) => this.#client.get(linkOf(peopleOf(application), rel)));
    const [contacts, groups, memberships] = (await Promise.all(reads)).map(({ resource }) => resource);
    const found = embeddedIn(contacts, "contact");
    this.people = new Map(found.map((each) => [each.uri.toLowerCase(), each]));
    this.#memberships = embeddedIn(memberships, "myGroupMembership");
    const uris = new Map(found.map((each) => [linkOf(each, "self"), each.uri.toLowerCase()]));
    const all = ["pinnedGroup", "defaultGroup", "group"].flatMap((rel) => embeddedIn(groups, rel));
    this.groups = all.map((group) => ({
      id: group.id,
      name: NAMES[group.id] ?? group.name,
      href: linkOf(group, "self"),
      uris: this.#memberships
        .filter((each) => linkOf(each, group.rel) === linkOf(group, "self"))
        .map((each) => uris.get(linkOf(each, "contact")))
        .filter((uri) => uri !== undefined),
    }));
  }
}

function peopleOf(application) {
  return embeddedIn(application, "people")[0];
}
