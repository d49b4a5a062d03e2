"""Scripts and styles of the server's pages: files of `web/`, read once."""

import hashlib
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from openucwa.api.answer import Answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation, Resource
from openucwa.model.refusals import ResourceNotFound

#: The name of the logo on the pages: the operator's, or that of openucwa.
LOGO = "logo"
LOGO_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


def content_etag(content: bytes) -> str:
    """The etag of a file, from its content."""
    return hashlib.sha256(content).hexdigest()[:32]


class File(NamedTuple):
    """One file of `web/`."""

    media_type: str
    content: bytes
    etag: str


class Static(Resource[File]):
    """A file by its name; only files present at the start are served, so no path can lead elsewhere. Browsers cache it,
    and revalidate each time.
    """

    rel = "static"
    public = True
    conditional = True

    def __init__(self, logo: str | None = None) -> None:
        """`logo`: an SVG or PNG file to be shown on the pages; None: openucwa's."""
        self._files = {
            entry.name: File(TYPES[suffix], content, content_etag(content))
            for entry in files("openucwa.web").iterdir()
            if (suffix := "." + entry.name.rpartition(".")[2]) in TYPES
            for content in (entry.read_bytes(),)
        }
        shown = self._files["icon.svg"]
        if logo is not None:
            content = Path(logo).read_bytes()
            shown = File(LOGO_TYPES[Path(logo).suffix.lower()], content, content_etag(content))
        self._files[LOGO] = shown

    async def locate(self, call: Context, name: str = "", **_names: str) -> File:
        if (found := self._files.get(name)) is None:
            raise ResourceNotFound("no such file")
        return found

    def etag(self, call: Context, target: File) -> str:
        return target.etag

    @Operation("A script, style or picture of the server's pages.", produces=("*/*",))
    async def get(self, call: Call[File]) -> Answer:
        return Answer(body=call.target.content, content_type=call.target.media_type, etag=call.etag)
