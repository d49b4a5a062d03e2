"""The server's own pages for people. They are static: whatever a page shows it reads through the public API.

What a page does is in `web/`; its scripts and styles are served by `static.py`.
"""

from importlib.resources import files
from urllib.parse import urlsplit

from openucwa.api.answer import Answer
from openucwa.api.call import Call, Context
from openucwa.api.not_found import NotFound
from openucwa.api.resource import Operation, Resource
from openucwa.http import negotiation
from openucwa.http.message import Header
from openucwa.model.refusals import NotAcceptable, Refusal, ResourceNotFound
from openucwa.resources.discovery import HTML, QUERY, Root
from openucwa.resources.issuers import SignIns
from openucwa.resources.static import content_etag

#: Only what this server itself serves is run, shown or talked to, and nobody else may frame it.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


#: What every page bears; the console may talk to issuers besides. An address may hold a meeting's id, which is no other
#: server's business.
PAGE_HEADERS: tuple[Header, ...] = (
    (b"Content-Security-Policy", POLICY.encode()),
    (b"Referrer-Policy", b"no-referrer"),
)


class Page(Resource[None]):
    """A page for people: the same for everybody and, where its path has names, for every address.

    So it does not tell whether what it is about exists; that is for the API to say to who may know.
    """

    rel = "page"
    public = True
    conditional = True

    def __init__(self, name: str) -> None:
        """`name`: that of its file in `web/`."""
        self._content = files("openucwa.web").joinpath(name).read_bytes()
        self._etag = content_etag(self._content)

    def etag(self, call: Context, target: None) -> str:
        return self._etag

    @Operation("The page.", produces=("text/html",))
    async def get(self, call: Call[None]) -> Answer:
        return Answer(body=self._content, content_type=HTML, etag=self._etag, headers=PAGE_HEADERS)


class PageNotFound(NotFound):
    """An address that leads to no resource: for a browser a page that says so, with a way on."""

    def __init__(self) -> None:
        self._content = files("openucwa.web").joinpath("not-found.html").read_bytes()

    def refusal(self, call: Context, refusal: Refusal | None) -> Answer | None:
        if not isinstance(refusal, ResourceNotFound) or not negotiation.wants_page(call.request):
            return None
        return Answer(status=404, body=self._content, content_type=HTML, headers=PAGE_HEADERS)


class Landing(Root):
    """The root at `/`: for a browser the organizer's console."""

    def __init__(self, sign_ins: SignIns = tuple) -> None:
        """`sign_ins`: the issuers where the console may sign in: it talks to their token endpoints."""
        self._content = files("openucwa.web").joinpath("console.html").read_bytes()
        self._sign_ins = sign_ins

    @Operation(
        "Where to go on from; for browsers the organizer's console.",
        query=QUERY,
        produces=(*negotiation.UCWA_TYPES, "text/html"),
        negotiated=False,
        refuses=(NotAcceptable,),
    )
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: Root URL."""
        if not negotiation.wants_page(call.request):
            call.media_type = negotiation.choose(call.request.header(b"accept"), negotiation.UCWA_TYPES)
            return self.show(call)
        return Answer(body=self._content, content_type=HTML, headers=self._headers())

    def _headers(self) -> tuple[Header, ...]:
        places = {urlsplit(each.token_endpoint) for each in self._sign_ins()}
        if not places:
            return PAGE_HEADERS
        origins = " ".join(sorted(f"{place.scheme}://{place.netloc}" for place in places))
        policy = POLICY.replace("connect-src 'self'", f"connect-src 'self' {origins}")
        return ((b"Content-Security-Policy", policy.encode()), *PAGE_HEADERS[1:])
