"""Files of `web/`: scripts and styles of the server's own pages, read once."""

import hashlib
from importlib.resources import files

from openucwa.model.refusals import ResourceNotFound
from openucwa.wire.resource import Call, Request, Resource, Response, operation

TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


def content_etag(content: bytes) -> str:
    """The etag of what never changes while the server runs: it is that of the content."""
    return hashlib.sha256(content).hexdigest()[:32]


class Static(Resource[tuple[str, bytes]]):
    """A file by its name; only what was there at the start is served, so no path can lead elsewhere.

    A browser keeps it, and asks each time whether it is still the same.
    """

    rel = "static"
    public = True
    conditional = True

    def __init__(self) -> None:
        self._files = {
            entry.name: (TYPES[suffix], content, content_etag(content))
            for entry in files("openucwa.web").iterdir()
            if (suffix := "." + entry.name.rpartition(".")[2]) in TYPES
            for content in (entry.read_bytes(),)
        }

    async def locate(self, call: Call, name: str = "", **_names: str) -> tuple[str, bytes]:
        if (found := self._files.get(name)) is None:
            raise ResourceNotFound("there is no such file")
        media_type, content, call.etag = found
        return media_type, content

    @operation("A script, style or picture of the server's pages.", produces=("*/*",))
    async def on_get(self, req: Request, resp: Response, target: tuple[str, bytes]) -> None:
        resp.set_header("ETag", f'"{req.call.etag}"')
        resp.content_type, resp.data = target
