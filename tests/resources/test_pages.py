"""The pages for people: who gets them, and what they may do."""

import gzip
import re
from pathlib import Path

import httpx
import pytest

from openucwa.api.error_page import ErrorPages
from openucwa.app import Service
from openucwa.resources.pages import POLICY
from tests.client import UcwaClient
from tests.conftest import Connect, Make

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
PAGES = ["/", "/meet/lenea@contoso.com/ABCDEFGH"]


@pytest.fixture
def stranger(service: Service, connect: Connect) -> UcwaClient:
    return connect(service)


async def page(client: UcwaClient, path: str) -> httpx.Response:
    answer = await client.get(path, headers={"Accept": BROWSER})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    return answer


@pytest.mark.parametrize("path", PAGES)
async def test_page_loads_and_calls_only_this_server(stranger: UcwaClient, path: str) -> None:
    answer = await page(stranger, path)
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["Referrer-Policy"] == "no-referrer"


#: What a page is loaded from before anything can be done on it, compressed. At 30 kB/s, with the round trips for the
#: page and for what it names, that is less than three seconds.
MAX_BYTES = 36_000
#: The round trips of a browser that opens six connections at once.
MAX_FILES = 6


@pytest.mark.parametrize("path", PAGES)
async def test_page_needs_few_small_files_and_one_round_trip_for_them(stranger: UcwaClient, path: str) -> None:
    answer = await page(stranger, path)
    compressed = len(gzip.compress(answer.content))
    named = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', answer.text))
    assert {href.rpartition(".")[2] for href in named} == {"js", "css", "/static/logo"}
    assert len(named) == 3 < MAX_FILES
    for href in named:
        found = await stranger.get(href, headers={"Accept": "*/*", "Accept-Encoding": "gzip"})
        assert (found.status_code, found.headers["Content-Encoding"]) == (200, "gzip"), href
        compressed += found.num_bytes_downloaded
        # Nothing that is known only when this has been read.
        assert not re.search(r'^import\b(?!\()|^@import|\burl\((?!"data:)', found.text, re.MULTILINE), href
        if "logo" not in href:
            assert found.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert compressed < MAX_BYTES


@pytest.mark.parametrize(("path", "part"), [(PAGES[0], "console-visit.js"), (PAGES[1], "join-meeting.js")])
async def test_rest_of_a_page_is_one_script_that_takes_the_modules_it_shares_from_the_first(
    stranger: UcwaClient, path: str, part: str
) -> None:
    answer = await page(stranger, path)
    (first,) = re.findall(r'src="(/static/[^"]+\.js)"', answer.text)
    script = (await stranger.get(first, headers={"Accept": "*/*"})).text
    assert f'import("./{part}")' in script
    rest = await stranger.get(f"{first.rpartition('/')[0]}/{part}", headers={"Accept": "*/*"})
    assert rest.status_code == 200
    assert re.findall(r'^import .* from "(.*)";$', rest.text, re.MULTILINE) == ["./" + first.rpartition("/")[2]]
    modules = [set(re.findall(r'^modules\["(.*?)"\] = ', text, re.MULTILINE)) for text in (script, rest.text)]
    assert "elements.js" in modules[0]
    assert "conversation.js" in modules[1]
    assert not modules[0] & modules[1]


async def test_file_of_another_version_is_revalidated(stranger: UcwaClient) -> None:
    for path in ("/static/join.js", "/static/0123456789ab/join.js"):
        answer = await stranger.get(path, headers={"Accept": "*/*"})
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")


@pytest.mark.parametrize("path", PAGES)
async def test_node_of_another_version_serves_all_that_a_page_names(stranger: UcwaClient, path: str) -> None:
    """While nodes are upgraded one by one, a page and its files may come from different ones."""
    named = set(re.findall(r'(?:src|href)="/static/(\w+/[^"]+)"', (await page(stranger, path)).text))
    assert {href.rpartition(".")[2] for href in named} == {"js", "css"}
    for href in named:
        own, other = [
            await stranger.get(f"/static/{version}/{href.rpartition('/')[2]}", headers={"Accept": "*/*"})
            for version in (href.partition("/")[0], "0123456789ab")
        ]
        assert (other.status_code, other.content) == (200, own.content), href


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html, application/json"])
async def test_start_page_is_the_root_for_applications_and_the_console_for_browsers(
    stranger: UcwaClient, accept: str
) -> None:
    answer = await stranger.get("/", headers={"Accept": accept})
    assert answer.json()["rel"] == "root"


