"""Scripts and styles of the server's pages: files of `web/`, read once, and prepared when they are first asked for.

A page names them below the version of all of them, `/static/VERSION/NAME`, so that browsers can keep them for good.
There the modules of a page are one script, and its styles one file: browsers open six connections to a server, so that
many small files take many round trips. A node that is asked for another version, while nodes are upgraded one by one,
answers with its own: no page gets some modules combined and others not. Below `/static/` the files are as they are in
`web/`.
"""

import hashlib
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from openucwa.api.answer import Answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation, Resource
from openucwa.http.compression import compress_well
from openucwa.model.refusals import ResourceNotFound
from openucwa.resources.combining import combined

#: The name of the logo on the pages: the operator's, or that of openucwa.
LOGO = "logo"
LOGO_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}

#: The styles of a page that are one file, in their order.
STYLES = {
    "console-page.css": (
        "base.css",
        "controls.css",
        "conversation.css",
        "console.css",
        "console-forms.css",
        "people.css",
    ),
    "join-page.css": ("base.css", "controls.css", "conversation.css", "people.css", "join.css"),
}
#: The first modules of the pages whose modules are combined.
SCRIPTS = ("console.js", "join.js")

#: What a browser does not need of a style sheet: comments, and the indentation.
_REMARK = re.compile(rb"/\*.*?\*/|^ +", re.DOTALL | re.MULTILINE)
_IMMUTABLE = b"public, max-age=31536000, immutable"


@cache
def web_files() -> dict[str, bytes]:
    """The content of each file of our own that may be served, by its name."""
    return {each.name: each.read_bytes() for each in files("openucwa.web").iterdir() if _suffix(each.name) in TYPES}


@cache
def library_files() -> dict[str, bytes]:
    """The files of Swagger UI, by their names: compressed with gzip, as they are stored. `tools/update-swagger-ui`."""
    folder = files("openucwa.web").joinpath("swagger-ui")
    return {
        each.name.removesuffix(".gz"): each.read_bytes() for each in folder.iterdir() if _suffix(each.name) == ".gz"
    }


@cache
def version() -> str:
    """The version of all these files: a hash."""
    names = sorted((web_files() | library_files()).items())
    return hashlib.sha256(repr([(name, content_etag(content)) for name, content in names]).encode()).hexdigest()[:12]


def static_path() -> str:
    """The path below which pages name their files, with the version."""
    return f"/static/{version()}"


@cache
def page_files() -> dict[str, bytes]:
    """The files that pages load by their version: of each page its styles as one file, its modules as one script, and
    what that loads later.
    """
    modules = {name: content.decode() for name, content in web_files().items() if _suffix(name) == ".js"}
    found = {name: b"".join(_REMARK.sub(b"", web_files()[each]) for each in styles) for name, styles in STYLES.items()}
    for entry in SCRIPTS:
        scripts = {name: text.encode() for name, text in combined(entry, modules).items()}
        if twice := scripts.keys() & found.keys():
            raise ValueError(f"a part of two pages: {twice}")
        found |= scripts
    return found


def _suffix(name: str) -> str:
    return "." + name.rpartition(".")[2]


def content_etag(content: bytes) -> str:
    """The etag of a file, from its content."""
    return hashlib.sha256(content).hexdigest()[:32]


class File(NamedTuple):
    """One file of `web/`. `gzipped`: the same compressed; one of the two may be empty."""

    media_type: str
    content: bytes
    etag: str
    gzipped: bytes = b""


@cache
def _file(name: str, content: bytes) -> File:
    """One of our own files, compressed."""
    return File(TYPES[_suffix(name)], content, content_etag(content), compress_well(content))


@cache
def _library_file(name: str, gzipped: bytes) -> File:
    return File(TYPES[_suffix(name)], b"", content_etag(gzipped), gzipped)


class Static(Resource[File]):
    """A file by its name; only files present at the start are served, so no path can lead elsewhere. Browsers keep
    one that they asked for by its version, and revalidate others each time.
    """

    rel = "static"
    public = True
    conditional = True

    def __init__(self, logo: str | None = None) -> None:
        """`logo`: an SVG or PNG file to be shown on the pages; None: openucwa's."""
        self._versioned = f"{static_path()}/".encode()
        self._logo: File | None = None
        if logo is not None:
            content = Path(logo).read_bytes()
            self._logo = File(LOGO_TYPES[Path(logo).suffix.lower()], content, content_etag(content))

    async def locate(self, call: Context, name: str = "", folder: str = "", **_names: str) -> File:
        """`folder`: the version that is asked for; empty: none."""
        if name == LOGO:
            return self._logo or _file("icon.svg", web_files()["icon.svg"])
        if (gzipped := library_files().get(name)) is not None:
            return _library_file(name, gzipped)
        content = (page_files().get(name) if folder else None) or web_files().get(name)
        if content is None:
            raise ResourceNotFound("no such file")
        return _file(name, content)

    def etag(self, call: Context, target: File) -> str:
        return target.etag

    @Operation("A script, style or picture of the server's pages.", produces=("*/*",))
    async def get(self, call: Call[File]) -> Answer:
        return Answer(
            body=call.target.content,
            gzipped=call.target.gzipped,
            content_type=call.target.media_type,
            etag=call.etag,
            cache_control=_IMMUTABLE if self._is_versioned(call) else self.cache_control,
        )

    def _is_versioned(self, call: Context) -> bool:
        """Whether a file was asked for by the version that this server has."""
        return call.request.path.startswith(self._versioned)
