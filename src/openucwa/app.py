"""The composition root: creates every object and connects them by constructor arguments; all routes are on one page."""

import asyncio
import platform
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from openucwa.api.body_limit import BodyLimits
from openucwa.api.error_page import ErrorPages
from openucwa.api.in_flight import InFlight, LimitInFlight
from openucwa.api.not_found import ProtectedNotFound
from openucwa.api.pipeline import Pipeline
from openucwa.api.preflight import Preflight
from openucwa.api.rendering import Renderer
from openucwa.api.resource import Resource
from openucwa.api.response_cache import FromCache, ResponseCache
from openucwa.api.router import Router
from openucwa.channel.activity import Activity
from openucwa.channel.bus import Bus
from openucwa.channel.choice import bus_of
from openucwa.channel.local import Relay
from openucwa.channel.poll import EventChannels, PollSettings
from openucwa.channel.presence_sweeper import PresenceSweeper
from openucwa.channel.sweeper import Sweeper, SweepSettings
from openucwa.channel.typing_timeouts import TypingTimeouts
from openucwa.config import Config
from openucwa.http.addresses import Addresses
from openucwa.http.cors import Cors
from openucwa.http.forms import FormLimits
from openucwa.http.lists import ListLimits
from openucwa.http.message import BodyLimit, Handler, Refused
from openucwa.identity.accounts import Accounts
from openucwa.identity.callers import Admission, Callers
from openucwa.identity.keys import KeySettings, SigningKeys
from openucwa.identity.passwords import Passwords
from openucwa.identity.photos import SourcePhotos
from openucwa.identity.rate import Rate
from openucwa.identity.sharing import Sharing
from openucwa.identity.sign_in import SignIn, SignInSettings
from openucwa.identity.sources import Sources
from openucwa.identity.throttle import Throttle, ThrottleSettings
from openucwa.identity.tokens import Tokens, new_signing_key
from openucwa.identity.user_passwords import UserPasswords
from openucwa.meetings.assigned import AssignedMeetings
from openucwa.meetings.configured import meeting_rules
from openucwa.meetings.enterprise import Enterprise
from openucwa.meetings.messages import MessageRules
from openucwa.meetings.pools import Pools
from openucwa.meetings.schemas import ExtensionSchemas, ServerSchemas
from openucwa.model.measures import Load, Measures
from openucwa.model.world import World, new_request_id
from openucwa.people.address_book import AddressBook
from openucwa.people.privacy import Privacy
from openucwa.pictures.photos import PhotoMaker, PhotoSettings
from openucwa.representation.limits import StructureLimits
from openucwa.representation.patches import PatchLimits
from openucwa.resources import (
    calendar,
    conversations,
    discovery,
    invitations,
    issuers,
    me,
    messaging,
    my_online_meetings,
    openapi,
    people,
    photos,
    presence,
)
from openucwa.resources.aliases import ALIASES
from openucwa.resources.applications import Application, ApplicationDocuments, Applications
from openucwa.resources.batch import Batch
from openucwa.resources.communication import Communication
from openucwa.resources.conversation_routes import conversation_routes
from openucwa.resources.events import EventChannel
from openucwa.resources.guides import developer_pages
from openucwa.resources.history import history_routes
from openucwa.resources.joining import JoinOnlineMeeting, JoinService, StartOnlineMeeting
from openucwa.resources.meeting_routes import meeting_routes
from openucwa.resources.oauth_token import OAuthToken
from openucwa.resources.online_meetings import OnlineMeetings
from openucwa.resources.openucwa_routes import openucwa_routes
from openucwa.resources.pages import JoinPage, Landing, LandingSettings, PageNotFound
from openucwa.resources.people_routes import people_routes
from openucwa.resources.policies import Policies
from openucwa.resources.rendering.contacts import ContactRenderer
from openucwa.resources.rendering.conversations import ConversationRenderer
from openucwa.resources.static import Static
from openucwa.resources.status import Health, Ready
from openucwa.resources.two_party import StartMessaging, TwoPartyService
from openucwa.server.asgi import AsgiApp
from openucwa.store.choice import store_of
from openucwa.store.contract import Store
from openucwa.store.traced import TracedStore
from openucwa.telemetry.readiness import Readiness
from openucwa.telemetry.status import StatusPages
from openucwa.webhooks.following import Following

if TYPE_CHECKING:
    from openucwa.telemetry.tracing import Tracing

#: Where invitations are, by kind; all kinds are served at each.
INVITATIONS = ("invitations", "messagingInvitations", "onlineMeetingInvitations")