@pytest.mark.parametrize("path", ["/meetings", "/meet/lenea", "/%FF"])
async def test_unknown_path_is_a_page_for_browsers_and_an_error_for_applications(
    stranger: UcwaClient, path: str
) -> None:
    answer = await stranger.get(path, headers={"Accept": BROWSER})
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Request-Id"] in answer.text
    assert "There is no page at this address" in answer.text
    answer = await stranger.get(path, headers={"Accept": "*/*"})
    assert (answer.status_code, answer.json()["code"]) == (404, "NotFound")


@pytest.mark.parametrize(
    "path",
    [
        "/ucwa/v1/applications/1/me",
        "/ucwa/v1/applications",
        "/ucwa/v1/applications/1/nothing",
        "/ucwa/v1/applications/%zz",
        "/Autodiscover/AutodiscoverService.svc/root/oauth/user",
    ],
)
@pytest.mark.parametrize("navigation", [{"Sec-Fetch-Dest": "document"}, {"Upgrade-Insecure-Requests": "1"}])
async def test_refused_browser_gets_a_page(stranger: UcwaClient, path: str, navigation: dict[str, str]) -> None:
    answer = await stranger.get(path, headers={"Accept": BROWSER, **navigation})
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "text/html; charset=utf-8")
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Request-Id"] in answer.text
    assert "MsRtcOAuth" in answer.headers["WWW-Authenticate"]


async def test_address_that_only_takes_posts_is_a_page_for_browsers(stranger: UcwaClient) -> None:
    answer = await stranger.get("/WebTicket/oauthtoken", headers={"Accept": BROWSER, "Sec-Fetch-Dest": "document"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (405, "text/html; charset=utf-8")
    assert answer.headers["Allow"] == "POST"


async def test_frame_is_not_blank_for_a_person_who_opens_it(stranger: UcwaClient) -> None:
    assert "<p>Pages of other origins call this server" in (await page(stranger, "/xframe")).text


async def test_application_gets_the_error_though_it_prefers_html(stranger: UcwaClient) -> None:
    answer = await stranger.get("/ucwa/v1/applications/1/me", headers={"Accept": BROWSER})
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "application/xml; charset=utf-8")


def test_page_of_an_error_shows_the_reason_as_text() -> None:
    page = ErrorPages().answer(503, "<script>try</script> again", "id").body.decode()
    assert "&lt;script&gt;try&lt;/script&gt; again." in page
    assert "<h1>The server is busy</h1>" in page


async def test_page_for_unknown_paths_loads_only_existing_files(stranger: UcwaClient) -> None:
    answer = await stranger.get("/meetings", headers={"Accept": BROWSER})
    for href in re.findall(r'(?:src|href)="(/[^"]*)"', answer.text):
        assert (await stranger.get(href, headers={"Accept": "*/*"})).status_code == 200, href


async def test_name_and_logo_of_the_server_are_shown(make_service: Make, connect: Connect, tmp_path: Path) -> None:
    logo = tmp_path / "logo.svg"
    logo.write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    client = connect(await make_service(page_name="Contoso <Meetings>", page_logo=str(logo)))
    text = (await page(client, "/")).text
    assert '<title translate="no">Contoso &lt;Meetings&gt;</title>' in text
    assert ">openucwa<" not in text
    answer = await client.get("/static/logo", headers={"Accept": "*/*"})
    assert (answer.content, answer.headers["Content-Type"]) == (logo.read_bytes(), "image/svg+xml")
    navigation = {"Accept": BROWSER, "Sec-Fetch-Dest": "document"}
    refused = await client.get("/ucwa/v1/applications/1/me", headers=navigation)
    assert 'src="/static/logo"' in refused.text
    assert ">openucwa<" not in refused.text
    assert "icon.svg" not in refused.text


async def test_console_knows_how_long_meetings_stay_open_after_their_end(make_service: Make, connect: Connect) -> None:
    client = connect(await make_service(meeting_grace_period=600))
    assert 'data-grace="600"' in (await page(client, "/")).text


async def test_logo_is_that_of_the_software_without_the_setting(stranger: UcwaClient) -> None:
    answer = await stranger.get("/static/logo", headers={"Accept": "*/*"})
    assert answer.content == (await stranger.get("/static/icon.svg", headers={"Accept": "*/*"})).content
