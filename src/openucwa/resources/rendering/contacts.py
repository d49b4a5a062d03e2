"""Documents of contacts and groups as one user sees them; for resources and events."""

import hashlib
from urllib.parse import quote

import msgspec

from openucwa.api.call import Context
from openucwa.api.pass_through import PASS_THROUGH_VALUE, pass_through_name
from openucwa.model.contact import Group, GroupKind, Membership, Person
from openucwa.model.privacy import PrivacyLevel, sees
from openucwa.people.privacy import Privacy
from openucwa.representation.document import Document, Link, Property
from openucwa.resources.people import contact_href, people_href
from openucwa.resources.rendering.details import visible_details
from openucwa.resources.rendering.photos import photo_href

#: What a contact links to, and the last segments of the hrefs.
LINKS = {
    "contactLocation": "location",
    "contactNote": "note",
    "contactPresence": "presence",
    "contactPrivacyRelationship": "privacyRelationship",
    "contactSupportedModalities": "supportedMedia",
}

_encode = msgspec.json.Encoder(order="sorted").encode


def groups_href(call: Context) -> str:
    """The href of myGroups."""
    return f"{people_href(call)}/groups"


def group_href(call: Context, group_id: str) -> str:
    """The href of a group."""
    return f"{groups_href(call)}/{quote(group_id, safe='@')}"


def contacts_href(call: Context, group_id: str | None = None) -> str:
    """The href of myContacts, or of a group's contacts."""
    href = f"{people_href(call)}/contacts"
    return href if group_id is None else f"{href}?groupId={quote(group_id, safe='@')}"


def memberships_href(call: Context) -> str:
    """The href of myGroupMemberships."""
    return f"{people_href(call)}/groupMemberships"


def relationship_href(call: Context, uri: str) -> str:
    """The href of contactPrivacyRelationship."""
    return f"{contact_href(call, uri)}/privacyRelationship"


class ContactRenderer:
    """Renders people for the user who is signed in, with what they let that user see."""

    def __init__(self, privacy: Privacy) -> None:
        self._privacy = privacy

    def contact(self, call: Context, person: Person) -> Document:
        """UCWA: contact."""
        viewer = call.session.application.owner
        user = person.user
        shared = self._privacy.default(user.uri, viewer) == PrivacyLevel.COLLEAGUES
        properties: dict[str, Property] = {}
        if user.email is not None:
            properties["emailAddresses"] = [user.email]
        properties |= visible_details(user, sees(self._privacy.of_person(person, viewer)))
        properties |= {
            "name": user.name,
            "sourceNetwork": "SameEnterprise" if shared else "Federated",
            "type": "User",
            "uri": user.uri,
        }
        properties = dict(sorted(properties.items()))
        return Document(
            rel="contact",
            href=contact_href(call, user.uri),
            properties=properties,
            links=_links(call, user.uri),
            tail={"etag": _etag(properties)},
        )

    def group(self, call: Context, group: Group) -> Document:
        """UCWA: group, and the groups that everybody has; distributionGroup without its members."""
        href = group_href(call, group.id)
        subscribe = Link(f"{people_href(call)}/presenceSubscriptions?groupId={quote(group.id, safe='@')}")
        properties: dict[str, Property] = {}
        tail: dict[str, Property] = {}
        if group.kind == GroupKind.DISTRIBUTION_GROUP:
            properties["uri"] = f"sip:{group.id}"
            links = {
                "addToContactList": Link(f"{groups_href(call)}/addToContactList"),
                "expandDistributionGroup": Link(f"{href}/expandDistributionGroup"),
                "removeFromContactList": Link(f"{groups_href(call)}/removeFromContactList"),
                "subscribeToGroupPresence": subscribe,
            }
        else:
            links = {
                "groupContacts": Link(contacts_href(call, group.id)),
                "subscribeToGroupPresence": subscribe,
            }
        if group.kind == GroupKind.GROUP:
            tail = {pass_through_name(GroupKind.GROUP): PASS_THROUGH_VALUE, "etag": group.etag}
        properties |= {"id": group.id, "name": group.name}
        return Document(rel=group.kind, href=href, properties=properties, links=links, tail=tail)

    def membership(self, call: Context, membership: Membership, kind: GroupKind) -> Document:
        """UCWA: myGroupMembership."""
        links = {
            "contact": Link(contact_href(call, membership.uri)),
            kind.value: Link(group_href(call, membership.group_id), revision=2 if kind == GroupKind.GROUP else None),
        }
        return Document(rel="myGroupMembership", href=membership_href(call, membership), links=links)


def membership_href(call: Context, membership: Membership) -> str:
    """The href of myGroupMembership: its id is the group's and the contact's address."""
    address = membership.uri.removeprefix("sip:")
    return f"{memberships_href(call)}/{quote(f'{membership.group_id},{address}', safe='@,')}"


def _links(call: Context, uri: str) -> dict[str, Link]:
    if call.session.application.anonymous:
        return {}
    href = contact_href(call, uri)
    links = {
        rel: Link(f"{href}/{segment}", revision=2 if rel == "contactPrivacyRelationship" else None)
        for rel, segment in LINKS.items()
    }
    return dict(sorted({**links, "contactPhoto": Link(photo_href(call, uri))}.items()))


def _etag(properties: dict[str, Property]) -> str:
    """A number that differs for other properties: nothing else of a contact changes."""
    digest = hashlib.blake2b(_encode(properties), digest_size=8).digest()
    return str(int.from_bytes(digest) >> 2)
