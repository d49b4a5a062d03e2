"""me: the signed-in user, as the user's own applications see it."""

from dataclasses import replace
from html import escape
from typing import ClassVar

from openucwa.api.answer import NO_CONTENT, Answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation, Resource
from openucwa.model.application import Session
from openucwa.model.event import NewEvent, application_topic
from openucwa.model.names import anonymous_address
from openucwa.model.refusals import (
    AlreadyExists,
    CallbackChannelError,
    CannotRedirect,
    Conflict,
    InvalidExchangeServerVersion,
    MakeMeAvailableRequired,
)
from openucwa.model.scopes import RECEIVE, USER
from openucwa.model.world import World, new_etag
from openucwa.representation.document import Document, Link, Property
from openucwa.representation.parameters import Parameter
from openucwa.resources.communication import MODALITIES, communication_updated, offered
from openucwa.resources.rendering.details import details
from openucwa.store.contract import Store

SVG = "image/svg+xml"

_USER_SCOPES = frozenset({USER})
_READ = (InvalidExchangeServerVersion, CannotRedirect)

#: UCWA: makeMeAvailable, POST, Request body.
MAKE_ME_AVAILABLE = (
    Parameter("audioPreference", choices=("PhoneAudio", "VoipAudio")),
    Parameter("inactiveTimeout"),
    Parameter("phoneNumber", max_length=100),
    Parameter("signInAs", choices=("Away", "BeRightBack", "Busy", "DoNotDisturb", "Offwork", "Online")),
    Parameter("supportedMessageFormats", choices=("Html", "Plain"), many=True),
    Parameter("supportedModalities", choices=MODALITIES, many=True),
    Parameter("voipFallbackToPhoneAudioTimeOut"),
)


def me_href(call: Context) -> str:
    """The href of me."""
    return f"{call.application}/me"


def sip_uri(session: Session) -> str:
    """The SIP URI of the session's owner; an anonymous one gets an address that reaches no one."""
    owner = session.application.owner
    return anonymous_address(owner) if session.application.anonymous else owner


def display_name(session: Session) -> str | None:
    """The display name of the session's owner; None while an anonymous one has none."""
    return session.application.name if session.application.anonymous else session.user_name


def me_document(call: Context) -> Document:
    """UCWA: me."""
    session = call.session
    href = me_href(call)
    properties: dict[str, Property] = {}
    if session.email is not None:
        properties["emailAddresses"] = [session.email]
    if (name := display_name(session)) is not None:
        properties["name"] = name
    properties |= details(session)
    properties["uri"] = sip_uri(session)
    links: dict[str, Link] = {}
    if not session.application.anonymous:
        photo = Link(f"{call.application}/photo")
        if session.application.available:
            for name in ("location", "note"):
                links[name] = Link(f"{href}/{name}")
            links["photo"] = photo
            for name in ("presence", "reportMyActivity"):
                links[name] = Link(f"{href}/{name}")
        else:
            links = {"makeMeAvailable": Link(f"{href}/makeMeAvailable"), "photo": photo}
    return Document(rel="me", href=href, properties=properties, links=links)


class Me(Resource[None]):
    """UCWA: me."""

    rel = "me"
    scopes = _USER_SCOPES

    @Operation("Who is signed in.", refuses=_READ)
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: me, GET."""
        return Answer(me_document(call))


class MakeMeAvailable(Resource[None]):
    """UCWA: makeMeAvailable."""

    rel = "makeMeAvailable"
    scopes = frozenset({USER, RECEIVE})
    anonymous = False

    def __init__(self, store: Store, world: World) -> None:
        self._store = store
        self._world = world

    @Operation(
        "Makes the user available for the given modalities.",
        answers=(204,),
        takes=MAKE_ME_AVAILABLE,
        produces=(),
        refuses=(AlreadyExists, CallbackChannelError, CannotRedirect),
    )
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: makeMeAvailable, POST. Modalities that this server does not have are ignored."""
        application = call.session.application
        if application.available:
            raise AlreadyExists("the user is already available")
        values = call.values
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
        topic = application_topic(application.owner, application.id)
        events = [communication_updated(application.owner, application.id), NewEvent(topic, "me updated")]
        events += [NewEvent(topic, f"{rel} added") for rel in ("presence", "note", "location")]
        await self._store.applications.make_available(
            application.owner, application.id, abilities, new_etag(self._world), self._world.now(), events
        )
        return NO_CONTENT


class ReportMyActivity(Resource[None]):
    """UCWA: reportMyActivity. The user is at the keyboard."""

    rel = "reportMyActivity"
    scopes = _USER_SCOPES
    anonymous = False

    @Operation(
        "Reports that the user is active.",
        answers=(204,),
        produces=(),
        refuses=(MakeMeAvailableRequired, CannotRedirect),
    )
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: reportMyActivity, POST. The pipeline has recorded the request, which is its purpose."""
        if not call.session.application.available:
            raise MakeMeAvailableRequired("call makeMeAvailable first")
        return NO_CONTENT


class Photo(Resource[str]):
    """UCWA: photo. A picture with the user's initials; the server stores no photos."""

    rel = "photo"
    scopes = _USER_SCOPES
    anonymous = False
    batchable = False

    async def locate(self, call: Context, **_names: str) -> str:
        return display_name(call.session) or sip_uri(call.session)

    @Operation("A picture with the user's initials.", produces=(SVG,), negotiated=False, refuses=_READ)
    async def get(self, call: Call[str]) -> Answer:
        """UCWA: photo, GET. The picture, whatever the client accepts."""
        return Answer(
            body=_initials_picture(call.target).encode(),
            content_type=SVG,
            headers=((b"Content-Security-Policy", b"default-src 'none'; style-src 'unsafe-inline'"),),
        )


def _initials_picture(name: str) -> str:
    initials = "".join(word[0] for word in name.removeprefix("sip:").split()[:2]).upper()
    hue = sum(name.encode()) * 47 % 360
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" width="96" height="96">'
        f'<rect width="96" height="96" fill="hsl({hue} 45% 38%)"/>'
        '<text x="48" y="48" fill="#fff" font-family="sans-serif" font-size="40" text-anchor="middle" '
        f'dominant-baseline="central">{escape(initials)}</text></svg>'
    )


class Presence(Resource[None]):
    """UCWA: presence, note and location.

    The server stores none of them: it shows fixed values.
    """

    scopes = _USER_SCOPES
    anonymous = False

    #: The properties of each resource, for an available user.
    SHOWN: ClassVar[dict[str, dict[str, Property]]] = {
        "presence": {"activity": "Online", "availability": "Online"},
        "note": {"message": "", "type": "Personal"},
        "location": {"location": ""},
    }

    def __init__(self, rel: str) -> None:
        self.rel = rel

    @Operation("The user's {rel}, with a fixed value.", refuses=(*_READ, MakeMeAvailableRequired))
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: presence, GET; note, GET; location, GET."""
        if not call.session.application.available:
            raise MakeMeAvailableRequired("call makeMeAvailable first")
        return Answer(Document(rel=self.rel, href=f"{me_href(call)}/{self.rel}", properties=self.SHOWN[self.rel]))

    @Operation(
        "Always refused: the server stores no {rel}.",
        answers=(),
        produces=(),
        refuses=(MakeMeAvailableRequired, Conflict),
    )
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: presence, POST; note, POST; location, POST. 409: an unsupported service."""
        if not call.session.application.available:
            raise MakeMeAvailableRequired("call makeMeAvailable first")
        raise Conflict(f"this server stores no {self.rel}")
