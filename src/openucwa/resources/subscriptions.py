"""Presence subscriptions, their memberships, and the contacts in them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias
from urllib.parse import quote

from openucwa.api.answer import NO_CONTENT, Answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation, Resource
from openucwa.config import Config
from openucwa.model.presence import Membership, Subscription, SubscriptionLimits
from openucwa.model.refusals import (
    CallbackChannelError,
    InvalidExchangeServerVersion,
    ParameterValidationFailure,
    ResourceNotFound,
    TooManySubscriptions,
)
from openucwa.model.scopes import ANY_SCOPE, USER
from openucwa.model.user import user_uri
from openucwa.model.world import World, new_uuid
from openucwa.representation.document import Document, Link
from openucwa.representation.parameters import Parameter
from openucwa.resources.people import contact_href, people_href
from openucwa.resources.rendering.people import subscription_document, subscription_href
from openucwa.store.contract import Subscriptions

#: The members of one of a user's groups (owner, group id). ResourceNotFound: there is no such group.
Members: TypeAlias = Callable[[str, str], Awaitable[Sequence[str]]]

MINUTE = 60_000
MAX_URI = 320

#: UCWA: presenceSubscriptions, POST, Request body; subscribeToGroupPresence, POST: `groupId` in place of `uris`.
SUBSCRIPTION = (
    Parameter("duration", kind="integer", required=True, description="In minutes."),
    Parameter("groupId", max_length=256, description="Group whose members are subscribed to, in place of uris."),
    Parameter("uris", kind="address", many=True, max_length=MAX_URI),
)
#: UCWA: presenceSubscription, POST, Request body.
EXTENSION = (Parameter("duration", kind="integer", required=True, description="In minutes."),)
#: UCWA: presenceSubscriptionMemberships, POST, Request body.
MEMBERS = (
    Parameter("contactUris", kind="address", many=True, required=True, max_length=MAX_URI),
    Parameter("presenceSubscriptionId", required=True, max_length=256),
)
OF_SUBSCRIPTION = Parameter(
    "presenceSubscriptionId", max_length=256, description="Only the contacts of this subscription."
)


class SubscriptionService:
    """The common dependencies of the resources of presence subscriptions: store, time and settings."""

    def __init__(self, subscriptions: Subscriptions, members: Members, world: World, config: Config) -> None:
        self.store = subscriptions
        self._members = members
        self._world = world
        self.longest = config.presence_subscription_max
        self._shortest = config.presence_subscription_min
        self.limits = SubscriptionLimits(
            config.max_presence_subscriptions, config.max_subscription_uris, config.max_subscribed_contacts
        )

    def now(self) -> int:
        """Ms since 1970."""
        return self._world.now()

    def duration(self, values: dict[str, Any]) -> int:
        """The requested duration, in ms. ParameterValidationFailure: it is too short or too long."""
        minutes: int = values["duration"]
        if not self._shortest <= minutes <= self.longest:
            raise ParameterValidationFailure({"duration": f"must be {self._shortest} to {self.longest} minutes"})
        return MINUTE * minutes

    async def subscribe(self, call: Call[Any]) -> Subscription:
        """A new subscription, of contacts or of a group."""
        values, application = call.values, call.session.application
        duration = self.duration(values)
        group: str | None = values.get("groupId") or None
        if group is not None:
            uris = await self._members(application.owner, group)
        elif "uris" in values:
            uris = [user_uri(uri) for uri in values["uris"]]
        else:
            raise ParameterValidationFailure({"uris": "is required"})
        name = new_uuid(self._world) if group is None else group
        now = self.now()
        draft = Subscription(application.owner, application.id, name, group is not None, now + duration)
        await self.store.add(draft, uris, self.limits, now)
        return draft

    async def memberships(self, call: Context, subscription: str | None = None) -> Sequence[Membership]:
        """Those of the application, or of one of its subscriptions. ResourceNotFound."""
        application = call.session.application
        if subscription is not None:
            await self.store.get(application.owner, application.id, subscription, self.now())
        found = await self.store.memberships(application.owner, application.id, self.now())
        return [each for each in found if subscription in {None, each.subscription}]


def membership_href(call: Context, membership: Membership) -> str:
    """The href of a presenceSubscriptionMembership."""
    address = contact_href(call, membership.uri).rpartition("/")[2]
    subscription = quote(membership.subscription, safe="@")
    return f"{people_href(call)}/presenceSubscriptionMemberships/{subscription},{address}"


def membership_document(call: Context, membership: Membership) -> Document:
    """UCWA: presenceSubscriptionMembership."""
    return Document(
        rel="presenceSubscriptionMembership",
        href=membership_href(call, membership),
        links={
            "contact": Link(contact_href(call, membership.uri)),
            "presenceSubscription": Link(subscription_href(call, membership.subscription)),
        },
    )


class PresenceSubscriptions(Resource[None]):
    """UCWA: presenceSubscriptions; subscribeToGroupPresence."""

    rel = "presenceSubscriptions"
    scopes = ANY_SCOPE
    anonymous = False

    def __init__(self, service: SubscriptionService) -> None:
        self._service = service

    @Operation("The presence subscriptions of the application.", refuses=(InvalidExchangeServerVersion,))
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: presenceSubscriptions, GET."""
        application = call.session.application
        found = await self._service.store.all(application.owner, application.id, self._service.now())
        return Answer(
            Document(
                rel=self.rel,
                href=f"{people_href(call)}/{self.rel}",
                embedded={
                    "presenceSubscription": [
                        subscription_document(call, each.id, of_group=each.of_group) for each in found
                    ]
                },
            )
        )

    @Operation(
        "Subscribes to the presence of users, or of a group.",
        answers=(201,),
        takes=SUBSCRIPTION,
        refuses=(CallbackChannelError, TooManySubscriptions),
    )
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: presenceSubscriptions, POST; subscribeToGroupPresence, POST."""
        made = await self._service.subscribe(call)
        document = subscription_document(call, made.id, of_group=made.of_group)
        return Answer(document, 201, location=document.href)


class PresenceSubscription(Resource[Subscription]):
    """UCWA: presenceSubscription."""

    rel = "presenceSubscription"
    scopes = frozenset({USER})
    anonymous = False

    def __init__(self, service: SubscriptionService) -> None:
        self._service = service

    async def locate(self, call: Context, subscription: str = "", **_names: str) -> Subscription:
        application = call.session.application
        return await self._service.store.get(application.owner, application.id, subscription, self._service.now())

    @Operation("One presence subscription.", refuses=(InvalidExchangeServerVersion,))
    async def get(self, call: Call[Subscription]) -> Answer:
        """UCWA: presenceSubscription, GET."""
        return Answer(subscription_document(call, call.target.id, of_group=call.target.of_group))

    @Operation("Extends the presence subscription.", takes=EXTENSION, refuses=(CallbackChannelError,))
    async def post(self, call: Call[Subscription]) -> Answer:
        """UCWA: presenceSubscription, POST; Extend a presence subscription."""
        own = call.target
        await self._service.store.extend(
            own.owner,
            own.application_id,
            own.id,
            self._service.duration(call.values),
            MINUTE * self._service.longest,
            self._service.now(),
        )
        return Answer(subscription_document(call, own.id, of_group=own.of_group))

    @Operation("Ends the presence subscription.", answers=(204,), produces=())
    async def delete(self, call: Call[Subscription]) -> Answer:
        """UCWA: presenceSubscription, DELETE."""
        own = call.target
        await self._service.store.remove(own.owner, own.application_id, own.id, self._service.now())
        return NO_CONTENT


class PresenceSubscriptionMemberships(Resource[None]):
    """UCWA: presenceSubscriptionMemberships; memberships and addToPresenceSubscription of one subscription."""

    rel = "presenceSubscriptionMemberships"
    scopes = ANY_SCOPE
    anonymous = False

    def __init__(self, service: SubscriptionService) -> None:
        self._service = service

    @Operation(
        "The contacts in presence subscriptions.", query=(OF_SUBSCRIPTION,), refuses=(InvalidExchangeServerVersion,)
    )
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: presenceSubscriptionMemberships, GET; memberships, GET."""
        return Answer(await self._document(call, call.values.get("presenceSubscriptionId")))

    @Operation(
        "Adds contacts to a presence subscription.",
        answers=(201,),
        takes=MEMBERS,
        refuses=(CallbackChannelError, TooManySubscriptions),
    )
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: presenceSubscriptionMemberships, POST; memberships, POST; addToPresenceSubscription, POST."""
        application, subscription = call.session.application, call.values["presenceSubscriptionId"]
        uris = [user_uri(uri) for uri in call.values["contactUris"]]
        service = self._service
        await service.store.add_members(
            application.owner, application.id, subscription, uris, service.limits, service.now()
        )
        document = await self._document(call, subscription)
        return Answer(document, 201, location=document.href)

    async def _document(self, call: Context, subscription: str | None) -> Document:
        found = await self._service.memberships(call, subscription)
        query = "" if subscription is None else f"?presenceSubscriptionId={quote(subscription, safe='@')}"
        return Document(
            rel=self.rel,
            href=f"{people_href(call)}/{self.rel}{query}",
            embedded={"presenceSubscriptionMembership": [membership_document(call, each) for each in found]},
        )


class PresenceSubscriptionMembership(Resource[Membership]):
    """UCWA: presenceSubscriptionMembership. Its href ends in the subscription's id, a comma, and the address."""

    rel = "presenceSubscriptionMembership"
    scopes = ANY_SCOPE
    anonymous = False

    def __init__(self, service: SubscriptionService) -> None:
        self._service = service

    async def locate(self, call: Context, subscribed: str = "", **_names: str) -> Membership:
        subscription, _, address = subscribed.rpartition(",")
        wanted = Membership(subscription, f"sip:{address.lower()}")
        if wanted not in await self._service.memberships(call):
            raise ResourceNotFound("the contact is not in that presence subscription")
        return wanted

    @Operation("A contact in a presence subscription.", refuses=(InvalidExchangeServerVersion,))
    async def get(self, call: Call[Membership]) -> Answer:
        """UCWA: presenceSubscriptionMembership, GET."""
        return Answer(membership_document(call, call.target))

    @Operation("Removes the contact from the presence subscription.", answers=(204,), produces=())
    async def delete(self, call: Call[Membership]) -> Answer:
        """UCWA: presenceSubscriptionMembership, DELETE."""
        application = call.session.application
        await self._service.store.remove_member(application.owner, application.id, call.target, self._service.now())
        return NO_CONTENT


class SubscribedContacts(Resource[None]):
    """UCWA: subscribedContacts."""

    rel = "subscribedContacts"
    scopes = ANY_SCOPE
    anonymous = False

    def __init__(self, service: SubscriptionService) -> None:
        self._service = service

    @Operation("The contacts that the application subscribes to.", refuses=(InvalidExchangeServerVersion,))
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: subscribedContacts, GET."""
        uris = sorted({each.uri for each in await self._service.memberships(call)})
        return Answer(
            Document(
                rel=self.rel,
                href=f"{people_href(call)}/{self.rel}",
                links={"contact": [Link(contact_href(call, uri)) for uri in uris]},
            )
        )
