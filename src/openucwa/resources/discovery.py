"""root, user and xframe: how an application finds its user's server."""

from html import escape
from importlib.resources import files
from urllib.parse import quote, urlsplit

from openucwa.config import Config
from openucwa.meetings.pools import Pools
from openucwa.model.refusals import CannotRedirect, InvalidExchangeServerVersion, Unauthorized
from openucwa.representation.document import Document, Link
from openucwa.representation.parameters import Parameter
from openucwa.store.contract import Store
from openucwa.wire.resource import Call, Request, Resource, Response, operation

SERVICE = "/Autodiscover/AutodiscoverService.svc/root"
FRAME = "/Autodiscover/XFrame/XFrame.html"
HTML = "text/html; charset=utf-8"

#: UCWA: Root URL, Query parameters.
QUERY = (
    Parameter("originalDomain", description="The domain that the client looks for."),
    Parameter("sipuri", description="The user's SIP URI, whose domain it is otherwise."),
)


def original_domain(req: Request) -> str:
    """The domain that the client looks for: its own word for it, that of its sipuri, or the server's name."""
    values = req.call.values
    if domain := values.get("originalDomain"):
        return str(domain)
    if "@" in (uri := values.get("sipuri", "")):
        return str(uri).rpartition("@")[2]
    return urlsplit(req.call.base).hostname or ""


class Root(Resource[None]):
    """UCWA: root. Where everything starts, without a token."""

    rel = "root"
    public = True

    @operation("Where to go on from.", query=QUERY)
    async def on_get(self, req: Request, resp: Response, target: None) -> None:
        """UCWA: root, GET."""
        self.show(req, resp)

    @operation("The headers of a GET.", query=QUERY)
    async def on_head(self, req: Request, resp: Response, target: None) -> None:
        """UCWA: Root URL. Some clients look with HEAD first."""
        self.show(req, resp)

    def show(self, req: Request, resp: Response) -> None:
        """The resource, as the answer."""
        base = req.call.base
        query = f"?originalDomain={quote(original_domain(req), safe='')}"
        resp.media = Document(
            rel=self.rel,
            href=f"{base}{SERVICE}{query}",
            links={"user": Link(f"{base}{SERVICE}/oauth/user{query}"), "xframe": Link(f"{base}{FRAME}")},
        )


class User(Resource[None]):
    """UCWA: user. Where the user's applications are; without a token: where to get one."""

    rel = "user"
    html_challenge = True

    def __init__(self, store: Store, pools: Pools) -> None:
        self._store = store
        self._pools = pools

    async def locate(self, call: Call, **_names: str) -> None:
        ticket = call.caller
        if ticket.anonymous:
            return
        user = await self._store.user(ticket.identity)
        if user is None or user.generation != ticket.generation:
            raise Unauthorized("the user is gone, or the password was changed after this token was issued")

    @operation("Where the user's applications are.", refuses=(InvalidExchangeServerVersion, CannotRedirect))
    async def on_get(self, req: Request, resp: Response, target: None) -> None:
        """UCWA: user, GET."""
        call = req.call
        user = None if call.caller.anonymous else await self._store.user(call.caller.identity)
        if (elsewhere := self._pools.redirect(user.pool if user is not None else None)) is not None:
            links = {"redirect": Link(elsewhere)}
        else:
            links = {"applications": Link(f"{call.base}/ucwa/v1/applications")}
        links["xframe"] = Link(f"{call.base}{FRAME}")
        resp.media = Document(rel=self.rel, href=f"{call.base}{SERVICE}/user", links=links)

    @operation("The headers of a GET.", refuses=(InvalidExchangeServerVersion, CannotRedirect))
    async def on_head(self, req: Request, resp: Response, target: None) -> None:
        """UCWA: Authentication. Clients look with HEAD for the challenge."""
        await self.on_get(req, resp, target)


class XFrame(Resource[None]):
    """UCWA: xframe. The page through which scripts of allowed origins talk to this server."""

    rel = "xframe"
    public = True

    def __init__(self, config: Config) -> None:
        page = files("openucwa.web").joinpath("xframe.html").read_text("utf-8")
        self._page = page.replace("{origins}", escape(" ".join(config.allow_origin), quote=True))
        ancestors = " ".join(config.allow_origin) or "'none'"
        self._policy = (
            "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
            f"frame-ancestors {ancestors}"
        )

    @operation("The cross-domain frame.", produces=("text/html",))
    async def on_get(self, req: Request, resp: Response, target: None) -> None:
        """UCWA: xframe, GET."""
        resp.content_type = HTML
        resp.set_header("Content-Security-Policy", self._policy)
        resp.text = self._page