Routes = Sequence[tuple[str, Resource[Any]]]


class Service:
    """One server: its request handler (`handler`; as ASGI, `asgi`) and its store (`store`).

    `store`, `bus`: replace those named by the settings. `passwords`: hashes and verifies passwords, for tests that need
    it cheap. `relay`: the link to the other processes, if this is one of several workers. `status_of_others`: their
    status addresses, if this one is to show the metrics of all. `added`: further routes, left out of the API's
    description.
    """

    def __init__(
        self,
        config: Config,
        world: World,
        *,
        store: Store | None = None,
        bus: Bus | None = None,
        passwords: Passwords | None = None,
        relay: Relay | None = None,
        status_of_others: Sequence[str] = (),
        added: Routes = (),
    ) -> None:
        self._status_of_others = status_of_others
        self.config = config
        self.world = world
        self.measures = Measures()
        self.tracing = _tracing(config)
        engine = store or store_of(config, self.measures)
        self.store = engine if self.tracing is None else TracedStore(engine, self.tracing.call_span)
        self.bus = bus or bus_of(config, world, engine, relay)
        # A read that is never cached.
        self.photo_maker = PhotoMaker(config.part(PhotoSettings))
        self.readiness = Readiness({"store": self.store.signing_keys.all, "bus": self.bus.require}, world)
        self.passwords = passwords or Passwords()
        self.source_photos = SourcePhotos(self.store.photos, self.photo_maker, enabled=config.photos)
        admission = Admission(self.store.users, self.source_photos)
        self.tokens = Tokens((new_signing_key(world),), world)
        self.activity = Activity(self.store.applications, world, config.application_timeout)
        self.response_cache = ResponseCache(self.store, self.activity, world, config.response_cache_bytes)
        self.sources = Sources(config, world, self.response_cache.clear)
        self.keys = SigningKeys(
            self.store.signing_keys, self.tokens, config.part(KeySettings), world, self.response_cache.clear
        )
        self.channels = EventChannels(
            self.store, self.bus, self.activity, world, config.part(PollSettings), self.measures
        )
        self.sweeper = Sweeper(
            self.store, self.activity, self.channels, world, config.part(SweepSettings), self.measures
        )
        self.presence_sweeper = PresenceSweeper(
            self.store.presence, self.store.subscriptions, world, config, self.measures
        )
        self.following = Following(self.store, world, config, self.measures)
        self.typing_timeouts = TypingTimeouts(self.store.conversations, world, config.typing_timeout)
        self.sharing = Sharing(self.bus.publish, world)
        throttle = Throttle(config.part(ThrottleSettings), world, self.sharing)
        self.callers = Callers(self.tokens, self.keys, self.sources.foreign, admission)
        verifying = UserPasswords(self.store.users, self.passwords, self.sources.backends, admission)
        self.sign_in = SignIn(
            self.store, self.tokens, self.keys, verifying, throttle, config.part(SignInSettings), world, self.measures
        )
        self.accounts = Accounts(
            self.store.users, self.passwords, verifying, throttle, self.tokens, config.token_lifetime, world
        )
        self.pools = Pools(config.pools)
        self.enterprise = Enterprise(config.enterprise_domains)
        self.rules = meeting_rules(config, world, self.enterprise)
        self.acts = Rate(
            config.participant_rate, config.participant_burst, "requests in this meeting", world, self.sharing
        )
        self.joins = JoinService(self.store, self.pools, self.rules, self.acts, world, config)
        self.addresses = Addresses(config.public_url, config.listen, config.hosts)
        self.in_flight = InFlight(config.max_requests_in_flight)
        lists = config.part(ListLimits)
        self.cors = Cors(config.allow_origin, lists)
        grants, issuers = ",".join(self.sign_in.grant_types), self.sources.authorization_uris
        error_pages = ErrorPages(developer_pages=config.developer_pages)
        self.renderer = Renderer(
            self.addresses, self.cors, platform.node(), grants, issuers, lists, error_pages=error_pages
        )
        self.routes = self._routes()
        self.router = self._router(error_pages, added)
        self.body_limit: BodyLimit = BodyLimits(
            self.router, self.callers, config.max_body_bytes, config.max_body_bytes_without_token
        )
        self.pipeline = Pipeline(
            self.router,
            self.renderer,
            self.addresses,
            self.store,
            self.callers,
            self.activity,
            limits=StructureLimits(config.max_body_depth, config.max_body_elements),
            patch_limits=PatchLimits(config.max_patch_operations, config.max_extension_bytes),
            lists=lists,
            strict_put=config.strict_put,
            max_answer_bytes=config.max_answer_bytes,
        )
        # The layers that a request passes, from the outside in; spans, if traced, are outermost.
        handler: Handler = FromCache(
            Preflight(
                LimitInFlight(self.pipeline, self.in_flight, self.callers, self.renderer),
                self.cors,
                self.renderer,
            ),
            self.response_cache,
        )
        self.handler: Handler = handler if self.tracing is None else self.tracing.requests(handler)
        self.refused: Refused = self.renderer.refused
        self._loading: asyncio.Task[None] | None = None
        self.asgi = AsgiApp(self.handler, self.body_limit, config.body_timeout, partial(new_request_id, world))

    def status(self, load: Callable[[], Load]) -> Handler:
        """The handler of the status address. `load`: returns what the listeners hold at the moment."""
        from openucwa.telemetry.exposition import Exposition  # noqa: PLC0415  # a tenth of a second, as NATS

        page = Exposition(self.measures, load, self.channels, self.in_flight, self.store, self.bus, self.world).page
        if self._status_of_others:
            from openucwa.telemetry.gathering import Gathering  # noqa: PLC0415

            return StatusPages(self.readiness, Gathering(page, self._status_of_others))
        return StatusPages(self.readiness, page)

    async def start(self) -> None:
        """Opens the store, creates the first signing key, and starts the background tasks.

        A refusal says in a sentence why the server cannot start.
        """
        await self.store.open()
        await self.keys.start()
        self.store.announce_by(self.bus)
        self.store.on_commit(self.bus.publish)
        self.store.on_invalidate(self.response_cache.changed)
        self.bus.subscribe(self.sharing.received, of_log=False)
        await self.bus.start()
        await self.channels.start()
        await self.activity.start()
        await self.sweeper.start()
        await self.presence_sweeper.start()
        await self.following.start()
        self.sources.start()
        self._loading = asyncio.create_task(calendar.load(), name="openucwa loading")
        self.readiness.begin()

    async def release(self) -> None:
        """Ends all waiting polls; from now on polls do not wait. Everything else still works."""
        self.readiness.stop()
        await self.channels.stop()
        await self.following.release()

    async def stop(self) -> None:
        """Ends all waiting polls, writes what is only in memory, and closes the store."""
        self.readiness.stop()
        await self.channels.stop()
        await self.sweeper.stop()
        await self.presence_sweeper.stop()
        await self.following.stop()
        await self.typing_timeouts.stop()
        await self.activity.stop()
        await self.keys.stop()
        await self.source_photos.stop()
        await self.sources.close()
        await self.bus.stop()
        self.passwords.close()
        if self._loading is not None:
            await self._loading
        await self.store.close()
        if self.tracing is not None:
            await self.tracing.stop()

    def _router(self, error_pages: ErrorPages, added: Routes) -> Router:
        router = Router(PageNotFound(error_pages), ALIASES, ProtectedNotFound())
        health = (("/healthz", Health()), ("/readyz", Ready(self.readiness)))
        for template, resource in (*self.routes, *health, *developer_pages(self.config), *added):
            router.add_route(template, resource)
        return router

    def _routes(self) -> Routes:
        config, store, world = self.config, self.store, self.world
        pools, rules, joins, callers = self.pools, self.rules, self.joins, self.callers
        assigned = AssignedMeetings(store.meetings, rules, enabled=config.assigned_meeting)
        everybody = people.People()
        applications = ApplicationDocuments(
            store.channels, OnlineMeetings(assigned, pools), everybody, queries=config.change_log
        )
        privacy = Privacy(store.contacts, self.enterprise)
        book = AddressBook(store, self.sources.people, config.max_group_members)
        persons = ContactRenderer(privacy)
        contact_photo = photos.ContactPhoto(store, book, privacy, enabled=config.photos)
        meetings = my_online_meetings.MeetingDocuments(config.join_url)
        of_server = ServerSchemas.read(config.schemas, config.max_schema_work)
        schemas = ExtensionSchemas(store.schemas, of_server, config.max_schema_work)
        renderer = ConversationRenderer(meetings, config)
        shown = (store, renderer, world)
        inside = (*shown, self.acts)
        asking = Rate(config.invitation_rate, config.invitation_burst, "invitations of this user", world, self.sharing)
        two_party = TwoPartyService(store, pools, privacy, rules, self.acts, asking, world, config)
        messages = messaging.MessageService(store.conversations, MessageRules(config.max_message_bytes), world)
        static = Static(config.page_logo)
        frame = discovery.XFrame(config.allow_origin)
        root = discovery.Root(developer_pages=config.developer_pages)
        user = discovery.User(store.users, pools)

        app = "/ucwa/v1/applications/{application_id}"
        communication = f"{app}/communication"
        conversation = f"{communication}/conversations/{{conversation}}"
        routes: list[tuple[str, Resource[Any]]] = [
            ("/", Landing(self.sources.console_sign_ins, config.part(LandingSettings))),
            (issuers.PATH, issuers.Issuers(self.sources.console_sign_ins, self.sources.tried)),
            ("/meet/{organizer}/{meeting_id}", JoinPage(guests=config.anonymous)),
            *((path, static) for path in ("/static/{name}", "/static/{folder}/{name}")),
            ("/xframe", frame),
            (discovery.FRAME, frame),
            (discovery.SERVICE.removesuffix("/root"), root),
            (discovery.SERVICE, root),
            (f"{discovery.SERVICE}/xframe", frame),
            (f"{discovery.SERVICE}/user", user),
            (f"{discovery.SERVICE}/oauth/user", user),
            (f"{discovery.SERVICE}/user/redirect", discovery.Redirect(store.users, self.pools)),
            (
                "/WebTicket/oauthtoken",
                OAuthToken(self.sign_in, self.pools, FormLimits(config.max_form_fields, config.max_part_headers)),
            ),
            ("/ucwa/v1/applications", Applications(store, applications, callers, self.sharing, world, config)),
            (app, Application(store.applications, applications, callers, self.channels, world)),
            (
                f"{app}/batch",
                Batch(
                    self.in_flight,
                    self.renderer,
                    world,
                    max_parts=config.max_batch,
                    max_headers=config.max_part_headers,
                    max_answer_bytes=config.max_answer_bytes,
                ),
            ),
            (f"{app}/events", EventChannel(store, self.channels, renderer, privacy, persons, callers)),
            *openucwa_routes(
                app, store, pools, assigned, meetings, schemas, world, config, self.following, callers, self.accounts
            ),
            (f"{app}/policies", Policies(config)),
            (f"{app}/communication", Communication(store.applications, world, history=config.history_kept > 0)),
            *history_routes(communication, store.history, world, two_party, messages),
            (f"{communication}/messagingInvitations", StartMessaging(two_party, messages)),
            (f"{communication}/onlineMeetingInvitations", JoinOnlineMeeting(joins)),
            (f"{communication}/startOnlineMeeting", StartOnlineMeeting(joins)),
            (f"{communication}/invitations", invitations.Invitations(store.invitations)),
            (f"{communication}/replayMessage", invitations.ReplayMessage(store.invitations, asking, world)),
            *(
                route
                for invitation in (f"{communication}/{rel}/{{invitation}}" for rel in INVITATIONS)
                for route in (
                    (invitation, invitations.InvitationResource(*shown)),
                    (f"{invitation}/accept", invitations.Accept(*shown, joins, two_party)),
                    (f"{invitation}/decline", invitations.Decline(*shown)),
                    (f"{invitation}/cancel", invitations.Cancel(*shown)),
                )
            ),
            (f"{communication}/conversations", conversations.Conversations(store.conversations)),
            *conversation_routes(conversation, inside, persons),
            (
                f"{conversation}/addParticipant",
                invitations.AddParticipant(*inside, asking, two_party, config.invitation_timeout),
            ),
            *messaging.routes(f"{conversation}/messaging", inside, messages, self.typing_timeouts),
            (f"{app}/me", me.Me()),
            *presence.routes(app, store, self.sharing, world, config),
            (f"{app}/photo", photos.Photo(store.photos, enabled=config.photos)),
            (f"{app}/photos/{{address}}", contact_photo),
            (f"{app}/photo/{{address}}", contact_photo),
            (f"{app}/people/{{address}}/contactPhoto", contact_photo),
            (f"{app}/openucwa/photo", photos.OwnPhoto(store.photos, self.photo_maker, enabled=config.photos)),
            (f"{app}/people", everybody),
            *people_routes(f"{app}/people", store, book, persons, privacy, world, config),
            *meeting_routes(app, store, pools, rules, assigned, meetings, schemas, world, config),
        ]
        return (*routes, (openapi.PATH, openapi.OpenApi(routes)))


def _tracing(config: Config) -> "Tracing | None":
    if config.traces is None:
        return None
    from openucwa.telemetry.tracing import Tracing  # noqa: PLC0415  # a fifth of a second, as NATS

    return Tracing(config.traces)
