"""presence, note and location of the signed-in user, and what makes the user available."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from openucwa.api.answer import NO_CONTENT, Answer, created, plain_answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation, Resource
from openucwa.api.versions import requires_second
from openucwa.config import Config
from openucwa.http import negotiation
from openucwa.identity.rate import Rate
from openucwa.identity.sharing import Sharing
from openucwa.model.event import NewEvent, application_topic
from openucwa.model.presence import PREFERRED
from openucwa.model.refusals import (
    AlreadyExists,
    CallbackChannelError,
    CannotRedirect,
    InvalidExchangeServerVersion,
    MakeMeAvailableRequired,
    ParameterValidationFailure,
)
from openucwa.model.scopes import ANY_SCOPE, RECEIVE, USER
from openucwa.model.world import World, new_etag
from openucwa.representation.document import Document, Property
from openucwa.representation.parameters import Parameter
from openucwa.resources.communication import MODALITIES, communication_updated, offered
from openucwa.resources.me import me_href
from openucwa.resources.rendering.people import note_properties
from openucwa.store.contract import Applications, Presences, Store

_USER_SCOPES = frozenset({USER})
_READ = (InvalidExchangeServerVersion, CannotRedirect, MakeMeAvailableRequired)
_WRITE = (CallbackChannelError, CannotRedirect, MakeMeAvailableRequired)

#: UCWA: makeMeAvailable, POST, Request body.
MAKE_ME_AVAILABLE = (
    Parameter("audioPreference", choices=("PhoneAudio", "VoipAudio")),
    Parameter("inactiveTimeout", kind="timespan"),
    Parameter("phoneNumber", max_length=100),
    Parameter("signInAs", choices=PREFERRED),
    Parameter("supportedMessageFormats", choices=("Html", "Plain"), many=True),
    Parameter("supportedModalities", choices=MODALITIES, many=True),
    Parameter("voipFallbackToPhoneAudioTimeOut"),
)
#: What makeMeAvailable2 does, each as far as the caller has the scope.
_OPERATIONS = {"invitations": RECEIVE, "presence": USER}
#: UCWA: presence, POST; note, POST; location, POST: Request body.
AVAILABILITY = (Parameter("availability", choices=PREFERRED),)
MESSAGE = (Parameter("message"),)
LOCATION = (Parameter("location", max_length=60),)
#: UCWA: reportMyNetwork, POST, Request body.
NETWORK = (
    *(Parameter(name, max_length=256) for name in ("chassisID", "ip", "mac", "portID", "rssi", "subnetID", "wapBSSID")),
    Parameter("clientNetworkType", choices=("External", "Internal"), required=True),
)


#: UCWA: makeMeAvailable2, POST: what is shown.
OPERATIONS = {
    "type": "object",
    "properties": {"operations": {"type": "array", "items": {"type": "string"}}},
    "required": ["operations"],
}


class MakeMeAvailable(Resource[None]):
    """UCWA: makeMeAvailable; makeMeAvailable2, if the client requires version 2 of the resource."""

    rel = "makeMeAvailable"
    scopes = frozenset({USER, RECEIVE})
    anonymous = False

    def __init__(self, applications: Applications, world: World, config: Config) -> None:
        self._applications = applications
        self._world = world
        self._config = config

    @Operation(
        "Makes the user available for the given modalities.",
        answers=(204, 201),
        takes=MAKE_ME_AVAILABLE,
        negotiated=False,
        shows={201: OPERATIONS},
        refuses=(AlreadyExists, CallbackChannelError, CannotRedirect),
    )
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: makeMeAvailable, POST; makeMeAvailable2, POST. Modalities that are not offered are ignored."""
        if not requires_second(call.request, call.lists):
            await self._make_available(call, call.values)
            return NO_CONTENT
        media_type = negotiation.choose(call.request.header(b"accept"), negotiation.UCWA_TYPES, call.lists)
        scopes = call.caller.scopes
        accepted = [name for name, scope in _OPERATIONS.items() if scopes is None or scope in scopes]
        values = dict(call.values)
        if "invitations" not in accepted:
            values["supportedModalities"] = ()
        if "presence" not in accepted:
            values.pop("signInAs", None)
        await self._make_available(call, values)
        return plain_answer(media_type, "operationsQueued", {"operations": accepted}, 201)

    async def _make_available(self, call: Call[None], values: Mapping[str, Any]) -> None:
        application = call.session.application
        inactive = values.get("inactiveTimeout", self._config.inactive_timeout)
        if not 0 < inactive <= self._config.max_inactive_timeout:
            at_most = f"must be more than 0 and at most {self._config.max_inactive_timeout} seconds"
            raise ParameterValidationFailure({"inactiveTimeout": at_most})
        if application.available:
            raise AlreadyExists("the user is already available")
        abilities = replace(
            application.communication,
            etag=new_etag(self._world),
            supported_modalities=offered(tuple(values.get("supportedModalities", ("Messaging",)))),
            supported_message_formats=tuple(
                values.get("supportedMessageFormats", application.communication.supported_message_formats)
            ),
            audio_preference=values.get("audioPreference"),
            phone_number=values.get("phoneNumber"),
        )
        await self._applications.make_available(
            application.owner,
            application.id,
            abilities,
            new_etag(self._world),
            self._world.now(),
            _became_available(application.owner, application.id),
            inactive=1000 * inactive,
            away=1000 * self._config.away_timeout,
            preferred=values.get("signInAs"),
        )


