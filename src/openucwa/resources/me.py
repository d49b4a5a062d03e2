"""me: the signed-in user, as the user's own applications see it."""

from openucwa.api.answer import Answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation, Resource
from openucwa.model.application import Session
from openucwa.model.names import anonymous_address
from openucwa.model.refusals import CannotRedirect, InvalidExchangeServerVersion
from openucwa.model.scopes import USER
from openucwa.representation.document import Document, Link, Property
from openucwa.resources.rendering.details import details
from openucwa.resources.rendering.photos import photo_href

_USER_SCOPES = frozenset({USER})
_READ = (InvalidExchangeServerVersion, CannotRedirect)


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
        photo = Link(photo_href(call, session.application.owner))
        if session.application.available:
            for name in ("location", "note"):
                links[name] = Link(f"{href}/{name}")
            links["photo"] = photo
            for name in ("presence", "reportMyActivity"):
                links[name] = Link(f"{href}/{name}")
        else:
            links = {"makeMeAvailable": Link(f"{href}/makeMeAvailable", revision=2), "photo": photo}
    return Document(rel="me", href=href, properties=dict(sorted(properties.items())), links=links)


class Me(Resource[None]):
    """UCWA: me."""

    rel = "me"
    scopes = _USER_SCOPES

    @Operation("Who is signed in.", refuses=_READ)
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: me, GET."""
        return Answer(me_document(call))
