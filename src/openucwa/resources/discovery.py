"""root, user and xframe: autodiscovery, by which an application finds its user's server."""

from collections.abc import Sequence
from urllib.parse import quote, urlsplit

from openucwa.api.answer import Answer
from openucwa.api.call import Call, Context
from openucwa.api.page_template import PageTemplate
from openucwa.api.resource import Operation, Resource
from openucwa.http.message import Header
from openucwa.identity.current_user import current_user
from openucwa.meetings.pools import Pools
from openucwa.model.refusals import CannotRedirect, InvalidExchangeServerVersion, ResourceNotFound
from openucwa.model.user import User as ModelUser
from openucwa.representation.document import Document, Link
from openucwa.representation.parameters import Parameter
from openucwa.resources.link_headers import link_header
from openucwa.store import contract

SERVICE = "/Autodiscover/AutodiscoverService.svc/root"
FRAME = "/Autodiscover/XFrame/XFrame.html"
HTML = "text/html; charset=utf-8"
#: The pages for developers.
GUIDES = "/docs"

#: UCWA: Root URL, Query parameters.
QUERY = (
    Parameter("originalDomain", description="The domain that the client searches for."),
    Parameter("sipuri", description="The user's SIP URI; default of originalDomain: its domain."),
)


def applications_href(call: Context) -> str:
    """Where users of this server open applications."""
    return f"{call.base}/ucwa/v1/applications"


def original_domain(call: Call[None]) -> str:
    """The domain that the client searches for: as given, that of its sipuri, or the server's name."""
    values = call.values
    if domain := values.get("originalDomain"):
        return str(domain)
    if "@" in (uri := values.get("sipuri", "")):
        return str(uri).rpartition("@")[2]
    return urlsplit(call.base).hostname or ""


class Root(Resource[None]):
    """UCWA: root. The entry point, without a token."""

    rel = "root"
    public = True

    def __init__(self, *, developer_pages: bool = True) -> None:
        """`developer_pages`: whether the server has guides to link to."""
        links = (link_header("/openapi.json", "service-desc"),)
        self._links = (*links, link_header(GUIDES, "service-doc")) if developer_pages else links

    @Operation("The entry point of the API.", query=QUERY)
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: root, GET."""
        return self.show(call)

    @Operation("The headers of a GET of {rel}.", query=QUERY)
    async def head(self, call: Call[None]) -> Answer:
        """UCWA: Root URL. Some clients send HEAD first."""
        return self.show(call)

    def show(self, call: Call[None]) -> Answer:
        """The resource, as the answer."""
        base = call.base
        query = f"?originalDomain={quote(original_domain(call), safe='')}"
        return Answer(
            Document(
                rel=self.rel,
                href=f"{base}{SERVICE}{query}",
                links={"user": Link(f"{base}{SERVICE}/oauth/user{query}"), "xframe": Link(f"{base}{FRAME}")},
            ),
            headers=self._links,
        )


class User(Resource[ModelUser | None]):
    """UCWA: user. Links to the user's applications; the challenge without a token says where to get one."""

    rel = "user"
    html_challenge = True

    def __init__(self, users: contract.Users, pools: Pools) -> None:
        self._users = users
        self._pools = pools

    async def locate(self, call: Context, **_names: str) -> ModelUser | None:
        return await current_user(self._users, call.caller)

    @Operation("A link to the user's applications.", refuses=(InvalidExchangeServerVersion, CannotRedirect))
    async def get(self, call: Call[ModelUser | None]) -> Answer:
        """UCWA: user, GET."""
        user = call.target
        if (elsewhere := self._pools.redirect(user.pool if user is not None else None)) is not None:
            links = {"redirect": Link(elsewhere)}
        else:
            links = {"applications": Link(applications_href(call), revision=2)}
        links["xframe"] = Link(f"{call.base}{FRAME}")
        return Answer(Document(rel=self.rel, href=f"{call.base}{SERVICE}/user", links=links))

    @Operation("The headers of a GET of {rel}.", refuses=(InvalidExchangeServerVersion, CannotRedirect))
    async def head(self, call: Call[ModelUser | None]) -> Answer:
        """UCWA: Authentication. Clients send HEAD to get the challenge."""
        return await self.get(call)


class Redirect(Resource[ModelUser | None]):
    """UCWA: redirect. Leads a user of another pool there, as the link `redirect` of user does at once."""

    rel = "redirect"

    def __init__(self, users: contract.Users, pools: Pools) -> None:
        self._users = users
        self._pools = pools

    async def locate(self, call: Context, **_names: str) -> ModelUser | None:
        return await current_user(self._users, call.caller)

    @Operation("Links to the user's home pool.", refuses=(InvalidExchangeServerVersion, CannotRedirect))
    async def get(self, call: Call[ModelUser | None]) -> Answer:
        """UCWA: redirect, GET. ResourceNotFound: the user is homed here."""
        elsewhere = self._pools.redirect(call.target.pool if call.target is not None else None)
        if elsewhere is None:
            raise ResourceNotFound("the user is homed here")
        pool = urlsplit(elsewhere)
        base = f"{pool.scheme}://{pool.netloc}"
        links = {"user": Link(f"{base}{SERVICE}/oauth/user"), "xframe": Link(f"{base}{FRAME}")}
        return Answer(Document(rel=self.rel, href=f"{call.base}{SERVICE}/user/redirect", links=links))


class XFrame(Resource[None]):
    """UCWA: xframe. The page through which scripts of allowed origins call this server."""

    rel = "xframe"
    public = True

    def __init__(self, allow_origin: Sequence[str]) -> None:
        self._page = PageTemplate("xframe.html").fill(origins=" ".join(allow_origin)).encode()
        ancestors = " ".join(allow_origin) or "'none'"
        policy = (
            "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
            f"frame-ancestors {ancestors}"
        )
        self._headers: tuple[Header, ...] = ((b"Content-Security-Policy", policy.encode()),)

    @Operation("The page for cross-domain frames.", produces=("text/html",))
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: xframe, GET."""
        return Answer(body=self._page, content_type=HTML, headers=self._headers)
