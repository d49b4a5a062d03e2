"""contactPresence, contactNote, contactLocation and contactSupportedModalities: what others see of a user."""

from openucwa.api.answer import Answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation, Resource
from openucwa.model.presence import LOCATION, MODALITIES, NOTE, PRESENCE, Presence
from openucwa.model.privacy import sees
from openucwa.model.refusals import InvalidExchangeServerVersion, ResourceNotFound
from openucwa.model.scopes import CONTACTS
from openucwa.people.privacy import Privacy
from openucwa.resources.rendering.people import contact_document, seen
from openucwa.store.contract import Store

#: The resources by the last segment of their href: rel, and what they show.
RESOURCES = {
    "presence": ("contactPresence", PRESENCE),
    "note": ("contactNote", NOTE),
    "location": ("contactLocation", LOCATION),
    "supportedMedia": ("contactSupportedModalities", MODALITIES),
}


class ContactResource(Resource[Presence]):
    """One of the resources below a contact. What the caller may not see is shown as absent."""

    scopes = frozenset({CONTACTS})
    anonymous = False

    def __init__(self, segment: str, store: Store, privacy: Privacy) -> None:
        self.rel, self._what = RESOURCES[segment]
        self._store = store
        self._privacy = privacy

    async def locate(self, call: Context, address: str = "", **_names: str) -> Presence:
        uri, viewer = f"sip:{address.lower()}", call.session.application.owner
        person = await self._store.contacts.find(viewer, uri)
        if person is None:
            raise ResourceNotFound("no such contact")
        return seen(await self._store.presence.get(uri), sees(self._privacy.of_person(person, viewer)))

    @Operation("The {rel} of a user of this server.", refuses=(InvalidExchangeServerVersion,))
    async def get(self, call: Call[Presence]) -> Answer:
        """UCWA: contactPresence, GET; contactNote, GET; contactLocation, GET; contactSupportedModalities, GET."""
        return Answer(contact_document(call, self._what, call.target))
