"""The composition root: every object is made here and handed on by constructor; all routes stand on one page."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import falcon
import falcon.asgi

from openucwa.channel.activity import Activity
from openucwa.channel.bus import Bus
from openucwa.channel.local import LocalBus, Relay
from openucwa.channel.poll import EventChannels
from openucwa.channel.sweeper import Sweeper
from openucwa.channel.typists import Typists
from openucwa.config import Config
from openucwa.identity.keys import SigningKeys
from openucwa.identity.passwords import Passwords
from openucwa.identity.sign_in import SignIn
from openucwa.identity.throttle import Throttle
from openucwa.identity.tickets import Tickets, new_signing_key
from openucwa.meetings.meeting import MeetingRules
from openucwa.meetings.pools import Pools
from openucwa.model.measures import Measures
from openucwa.model.refusals import ClientTimeout, Refusal
from openucwa.model.world import World
from openucwa.resources import (
    conversations,
    discovery,
    invitations,
    me,
    messaging,
    my_online_meetings,
    participants,
    people,
)
from openucwa.resources.applications import Application, ApplicationDocuments, Applications
from openucwa.resources.batch import Batch
from openucwa.resources.calendar import MeetingInvitation
from openucwa.resources.communication import Communication
from openucwa.resources.events import EventChannel
from openucwa.resources.oauth_token import OAuthToken
from openucwa.resources.online_meeting_extensions import OnlineMeetingExtension, OnlineMeetingExtensions
from openucwa.resources.online_meetings import (
    DialIn,
    OnlineMeetingDefaultValues,
    OnlineMeetingEligibleValues,
    OnlineMeetingInvitationCustomization,
    OnlineMeetingPolicies,
    OnlineMeetings,
    PhoneDialInInformation,
)
from openucwa.resources.openapi import OpenApi
from openucwa.resources.pages import Landing, Page
from openucwa.resources.policies import Policies
from openucwa.resources.room import RoomDocuments
from openucwa.resources.static import Static
from openucwa.resources.status import Health, Ready
from openucwa.store.choice import store_of
from openucwa.store.sqlite import SqliteStore
from openucwa.wire.addresses import Addresses
from openucwa.wire.asgi import AsgiApp, Receive, Scope, Send
from openucwa.wire.connection import ClientGone
from openucwa.wire.cors import Cors
from openucwa.wire.door import Door, UnderWay
from openucwa.wire.finishing import Finishing
from openucwa.wire.headers import StandardHeaders
from openucwa.wire.kept import KeptAnswers
from openucwa.wire.media import JsonHandler, XmlHandler
from openucwa.wire.negotiation import JSON, UCWA_JSON, UCWA_XML, XML
from openucwa.wire.nowhere import Nowhere, NowhereInUcwa
from openucwa.wire.readiness import Readiness
from openucwa.wire.refusing import fail, forget, refuse, refuse_http
from openucwa.wire.resource import Request, Resource
from openucwa.wire.router import Router
from openucwa.wire.status import StatusApp
from openucwa.wire.whole_body import WholeBody

if TYPE_CHECKING:
    from openucwa.wire.tracing import Tracing

#: Further spellings of fixed segments that clients use (docs/protocol.md, "Aliases").
ALIASES = {
    "onlineMeetingExtensions": ("extensions",),
    "onlineMeetingDefaultValues": ("defaultValues",),
    "onlineMeetingEligibleValues": ("eligibleValues",),
    "onlineMeetingInvitationCustomization": ("customInvitation",),
    "onlineMeetingPolicies": ("policies",),
    "applications": ("anonApplications",),
    "messages": ("sendMessage",),
    "terminate": ("stopMessaging",),
    "typing": ("setIsTyping",),
}

Routes = Sequence[tuple[str, Resource[Any]]]


class Service:
    """One server: what it serves (`asgi`), and what it keeps it in (`store`).

    `passwords`: what hashes and verifies them, where that is not to be as hard as usual. `relay`: the way to the other
    processes, where this one is one of several workers.
    """

    def __init__(
        self, config: Config, world: World, passwords: Passwords | None = None, relay: Relay | None = None
    ) -> None:
        self.config = config
        self.world = world
        self.measures = Measures()
        self.tracing = self._make_tracing()
        self.store = store_of(config, self.measures)
        if self.tracing is not None:
            self.store = self.tracing.store(self.store)
        self.bus = self._make_bus(relay)
        self.readiness = Readiness(self.store, self.bus, world)
        self.passwords = passwords or Passwords()
        self.tickets = Tickets((new_signing_key(world),), world)
        self.keys = SigningKeys(self.store, self.tickets, config, world, lambda: self.kept.changed(None))
        self.activity = Activity(self.store, world, config)
        self.channels = EventChannels(self.store, self.bus, self.activity, world, config, self.measures)
        self.sweeper = Sweeper(self.store, self.activity, self.channels, world, config)
        self.typists = Typists(self.store, world, config)
        self.addresses = Addresses(config)
        self.under_way = UnderWay(config.max_requests_under_way)
        self.kept = KeptAnswers(self.store, self.activity, world, config.kept_bytes if config.store is None else 0)
        self.routes = self._routes()
        self._falcon = self._make_falcon()
        body = WholeBody(self._run, config.max_body_bytes, config.body_timeout, self._too_slow)
        self.asgi: AsgiApp = StandardHeaders(
            body, self.addresses, Cors(config.allow_origin), self.under_way, self.kept, config, world
        )
        if self.tracing is not None:
            self.asgi = self.tracing.requests(self.asgi)

    def status(self, connections: Callable[[], int]) -> AsgiApp:
        """The application of the status address. `connections`: how many are open."""
        from openucwa.wire.exposition import Exposition  # noqa: PLC0415  # a tenth of a second, as NATS

        exposition = Exposition(self.measures, lambda: self.channels.count, connections)
        return StatusApp(self.readiness, exposition.page)

    async def start(self) -> None:
        """Opens the store, makes the first signing key, and begins to look after what ends by itself.

        A refusal says in a sentence why the server can't start.
        """
        await self.store.open()
        await self.keys.start()
        self.store.announce_by(self.bus)
        self.store.on_commit(self.bus.publish)
        self.store.on_change(self.kept.changed)
        await self.bus.start()
        await self.channels.start()
        await self.activity.start()
        await self.sweeper.start()
        self.readiness.begin()

    async def release(self) -> None:
        """Releases the polls that wait; from now on none waits, and everything else goes on, but no more is wanted."""
        self.readiness.stop()
        await self.channels.stop()

    async def stop(self) -> None:
        """Releases the polls that wait, writes down what is only in memory, and closes the store."""
        self.readiness.stop()
        await self.channels.stop()
        await self.sweeper.stop()
        await self.typists.stop()
        await self.activity.stop()
        await self.keys.stop()
        await self.bus.stop()
        self.passwords.close()
        await self.store.close()
        if self.tracing is not None:
            await self.tracing.stop()

    def _make_tracing(self) -> "Tracing | None":
        if self.config.traces is None:
            return None
        from openucwa.wire.tracing import Tracing  # noqa: PLC0415  # a fifth of a second, as NATS

        return Tracing(self.config.traces)

    def _make_bus(self, relay: Relay | None) -> Bus:
        if self.config.bus is not None:
            from openucwa.channel.nats import NatsBus  # noqa: PLC0415  # a tenth of a second that most can do without

            return NatsBus(self.config.bus, self.world)
        if self.config.store is not None:
            from openucwa.channel.postgres import PostgresBus  # noqa: PLC0415

            return PostgresBus(self.config.store, self.world)
        return LocalBus(self.world, cast("SqliteStore", self.store).moved_elsewhere, relay)

    def _routes(self) -> Routes:
        config, store, world = self.config, self.store, self.world
        pools = Pools(config)
        rules = MeetingRules(config, world)
        self.sign_in = SignIn(
            store,
            self.tickets,
            self.keys,
            self.passwords,
            Throttle(
                config.sign_in_failures,
                config.sign_in_delay,
                config.sign_in_delay_max,
                config.address_failures,
                world,
            ),
            config,
            world,
        )
        online_meetings = OnlineMeetings(store, pools, rules, config)
        contacts = people.People()
        applications = ApplicationDocuments(store, online_meetings, contacts)
        meetings = my_online_meetings.MeetingDocuments(config)
        room = RoomDocuments(meetings)
        shown = (store, room, world)
        entrance = invitations.Entrance(store, world, config)
        frame = discovery.XFrame(config)
        root = discovery.Root()
        user = discovery.User(store, pools)

        app = "/ucwa/v1/applications/{application_id}"
        communication = f"{app}/communication"
        invitation = f"{communication}/invitations/{{invitation}}"
        conversation = f"{communication}/conversations/{{conversation}}"
        participant = f"{conversation}/participants/{{address}}"
        family = f"{app}/onlineMeetings"
        meeting = f"{family}/myOnlineMeetings/{{meeting_id}}"
        routes: list[tuple[str, Resource[Any]]] = [
            ("/", Landing()),
            ("/meet/{organizer}/{meeting_id}", Page("join.html")),
            ("/static/{name}", Static()),
            ("/xframe", frame),
            (discovery.FRAME, frame),
            (discovery.SERVICE, root),
            (f"{discovery.SERVICE}/xframe", frame),
            (f"{discovery.SERVICE}/user", user),
            (f"{discovery.SERVICE}/oauth/user", user),
            ("/WebTicket/oauthtoken", OAuthToken(self.sign_in)),
            ("/ucwa/v1/applications", Applications(store, applications, world, config)),
            (app, Application(store, applications, self.channels, world)),
            (f"{app}/batch", Batch(self._run, self.under_way, world, config)),
            (f"{app}/events", EventChannel(store, self.channels, room)),
            (f"{app}/policies", Policies()),
            (f"{app}/communication", Communication(store, world)),
            (f"{app}/communication/makeMeAvailable", me.MakeMeAvailable(store, world)),
            (f"{communication}/joinOnlineMeeting", invitations.JoinOnlineMeeting(entrance)),
            (f"{communication}/startOnlineMeeting", invitations.StartOnlineMeeting(entrance, store, rules, config)),
            (f"{communication}/invitations", invitations.Invitations()),
            (invitation, invitations.InvitationResource(*shown)),
            (f"{invitation}/accept", invitations.Accept(*shown, entrance)),
            (f"{invitation}/decline", invitations.Decline(*shown)),
            (f"{invitation}/cancel", invitations.Cancel(*shown)),
            (f"{communication}/conversations", conversations.Conversations(store)),
            (conversation, conversations.Conversation(*shown)),
            (f"{conversation}/onlineMeeting", conversations.OnlineMeeting(*shown)),
            (f"{conversation}/onlineMeeting/organizer", conversations.Organizer(*shown)),
            (f"{conversation}/onlineMeeting/onlineMeetingExtensions", conversations.ParticipantExtensions(*shown)),
            (
                f"{conversation}/onlineMeeting/onlineMeetingExtensions/{{extension_id}}",
                conversations.ParticipantExtension(*shown),
            ),
            (f"{conversation}/addParticipant", invitations.AddParticipant(*shown, config)),
            (f"{conversation}/participants", participants.Participants(*shown)),
            (f"{conversation}/leaders", participants.Leaders(*shown)),
            (f"{conversation}/attendees", participants.Attendees(*shown)),
            (f"{conversation}/lobby", participants.Lobby(*shown)),
            (participant, participants.ParticipantResource(*shown)),
            (f"{participant}/participantMessaging", participants.ParticipantMessaging(*shown)),
            (f"{participant}/admit", participants.Admit(*shown)),
            (f"{participant}/reject", participants.Reject(*shown)),
            (f"{participant}/promote", participants.Promote(*shown)),
            (f"{participant}/demote", participants.Demote(*shown)),
            (f"{participant}/eject", participants.Eject(*shown)),
            (f"{conversation}/messaging", messaging.Messaging(*shown)),
            (f"{conversation}/messaging/addMessaging", messaging.AddMessaging(*shown)),
            (f"{conversation}/messaging/terminate", messaging.StopMessaging(*shown)),
            (f"{conversation}/messaging/typing", messaging.SetIsTyping(*shown, self.typists)),
            (f"{conversation}/messaging/typingParticipants", messaging.TypingParticipants(*shown)),
            (f"{conversation}/messaging/messages", messaging.Messages(*shown)),
            (f"{conversation}/messaging/messages/{{message}}", messaging.Message(*shown)),
            (f"{app}/me", me.Me()),
            (f"{app}/me/makeMeAvailable", me.MakeMeAvailable(store, world)),
            (f"{app}/me/reportMyActivity", me.ReportMyActivity()),
            (f"{app}/reportMyActivity", me.ReportMyActivity()),
            (f"{app}/photo", me.Photo()),
            *((f"{app}/me/{rel}", me.Presence(rel)) for rel in me.Presence.SHOWN),
            (f"{app}/people", contacts),
            (f"{app}/people/search", people.Search()),
            (f"{app}/people/presenceSubscriptions", people.PresenceSubscriptions(world)),
            (f"{app}/people/presenceSubscriptions/{{subscription}}", people.PresenceSubscription()),
            (f"{app}/people/{{address}}", people.Contact(store)),
            *(
                (f"{app}/people/{rel}", people.EmptyCollection(rel))
                for rel in people.COLLECTIONS
                if rel != "presenceSubscriptions"
            ),
            (family, online_meetings),
            (f"{family}/onlineMeetingDefaultValues", OnlineMeetingDefaultValues(pools, config)),
            (f"{family}/onlineMeetingEligibleValues", OnlineMeetingEligibleValues(pools, config, store, rules)),
            (f"{family}/onlineMeetingInvitationCustomization", OnlineMeetingInvitationCustomization(pools, config)),
            (f"{family}/onlineMeetingPolicies", OnlineMeetingPolicies(pools, config)),
            (f"{family}/phoneDialInInformation", PhoneDialInInformation(pools, config, store, rules)),
            (f"{family}/phoneDialInInformation/{{region}}", DialIn(pools, config)),
            (
                f"{family}/myOnlineMeetings",
                my_online_meetings.MyOnlineMeetings(store, pools, rules, meetings, config),
            ),
            (meeting, my_online_meetings.MyOnlineMeeting(store, pools, rules, meetings, world)),
            (f"{meeting}/invitation", MeetingInvitation(store, pools, meetings, config, world)),
            (f"{meeting}/onlineMeetingExtensions", OnlineMeetingExtensions(store, pools, world, config)),
            (
                f"{meeting}/onlineMeetingExtensions/{{extension_id}}",
                OnlineMeetingExtension(store, pools, world, config),
            ),
        ]
        routes.append(("/openapi.json", OpenApi(routes)))
        return routes

    def _make_falcon(self) -> "falcon.asgi.App[Any, Any]":
        door = Door(
            self.store,
            self.keys,
            self.activity,
            self.bus,
            self.addresses,
            self.under_way,
            self.kept,
            self.config,
        )
        router: Any = Router(Nowhere(), ALIASES, NowhereInUcwa())
        middleware: Any = [door, Finishing()]
        app = falcon.asgi.App(router=router, request_type=Request, middleware=middleware)
        json, xml = JsonHandler(), XmlHandler()
        app.resp_options.media_handlers = falcon.media.Handlers({JSON: json, UCWA_JSON: json, XML: xml, UCWA_XML: xml})
        # Whatever has a body says what it is; what has none is of no type.
        app.resp_options.default_media_type = None  # type: ignore[assignment]  # Falcon knows None, its types don't
        app.req_options.strip_url_path_trailing_slash = False
        app.req_options.keep_blank_qs_values = True
        app.add_error_handler(Exception, fail)
        app.add_error_handler(falcon.HTTPError, refuse_http)
        app.add_error_handler(Refusal, refuse)
        app.add_error_handler(ClientGone, forget)
        for template, resource in (*self.routes, ("/healthz", Health()), ("/readyz", Ready(self.readiness))):
            app.add_route(template, resource)
        return app

    def _run(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        return self._falcon(scope, receive, send)  # type: ignore[arg-type]  # Falcon spells the scope as a dict

    async def _too_slow(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["openucwa.refusal"] = ClientTimeout(
            f"the body was not there {self.config.body_timeout:g} seconds after the headers"
        )
        scope["openucwa.body"] = b""
        await self._run(scope, receive, send)
