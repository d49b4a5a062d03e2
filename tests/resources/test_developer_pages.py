"""The pages for developers: the guides, and the page to try requests in."""

import gzip
import hashlib
import json
import posixpath
import re
import tomllib
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from openucwa.app import Service
from openucwa.resources.guides import GROUPS, place_of
from openucwa.resources.pages import POLICY
from openucwa.resources.rendering.guides import render
from tests.client import UcwaClient
from tests.conftest import Connect, Make

ROOT = Path(__file__).parents[2]
PATHS = [path for paths in GROUPS.values() for path in paths]
#: The addresses of all pages for developers.
PLACES = [*map(place_of, PATHS), "/docs/api"]
NAVIGATION = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Sec-Fetch-Dest": "document"}


@pytest.fixture
def stranger(service: Service, connect: Connect) -> UcwaClient:
    return connect(service)


def test_every_file_of_docs_is_a_guide() -> None:
    written = {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")}
    assert written == {path for path in PATHS if path.startswith("docs/")}


def test_package_contains_every_guide() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packed = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    for path in PATHS:
        source = posixpath.dirname(path) or path
        assert packed[source] == f"openucwa/guides/{source}"


async def test_every_link_of_the_guides_leads_somewhere(stranger: UcwaClient) -> None:
    pages = {place: await stranger.get(place, headers=NAVIGATION) for place in PLACES}
    for place, page in pages.items():
        assert (page.status_code, page.headers["Content-Security-Policy"]) == (200, POLICY), place
        for href in re.findall(r'<a [^>]*href="([^"]+)"', page.text):
            target = urlsplit(href)
            if target.scheme:
                assert target.scheme in {"http", "https"}, (place, href)
                continue
            found = pages.get(target.path or place) or await stranger.get(href, headers=NAVIGATION)
            assert found.status_code == 200, (place, href)
            assert not target.fragment or f'id="{target.fragment}"' in found.text, (place, href)


async def test_guide_has_its_title_and_its_contents(stranger: UcwaClient) -> None:
    text = (await stranger.get("/docs/operating", headers=NAVIGATION)).text
    assert "<title>Operating · openucwa</title>" in text
    assert '<h2 id="tls">TLS</h2>' in text
    assert '<a href="#tls">TLS</a>' in text
    assert '<a href="/docs/operating" aria-current=page>Operating</a>' in text


@pytest.mark.parametrize("place", ["/docs", "/docs/operating", "/docs/api"])
async def test_page_that_a_browser_has_already_is_not_sent_again(stranger: UcwaClient, place: str) -> None:
    etag = (await stranger.get(place, headers=NAVIGATION)).headers["ETag"]
    again = await stranger.get(place, headers=NAVIGATION | {"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


async def test_first_guide_is_listed_as_what_it_is(stranger: UcwaClient) -> None:
    text = (await stranger.get("/docs", headers=NAVIGATION)).text
    assert "<title>Overview · openucwa</title>" in text
    assert '<a href="/docs" aria-current=page>Overview</a>' in text


async def test_unknown_guide_is_a_page_with_a_way_on(stranger: UcwaClient) -> None:
    answer = await stranger.get("/docs/nothing", headers=NAVIGATION)
    assert answer.status_code == 404
    assert 'href="/docs"' in answer.text


def test_guide_keeps_text_but_not_the_link_to_a_file_that_is_not_served() -> None:
    places = {"docs/a.md": "/docs/a"}
    shown = render("# B\n\n[nginx](../deploy/nginx.conf), [A](a.md#x), [up](../docs/a.md)", "docs/b.md", places)
    assert '<p>nginx, <a href="/docs/a#x">A</a>, <a href="/docs/a">up</a></p>' in shown.body


def test_html_in_a_guide_is_text() -> None:
    assert "&lt;script&gt;" in render("# B\n\n<script>alert(1)</script>", "docs/b.md", {}).body


def test_headings_of_one_text_have_different_anchors() -> None:
    body = render("# A\n\n## Use it, now\n\n## Use it, now", "docs/a.md", {}).body
    assert '<h2 id="use-it-now">' in body
    assert '<h2 id="use-it-now-1">' in body


@pytest.mark.parametrize("coding", ["gzip", "identity"])
async def test_viewer_is_the_recorded_release_whatever_the_coding(stranger: UcwaClient, coding: str) -> None:
    folder = files("openucwa.web").joinpath("swagger-ui")
    recorded = json.loads(folder.joinpath("provenance.json").read_text("utf-8"))["sha256"]
    page = await stranger.get("/docs/api", headers=NAVIGATION)
    for name, expected in recorded.items():
        if not name.endswith((".js", ".css")):
            assert hashlib.sha256(folder.joinpath(name).read_bytes()).hexdigest() == expected, name
            continue
        found = re.search(rf'"(/static/\w+/{re.escape(name)})"', page.text)
        assert found is not None, name
        answer = await stranger.get(found[1], headers={"Accept": "*/*", "Accept-Encoding": coding})
        assert answer.headers.get("Content-Encoding", "identity") == coding
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert hashlib.sha256(answer.content).hexdigest() == expected, name
    assert gzip.decompress(folder.joinpath("swagger-ui.css.gz").read_bytes()), "it is stored compressed"


async def test_root_links_to_the_description_and_the_guides(stranger: UcwaClient) -> None:
    for path in ("/", "/Autodiscover/AutodiscoverService.svc/root"):
        links = (await stranger.get(path, headers={"Accept": "*/*"})).headers["Link"]
        assert links == '</openapi.json>; rel="service-desc", </docs>; rel="service-doc"'


async def test_pages_can_be_switched_off_and_nothing_links_to_them(make_service: Make, connect: Connect) -> None:
    client = connect(await make_service(developer_pages=False))
    for place in PLACES:
        answer = await client.get(place, headers=NAVIGATION)
        assert answer.status_code == 404
        assert "/docs" not in answer.text
    assert "/docs" not in (await client.get("/", headers=NAVIGATION)).text
    root = await client.get("/", headers={"Accept": "*/*"})
    assert root.headers["Link"] == '</openapi.json>; rel="service-desc"'
