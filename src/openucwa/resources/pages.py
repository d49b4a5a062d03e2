"""The server's pages for people. They are static, and use the public API.

The pages themselves are in `web/`; `static.py` serves their scripts and styles.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from openucwa.api.answer import Answer
from openucwa.api.call import Call, Context
from openucwa.api.error_page import ErrorPages
from openucwa.api.not_found import NotFound
from openucwa.api.page_template import PageTemplate
from openucwa.api.resource import Operation, Resource
from openucwa.http import negotiation
from openucwa.http.compression import compress_well
from openucwa.http.message import Header
from openucwa.model.refusals import NotAcceptable, Refusal, ResourceNotFound
from openucwa.resources.discovery import HTML, QUERY, Root
from openucwa.resources.issuers import SignIns
from openucwa.resources.static import content_etag, static_path

#: Content only from this server, and no framing by others.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


PRODUCT = "openucwa"

#: Headers of every page. The address may contain a meeting's id, which must not leak to other servers.
PAGE_HEADERS: tuple[Header, ...] = (
    (b"Content-Security-Policy", POLICY.encode()),
    (b"Referrer-Policy", b"no-referrer"),
)


class JoinPage(Resource[None]):
    """The page that joins a meeting: the same for everyone, and for every address.

    So it does not reveal whether its subject exists; only the API does, to those with access.
    """

    rel = "page"
    public = True
    conditional = True

    def __init__(self, *, guests: bool = True) -> None:
        """`guests`: whether people without an account may join."""
        page = PageTemplate("join.html").fill(static=static_path(), accounts_only="false" if guests else "true")
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
        page = PageTemplate("console.html", developers=settings.developer_pages).fill(
            static=static_path(), server_name=settings.page_name, grace=str(settings.meeting_grace_period)
        )
        self._content = page.encode()
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
