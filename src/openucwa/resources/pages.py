"""The server's pages for people. They are static, and use the public API.

The pages themselves are in `web/`; `static.py` serves their scripts and styles.
"""

from dataclasses import dataclass
from html import escape
from importlib.resources import files
from urllib.parse import urlsplit

from openucwa.api.answer import Answer
from openucwa.api.call import Call, Context
from openucwa.api.error_page import ErrorPages, with_developer_links
from openucwa.api.not_found import NotFound
from openucwa.api.resource import Operation, Resource
from openucwa.http import negotiation
from openucwa.http.compression import compress_well
from openucwa.http.message import Header
from openucwa.model.refusals import NotAcceptable, Refusal, ResourceNotFound
from openucwa.resources.discovery import HTML, QUERY, Root
from openucwa.resources.issuers import SignIns
from openucwa.resources.static import content_etag, versioned

#: Content only from this server, and no framing by others.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


PRODUCT = "openucwa"
#: As in the console's file.
GRACE_PERIOD = 28_800

#: Headers of every page. The address may contain a meeting's id, which must not leak to other servers.
PAGE_HEADERS: tuple[Header, ...] = (
    (b"Content-Security-Policy", POLICY.encode()),
    (b"Referrer-Policy", b"no-referrer"),
)


class Page(Resource[None]):
    """A page for people: the same for everyone and, if its path has parameters, for every address.

    So it does not reveal whether its subject exists; only the API does, to those with access.
    """

    rel = "page"
    public = True
    conditional = True

    def __init__(self, name: str, *, guests: bool = True) -> None:
        """`name`: of its file in `web/`. `guests`: whether people without an account may sign in."""
        page = versioned(files("openucwa.web").joinpath(name).read_text("utf-8"), name)
        if not guests:
            page = page.replace("<html ", "<html data-accounts-only ", 1)
        self._content = page.encode()
        self._etag = content_etag(self._content)

    def etag(self, call: Context, target: None) -> str:
        return self._etag

    @Operation("A page for people.", produces=("text/html",))
    async def get(self, call: Call[None]) -> Answer:
        packed = compress_well(self._content)
        return Answer(body=self._content, gzipped=packed, content_type=HTML, etag=self._etag, headers=PAGE_HEADERS)


class PageNotFound(NotFound):
    """404; for a browser, a page with a link to the start."""

    def __init__(self, error_pages: ErrorPages) -> None:
        self._error_pages = error_pages

    def refusal(self, call: Context, refusal: Refusal | None) -> Answer | None:
        if not isinstance(refusal, ResourceNotFound) or not negotiation.wants_page(call.request, call.lists):
            return None
        return self._error_pages.answer(404, str(refusal), call.request.id)


@dataclass(frozen=True, slots=True)
class LandingSettings:
    """The settings of these names. `page_name`: shown in place of openucwa's. `meeting_grace_period`: in seconds."""

    page_name: str
    meeting_grace_period: int
    developer_pages: bool


class Landing(Root):
    """The root at `/`: for a browser the organizer's console."""

    def __init__(self, sign_ins: SignIns, settings: LandingSettings) -> None:
        """`sign_ins`: the issuers where the console may sign in. It may connect to their token endpoints."""
        super().__init__(developer_pages=settings.developer_pages)
        source = files("openucwa.web").joinpath("console.html").read_text("utf-8")
        page = versioned(with_developer_links(source, shown=settings.developer_pages), "console.html")
        page = page.replace(f'data-grace="{GRACE_PERIOD}"', f'data-grace="{settings.meeting_grace_period}"')
        self._content = page.replace(f">{PRODUCT}<", f">{escape(settings.page_name)}<").encode()
        self._sign_ins = sign_ins

    @Operation(
        "The entry point of the API; for browsers the organizer's console.",
        query=QUERY,
        produces=(*negotiation.UCWA_TYPES, "text/html"),
        negotiated=False,
        refuses=(NotAcceptable,),
    )
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: Root URL."""
        if not negotiation.wants_page(call.request, call.lists):
            call.media_type = negotiation.choose(call.request.header(b"accept"), negotiation.UCWA_TYPES, call.lists)
            return self.show(call)
        packed = compress_well(self._content)
        return Answer(body=self._content, gzipped=packed, content_type=HTML, headers=self._headers())

    def _headers(self) -> tuple[Header, ...]:
        places = {urlsplit(each.token_endpoint) for each in self._sign_ins()}
        if not places:
            return PAGE_HEADERS
        origins = " ".join(sorted(f"{place.scheme}://{place.netloc}" for place in places))
        policy = POLICY.replace("connect-src 'self'", f"connect-src 'self' {origins}")
        return ((b"Content-Security-Policy", policy.encode()), *PAGE_HEADERS[1:])