def _became_available(owner: str, application_id: str) -> Sequence[NewEvent]:
    topic = application_topic(owner, application_id)
    added = (NewEvent(topic, f"{rel} added") for rel in ("presence", "note", "location"))
    return (communication_updated(owner, application_id), NewEvent(topic, "me updated"), *added)


def require_available(call: Context) -> None:
    """MakeMeAvailableRequired: the application did not call makeMeAvailable."""
    if not call.session.application.available:
        raise MakeMeAvailableRequired("call makeMeAvailable first")


class ReportMyActivity(Resource[None]):
    """UCWA: reportMyActivity. The user is active in the application."""

    rel = "reportMyActivity"
    scopes = _USER_SCOPES
    anonymous = False

    def __init__(self, presence: Presences, world: World) -> None:
        self._presence = presence
        self._world = world

    @Operation("Reports that the user is active.", answers=(204,), produces=(), refuses=_WRITE)
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: reportMyActivity, POST."""
        require_available(call)
        application = call.session.application
        await self._presence.report_activity(application.owner, application.id, self._world.now())
        return NO_CONTENT


class ReportMyNetwork(Resource[None]):
    """UCWA: reportMyNetwork. Nothing here depends on the client's network, so nothing is stored."""

    rel = "reportMyNetwork"
    scopes = ANY_SCOPE
    anonymous = False

    @Operation("Reports the client's network.", answers=(201,), takes=NETWORK, produces=())
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: reportMyNetwork, POST."""
        return created(f"{call.application}/{self.rel}")


class Presence(Resource[None]):
    """UCWA: presence. The user's, over all applications."""

    rel = "presence"
    scopes = _USER_SCOPES
    anonymous = False

    def __init__(self, presence: Presences, world: World, changes: Rate) -> None:
        self._presence = presence
        self._world = world
        self._changes = changes

    @Operation("The availability of the user, over all applications.", refuses=_READ)
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: presence, GET."""
        require_available(call)
        presence = await self._presence.get(call.session.application.owner)
        return _shown(call, self.rel, {"activity": presence.activity, "availability": presence.availability})

    @Operation(
        "Sets the availability of the user; without one, it follows from activity.",
        answers=(204,),
        takes=AVAILABILITY,
        produces=(),
        refuses=_WRITE,
    )
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: presence, POST; Reset my presence information."""
        require_available(call)
        application = call.session.application
        self._changes.take(application.owner)
        preferred = call.values.get("availability")
        await self._presence.set_availability(application.owner, application.id, preferred, self._world.now())
        return NO_CONTENT


class Note(Resource[None]):
    """UCWA: note. The user's personal note; there are no out-of-office notes."""

    rel = "note"
    scopes = _USER_SCOPES
    anonymous = False

    def __init__(self, presence: Presences, world: World, changes: Rate, max_length: int) -> None:
        self._presence = presence
        self._world = world
        self._changes = changes
        self._max_length = max_length

    @Operation("The note of the user.", refuses=_READ)
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: note, GET."""
        require_available(call)
        presence = await self._presence.get(call.session.application.owner)
        return _shown(call, self.rel, note_properties(presence.note))

    @Operation(
        "Sets the note of the user; without a message, it is removed.",
        answers=(204,),
        takes=MESSAGE,
        produces=(),
        refuses=_WRITE,
    )
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: note, POST; Reset my note information."""
        message = call.values.get("message", "")
        if len(message) > self._max_length:
            raise ParameterValidationFailure(
                {"message": f"has {len(message):,} characters; at most {self._max_length:,} are allowed"}
            )
        require_available(call)
        self._changes.take(call.session.application.owner)
        await self._presence.set_note(call.session.application.owner, message, self._world.now())
        return NO_CONTENT


class Location(Resource[None]):
    """UCWA: location."""

    rel = "location"
    scopes = _USER_SCOPES
    anonymous = False

    def __init__(self, presence: Presences, world: World, changes: Rate) -> None:
        self._presence = presence
        self._world = world
        self._changes = changes

    @Operation("The location of the user.", refuses=_READ)
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: location, GET."""
        require_available(call)
        presence = await self._presence.get(call.session.application.owner)
        return _shown(call, self.rel, {"location": presence.location})

    @Operation(
        "Sets the location of the user; without one, it is removed.",
        answers=(204,),
        takes=LOCATION,
        produces=(),
        refuses=_WRITE,
    )
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: location, POST."""
        require_available(call)
        self._changes.take(call.session.application.owner)
        location = call.values.get("location", "")
        await self._presence.set_location(call.session.application.owner, location, self._world.now())
        return NO_CONTENT


def _shown(call: Context, rel: str, properties: dict[str, Property]) -> Answer:
    return Answer(Document(rel=rel, href=f"{me_href(call)}/{rel}", properties=properties))


def routes(
    app: str, store: Store, sharing: Sharing, world: World, config: Config
) -> Sequence[tuple[str, Resource[Any]]]:
    """The routes of what is here. `app`: the template of an application."""
    available = MakeMeAvailable(store.applications, world, config)
    active = ReportMyActivity(store.presence, world)
    changes = Rate(config.presence_rate, config.presence_burst, "changes of this user's presence", world, sharing)
    return (
        (f"{app}/communication/makeMeAvailable", available),
        (f"{app}/me/makeMeAvailable", available),
        (f"{app}/me/reportMyActivity", active),
        (f"{app}/reportMyActivity", active),
        (f"{app}/reportMyNetwork", ReportMyNetwork()),
        (f"{app}/me/presence", Presence(store.presence, world, changes)),
        (f"{app}/me/note", Note(store.presence, world, changes, config.max_note)),
        (f"{app}/me/location", Location(store.presence, world, changes)),
    )
