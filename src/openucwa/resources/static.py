"""Scripts and styles of the server's pages: files of `web/`, read once.

A page names them below the version of all of them, `/static/VERSION/NAME`, so that browsers can keep them for good.
What they import is relative, and so below the same version.
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
from openucwa.model.refusals import ResourceNotFound

#: The name of the logo on the pages: the operator's, or that of openucwa.
LOGO = "logo"
LOGO_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


_PLACE = '"/static/'
_IMPORT = re.compile(r"""(?:from|import) "\./([\w.-]+)";""")
_KEPT = b"public, max-age=31536000, immutable"


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


def versioned(page: str) -> str:
    """A page that names its files by their version, and the modules that they import, so that all load at once."""
    placed = page.replace(_PLACE, f"{_PLACE}{version()}/").replace(f"{_PLACE}{version()}/{LOGO}", f"{_PLACE}{LOGO}")
    links = "".join(
        f'    <link rel="modulepreload" href={_PLACE}{version()}/{name}">\n' for name in sorted(_imported(page))
    )
    return placed.replace("  </head>", f"{links}  </head>", 1)


def _imported(page: str) -> set[str]:
    """The modules that a page's scripts import, and those that these import."""
    found: set[str] = set()
    waiting = re.findall(r'type="module" src="/static/([\w.-]+\.js)"', page)
    while waiting:
        source = web_files()[waiting.pop()].decode()
        new = set(_IMPORT.findall(source)) - found
        found |= new
        waiting += new
    return found


def _suffix(name: str) -> str:
    return "." + name.rpartition(".")[2]


def content_etag(content: bytes) -> str:
    """The etag of a file, from its content."""
    return hashlib.sha256(content).hexdigest()[:32]


class File(NamedTuple):
    """One file of `web/`. `gzipped`: compressed, in place of `content`."""

    media_type: str
    content: bytes
    etag: str
    gzipped: bytes = b""


class Static(Resource[File]):
    """A file by its name; only files present at the start are served, so no path can lead elsewhere. Browsers keep
    one that they asked for by its version, and revalidate others each time.
    """

    rel = "static"
    public = True
    conditional = True

    def __init__(self, logo: str | None = None) -> None:
        """`logo`: an SVG or PNG file to be shown on the pages; None: openucwa's."""
        self._place = f"/static/{version()}/".encode()
        self._files = {
            name: File(TYPES[_suffix(name)], content, content_etag(content)) for name, content in web_files().items()
        }
        for name, gzipped in library_files().items():
            self._files[name] = File(TYPES[_suffix(name)], b"", content_etag(gzipped), gzipped)
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
        kept = call.request.path.startswith(self._place)
        return Answer(
            body=call.target.content,
            gzipped=call.target.gzipped,
            content_type=call.target.media_type,
            etag=call.etag,
            cache_control=_KEPT if kept else self.cache_control,
        )
