"""The server's own pages for people. They are static: whatever a page shows it reads through the public API.

What a page does is in `web/`; its scripts and styles are served by `static.py`.
"""

from importlib.resources import files

from openucwa.resources.discovery import HTML, QUERY, Root
from openucwa.resources.static import content_etag
from openucwa.wire import negotiation
from openucwa.wire.resource import Call, Request, Resource, Response, operation

#: Only what this server itself serves is run, shown or talked to, and nobody else may frame it.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page_headers(resp: Response) -> None:
    """What every page bears. An address may hold a meeting's id, which is no other server's business."""
    resp.set_header("Content-Security-Policy", POLICY)
    resp.set_header("Referrer-Policy", "no-referrer")


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

    async def locate(self, call: Call, **_names: str) -> None:
        call.etag = self._etag

    @operation("The page.", produces=("text/html",))
    async def on_get(self, req: Request, resp: Response, target: None) -> None:
        page_headers(resp)
        resp.set_header("ETag", f'"{self._etag}"')
        resp.content_type = HTML
        resp.data = self._content


class Landing(Root):
    """The root at `/`: for a browser, which prefers text/html to everything else, the organizer's console."""

    def __init__(self) -> None:
        self._content = files("openucwa.web").joinpath("console.html").read_bytes()

    @operation("Where to go on from.", query=QUERY, produces=(*negotiation.UCWA_TYPES, "text/html"))
    async def on_get(self, req: Request, resp: Response, target: None) -> None:
        """UCWA: Root URL."""
        accept = req.get_header("Accept")
        if not negotiation.prefers_html(accept):
            req.call.media_type = negotiation.choose(accept, negotiation.UCWA_TYPES)
            self.show(req, resp)
            return
        page_headers(resp)
        resp.content_type = HTML
        resp.data = self._content
