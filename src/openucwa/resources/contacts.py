"""Contacts of the signed-in user, and the subscription to contacts and groups."""

from openucwa.api.answer import NO_CONTENT, Answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation, Resource
from openucwa.model.contact import ContactsSubscription, Person
from openucwa.model.refusals import InvalidExchangeServerVersion, ResourceNotFound, TooManyContacts
from openucwa.model.scopes import ANY_SCOPE, CONTACTS
from openucwa.model.world import World
from openucwa.people.address_book import AddressBook
from openucwa.representation.document import Document, Link
from openucwa.representation.parameters import Parameter
from openucwa.resources.people import contact_href, people_href
from openucwa.resources.rendering.contacts import ContactRenderer, contacts_href
from openucwa.store import contract
from openucwa.store.contract import Store

CONTACT_SCOPES = frozenset({CONTACTS})

#: UCWA: myContacts and groupContacts, GET, Query parameters.
CONTACTS_QUERY = (
    Parameter("expand", kind="boolean", description="Whether contacts are embedded; otherwise only linked."),
    Parameter("groupId", max_length=256, description="The group whose contacts are shown."),
)
#: UCWA: startOrRefreshSubscriptionToContactsAndGroups, POST. In minutes.
DURATION = (Parameter("duration", kind="integer", required=True, minimum=10, maximum=60),)
#: The longest remaining time of a subscription that is refreshed, in ms (UCWA, the same page).
LONGEST = 30 * 60_000

_READ = (InvalidExchangeServerVersion,)


class Contact(Resource[Document]):
    """UCWA: contact. A user of this server, or a contact of the caller's, as they let the caller see them.

    Anonymous users see only those they meet.
    """

    rel = "contact"
    scopes = CONTACT_SCOPES
    conditional = True

    def __init__(self, store: Store, book: AddressBook, documents: ContactRenderer) -> None:
        self._store = store
        self._book = book
        self._documents = documents

    async def locate(self, call: Context, address: str = "", **_names: str) -> Document:
        return self._documents.contact(call, await find_person(self._store, self._book, call, address))

    def etag(self, call: Context, target: Document) -> str:
        return str(target.tail["etag"])

    @Operation("A person.", refuses=_READ)
    async def get(self, call: Call[Document]) -> Answer:
        """UCWA: contact, GET."""
        return Answer(call.target, etag=call.etag)


async def find_person(store: Store, book: AddressBook, call: Context, address: str) -> Person:
    """The person with this address. ResourceNotFound: there is nobody, or nobody whom the caller may see."""
    application = call.session.application
    uri = f"sip:{address}".lower()
    if application.anonymous:
        person = await store.contacts.find(application.owner, uri)
        if person is not None and await _meets(store, call, person):
            return person
    elif (person := await book.person(application.owner, uri)) is not None:
        return person
    raise ResourceNotFound("no such contact")


async def _meets(store: Store, call: Context, person: Person) -> bool:
    """Whether an anonymous caller is in a meeting with this user."""
    application = call.session.application
    for own in await store.conversations.all(application.owner, application.id):
        if own.in_lobby:
            continue
        present = await store.conversations.participants(own.organizer, own.meeting_id)
        if person.user.uri in {own.organizer, *(each.uri for each in present)}:
            return True
    return False


class MyContacts(Resource[None]):
    """UCWA: myContacts; with `groupId`, groupContacts."""

    rel = "myContacts"
    scopes = ANY_SCOPE
    anonymous = False

    def __init__(self, book: AddressBook, documents: ContactRenderer) -> None:
        self._book = book
        self._documents = documents

    @Operation("The user's contacts, or those of one group.", query=CONTACTS_QUERY, refuses=(TooManyContacts, *_READ))
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: myContacts, GET; groupContacts, GET. The contacts of a distribution group are its members."""
        group_id = call.values.get("groupId")
        owner = call.session.application.owner
        people = await self._book.contacts(owner, group_id)
        embedded = {}
        if call.values.get("expand", True):
            embedded["contact"] = [self._documents.contact(call, person) for person in people]
        return Answer(
            Document(
                rel="myContacts" if group_id is None else "groupContacts",
                href=contacts_href(call, group_id),
                links={"contact": [Link(contact_href(call, person.user.uri)) for person in people]},
                embedded=embedded,
            )
        )


class MyContactsAndGroupsSubscription(Resource[None]):
    """UCWA: myContactsAndGroupsSubscription. Whether the application gets events about contacts and groups."""

    rel = "myContactsAndGroupsSubscription"
    scopes = CONTACT_SCOPES
    anonymous = False

    def __init__(self, contacts: contract.Contacts, world: World) -> None:
        self._contacts = contacts
        self._world = world

    @Operation("The application's subscription to the user's contacts and groups.", refuses=_READ)
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: myContactsAndGroupsSubscription, GET."""
        application = call.session.application
        found = await self._contacts.subscription(application.owner, application.id)
        return Answer(subscription_document(call, found, self._world.now()))


class StartOrRefreshSubscription(Resource[None]):
    """UCWA: startOrRefreshSubscriptionToContactsAndGroups."""

    rel = "startOrRefreshSubscriptionToContactsAndGroups"
    scopes = CONTACT_SCOPES
    anonymous = False

    def __init__(self, contacts: contract.Contacts, world: World) -> None:
        self._contacts = contacts
        self._world = world

    @Operation(
        "Subscribes to the user's contacts and groups, or extends the subscription.", answers=(201,), takes=DURATION
    )
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: startOrRefreshSubscriptionToContactsAndGroups, POST."""
        application = call.session.application
        now = self._world.now()
        duration = 60_000 * call.values["duration"]
        found, _ = await self._contacts.subscribe(application.owner, application.id, duration, LONGEST, now)
        document = subscription_document(call, found, now)
        return Answer(document, 201, location=document.href)


class StopSubscription(Resource[None]):
    """UCWA: stopSubscriptionToContactsAndGroups."""

    rel = "stopSubscriptionToContactsAndGroups"
    scopes = CONTACT_SCOPES
    anonymous = False

    def __init__(self, contacts: contract.Contacts) -> None:
        self._contacts = contacts

    @Operation("Ends the subscription to the user's contacts and groups.", answers=(204,), produces=())
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: stopSubscriptionToContactsAndGroups, POST."""
        application = call.session.application
        await self._contacts.unsubscribe(application.owner, application.id)
        return NO_CONTENT


def subscription_document(call: Context, subscription: ContactsSubscription | None, now: int) -> Document:
    """UCWA: myContactsAndGroupsSubscription."""
    href = f"{people_href(call)}/contactsAndGroupsSubscription"
    subscribed = subscription is not None and subscription.expires > now
    operations = ("startOrRefreshSubscriptionToContactsAndGroups", "stopSubscriptionToContactsAndGroups")
    return Document(
        rel="myContactsAndGroupsSubscription",
        href=href,
        properties={"state": "Connected" if subscribed else "Disconnected"},
        links={name: Link(f"{href}/{name}") for name in operations},
    )
