"""people: links to contacts, groups and presence."""

from urllib.parse import quote

from openucwa.api.answer import Answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation, Resource
from openucwa.model.refusals import InvalidExchangeServerVersion
from openucwa.model.scopes import CONTACTS
from openucwa.representation.document import Document, Link

_CONTACT_SCOPES = frozenset({CONTACTS})


#: The linked resources, and the last segments of their hrefs.
LINKED = {
    "myContactsAndGroupsSubscription": "contactsAndGroupsSubscription",
    "myContacts": "contacts",
    "myGroupMemberships": "groupMemberships",
    "myGroups": "groups",
    "myPrivacyRelationships": "privacyRelationships",
    "presenceSubscriptionMemberships": "presenceSubscriptionMemberships",
    "presenceSubscriptions": "presenceSubscriptions",
    "search": "search",
    "subscribedContacts": "subscribedContacts",
}
#: Those of which there is a second version.
_SECOND = frozenset({"myGroupMemberships", "myGroups", "search"})


def people_href(call: Context) -> str:
    """The href of people."""
    return f"{call.application}/people"


def contact_href(call: Context, uri: str) -> str:
    """The href of a user of this server, as a contact."""
    return f"{people_href(call)}/{quote(uri.removeprefix('sip:'), safe='@')}"


class People(Resource[None]):
    """UCWA: people."""

    rel = "people"
    scopes = _CONTACT_SCOPES

    def document(self, call: Context) -> Document:
        """The resource, for the caller's application."""
        href = people_href(call)
        # Anonymous users have no contacts, and follow nobody.
        linked = () if call.session.application.anonymous else LINKED
        links = {name: Link(f"{href}/{LINKED[name]}", revision=2 if name in _SECOND else None) for name in linked}
        return Document(rel=self.rel, href=href, links=links)

    @Operation("Links to contacts, groups and presence.", refuses=(InvalidExchangeServerVersion,))
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: people, GET."""
        return Answer(self.document(call))
