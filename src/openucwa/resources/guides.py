"""/docs: the guides, for developers and operators; and the page to try requests in.

They are the files of `docs/`, rendered when a browser first asks for one. In the package they are in `guides/`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from functools import cached_property
from html import escape
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple

from openucwa.api.answer import Answer
from openucwa.api.call import Call, Context
from openucwa.api.page_template import Html, PageTemplate
from openucwa.api.resource import Operation, Resource
from openucwa.config import Config
from openucwa.http.compression import compress
from openucwa.model.refusals import ResourceNotFound
from openucwa.resources.discovery import GUIDES, HTML
from openucwa.resources.pages import PAGE_HEADERS, PRODUCT
from openucwa.resources.static import content_etag, static_path

#: The guides, in the order of the navigation: their files, by the heading above them.
GROUPS: Mapping[str, Sequence[str]] = {
    "First steps": ("README.md",),
    "Write a client": (
        "docs/client.md",
        "docs/data-on-meetings.md",
        "docs/protocol.md",
        "docs/errors.md",
        "docs/compliance.md",
        "docs/sandbox.md",
        "docs/ci.md",
    ),
    "Run a server": (
        "docs/operating.md",
        "docs/configuration.md",
        "docs/identity.md",
        "docs/migrating.md",
        "docs/performance.md",
        "docs/scale.md",
        "SECURITY.md",
    ),
    "The project": ("docs/architecture.md", "CONTRIBUTING.md", "CHANGELOG.md"),
}
START = "README.md"
#: The title of the first guide, whose heading is the product's name.
_OVERVIEW = "Overview"
API_PAGE = f"{GUIDES}/api"


def place_of(path: str) -> str:
    """The address of a guide on the server. `path`: of its file."""
    return GUIDES if path == START else f"{GUIDES}/{Path(path).stem.lower()}"


def _folder() -> Traversable:
    """Where the guides are: in the package, or, in a checkout, where they are written."""
    packaged = files("openucwa").joinpath("guides")
    return packaged if packaged.is_dir() else Path(__file__).parents[3]


class Page(NamedTuple):
    """The page of a guide. `gzipped`: its content, compressed. `etag`: of the content."""

    gzipped: bytes
    etag: str


class Library:
    """All guides of a server. `server_name`: shown in place of openucwa's."""

    def __init__(self, server_name: str = PRODUCT) -> None:
        self._server_name = server_name
        self._rendering = asyncio.Lock()
        self._pages: dict[str, Page] = {}
        self._paths = {place_of(path): path for paths in GROUPS.values() for path in paths}

    def holds(self, place: str) -> bool:
        """Whether there is a guide at this address."""
        return place in self._paths

    async def page(self, place: str) -> Page:
        """The page at an address. It is rendered once, in a thread."""
        async with self._rendering:
            if (page := self._pages.get(place)) is None:
                page = self._pages[place] = await asyncio.to_thread(self._render, self._paths[place])
            return page

    @cached_property
    def _titles(self) -> Mapping[str, str]:
        """The title of each guide, by its path."""
        from openucwa.resources.rendering.guides import title_of  # noqa: PLC0415  # only if a guide is read

        folder = _folder()
        titles = {path: title_of(folder.joinpath(path).read_text("utf-8")) for path in self._paths.values()}
        return titles | {START: _OVERVIEW}

    def _render(self, path: str) -> Page:
        from openucwa.resources.rendering.guides import render  # noqa: PLC0415  # only if a guide is read

        places = {each: place for place, each in self._paths.items()}
        guide = render(_folder().joinpath(path).read_text("utf-8"), path, places)
        contents = "".join(f'<li><a href="#{each.anchor}">{escape(each.text)}</a></li>' for each in guide.headings)
        page = PageTemplate("guide.html").fill(
            static=static_path(),
            title=self._titles[path],
            server_name=self._server_name,
            guides=Html("".join(self._group(name, paths, path) for name, paths in GROUPS.items())),
            contents=Html(f'<ul lang="en">{contents}</ul>'),
            guide=Html(guide.body),
        )
        content = page.encode()
        return Page(compress(content), content_etag(content))

    def _group(self, name: str, paths: Sequence[str], current: str) -> str:
        links = "".join(
            f'<li><a href="{place_of(path)}"{" aria-current=page" if path == current else ""}>'
            f"{escape(self._titles[path])}</a></li>"
            for path in paths
        )
        return f'<h2>{escape(name)}</h2><ul lang="en">{links}</ul>'


class Guide(Resource[Page]):
    """A guide. It is rendered when it is first asked for."""

    rel = "guide"
    public = True
    conditional = True

    def __init__(self, library: Library) -> None:
        self._library = library

    async def locate(self, call: Context, guide: str = "", **_names: str) -> Page:
        place = f"{GUIDES}/{guide.lower()}" if guide else GUIDES
        if not self._library.holds(place):
            raise ResourceNotFound("no such guide")
        return await self._library.page(place)

    def etag(self, call: Context, target: Page) -> str:
        return target.etag

    @Operation("A guide.", produces=("text/html",))
    async def get(self, call: Call[Page]) -> Answer:
        """The page of a file of `docs/`."""
        page = call.target
        return Answer(gzipped=page.gzipped, content_type=HTML, etag=page.etag, headers=PAGE_HEADERS)


class ApiPage(Resource[None]):
    """The page that shows an API's description and sends requests."""

    rel = "apiPage"
    public = True
    conditional = True

    def __init__(self, description: str, server_name: str = PRODUCT) -> None:
        """`description`: the address of the OpenAPI document."""
        page = PageTemplate("api.html").fill(static=static_path(), description=description, server_name=server_name)
        self._content = page.encode()
        self._etag = content_etag(self._content)

    def etag(self, call: Context, target: None) -> str:
        return self._etag

    @Operation("The API's description, to try requests in.", produces=("text/html",))
    async def get(self, call: Call[None]) -> Answer:
        """What it loads is on this server."""
        return Answer(body=self._content, content_type=HTML, etag=self._etag, headers=PAGE_HEADERS)


def developer_pages(config: Config) -> Sequence[tuple[str, Resource[Any]]]:
    """The routes of the pages for developers; none where they are switched off."""
    if not config.developer_pages:
        return ()
    guide = Guide(Library(config.page_name))
    api = ApiPage("/openapi.json", config.page_name)
    return ((GUIDES, guide), (f"{GUIDES}/{{guide}}", guide), (API_PAGE, api))
