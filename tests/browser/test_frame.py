"""Pages of other origins at the frame, in Chromium."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.browser.conftest import EmbeddingSite
from tests.client import PASSWORD, extensions_of, self_of
from tests.process.running import LIMIT, RunningServer

pytestmark = pytest.mark.asyncio(loop_scope="session")

JSON = "application/json"
#: As Microsoft's own sample client writes it.
FORM = "application/x-www-form-urlencoded;charset='utf-8'"


class Answer:
    """What the frame posted back."""

    def __init__(self, message: dict[str, Any]) -> None:
        self.status: int = message["status"]
        self.status_text: str = message["statusText"]
        self.text: str = message["responseText"]
        lines: list[str] = message["headers"].split("\r\n") if message["headers"] else []
        self.headers: dict[str, str] = dict(line.split(": ", 1) for line in lines)

    @property
    def json(self) -> dict[str, Any]:
        """The body, of an answer that went well."""
        assert self.status in {200, 201}, self.text
        value: dict[str, Any] = json.loads(self.text)
        return value


class Client:
    """A page that talks to the frame. `token`: what it shows with each request."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.token: str | None = None

    async def enter(self, server: RunningServer) -> None:
        """Embeds the frame, where the root says that it is."""
        root = await self.page.evaluate("url => discover(url)", f"{server.urls[0]}/")
        await self.page.evaluate("url => embed(url)", root["_links"]["xframe"]["href"])

    async def ask(self, method: str, url: str, **message: Any) -> Answer:
        """Posts a request. `wrapped`: in the form {request: ...}."""
        wrapped = message.pop("wrapped", False)
        headers = {"Accept": JSON, **message.pop("headers", {})}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        request = {"type": method, "url": url, "headers": headers, **message}
        return Answer(await self.page.evaluate("([request, wrapped]) => ask(request, wrapped)", [request, wrapped]))

    async def send(self, method: str, url: str, data: dict[str, Any], etag: str | None = None) -> Answer:
        """Posts a request with a body in JSON."""
        headers = {"Content-Type": JSON} | ({} if etag is None else {"If-Match": etag})
        return await self.ask(method, url, data=json.dumps(data), headers=headers)

    async def sign_in(self, url: str) -> None:
        form = urlencode({"grant_type": "password", "username": "lenea@contoso.com", "password": PASSWORD})
        granted = await self.ask("post", url, data=form, contentType=FORM)
        self.token = granted.json["access_token"]

    async def open(self, applications: str = "/ucwa/v1/applications") -> dict[str, Any]:
        body = {"culture": "en-US", "endpointId": "page", "userAgent": "page"}
        return (await self.send("POST", applications, body)).json


@pytest_asyncio.fixture(loop_scope="session")
async def page(chromium: Browser) -> AsyncIterator[Page]:
    """A tab of its own; https certificates are not looked at."""
    async with await chromium.new_context(ignore_https_errors=True) as context:
        context.set_default_timeout(LIMIT * 1000)
        yield await context.new_page()


@pytest_asyncio.fixture(loop_scope="session")
async def client(page: Page, listed: EmbeddingSite) -> Client:
    """A page of the listed origin."""
    await page.goto(listed.page)
    return Client(page)


@pytest_asyncio.fixture(loop_scope="session")
async def framed(client: Client, plain: RunningServer) -> Client:
    """A page of the listed origin that has embedded the frame."""
    await client.enter(plain)
    return client


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_page_of_a_listed_origin_does_the_whole_job(
    scheme: str, client: Client, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server: RunningServer = request.getfixturevalue("plain" if scheme == "http" else "secure")

    root = await client.page.evaluate("url => discover(url)", f"{server.urls[0]}/")
    user, frame = (urlsplit(root["_links"][rel]["href"]) for rel in ("user", "xframe"))
    assert user.scheme == frame.scheme == scheme
    await client.page.evaluate("url => embed(url)", frame.geturl())

    # Discovery and the challenge.
    assert (await client.ask("GET", "/")).json == root
    challenge = await client.ask("GET", user.geturl())
    assert (challenge.status, challenge.status_text) == (401, "Unauthorized")
    token_url = f"{scheme}://{user.netloc}/WebTicket/oauthtoken"
    assert f'MsRtcOAuth href="{token_url}",grant_type="urn:' in challenge.headers["WWW-Authenticate"]
    assert "Bearer trusted_issuers=" in challenge.headers["WWW-Authenticate"]

    # A wrong password, and the right one.
    refused = await client.ask(
        "POST", token_url, data="grant_type=password&username=a%40b&password=c", contentType=FORM
    )
    assert (refused.status, json.loads(refused.text)) == (400, {"error": "invalid_grant"})
    assert ';reason="' in refused.headers["X-Ms-diagnostics"]
    await client.sign_in(token_url)

    # An application and a meeting.
    applications = (await client.ask("GET", user.geturl())).json["_links"]["applications"]["href"]
    application = await client.open(applications)
    meetings = application["_embedded"]["onlineMeetings"]["_links"]["myOnlineMeetings"]["href"]
    meeting = (await client.send("POST", meetings, {"subject": "across origins"})).json

    # An extension, from its creation to its end.
    created = await client.send("POST", extensions_of(meeting), {"id": "a/b %", "agenda": ["één", "два"]})
    assert created.status == 201
    extension = created.json
    href = self_of(extension)
    assert created.headers["Location"] == href
    assert created.headers["ETag"] == f'"{extension["etag"]}"'
    assert created.headers["Content-Type"].startswith(JSON)
    assert (await client.ask("GET", href)).json == extension
    unchanged = await client.ask("GET", href, headers={"If-None-Match": created.headers["ETag"]})
    assert (unchanged.status, unchanged.text) == (304, "")
    replaced = await client.send("PUT", href, extension | {"agenda": ["three"]}, created.headers["ETag"])
    assert replaced.json["agenda"] == ["three"]
    assert replaced.headers["ETag"] != created.headers["ETag"]
    stale = await client.send("PUT", href, extension, created.headers["ETag"])
    assert (stale.status, json.loads(stale.text)["code"]) == (412, "PreconditionFailed")
    removed = await client.ask("DELETE", href)
    assert (removed.status, removed.text) == (204, "")
    assert (await client.ask("GET", href)).status == 404
    assert (await client.ask("DELETE", self_of(meeting))).status == 204

    await client.page.screenshot(path=tmp_path / f"{scheme}.png", full_page=True)


async def test_request_may_be_wrapped_and_say_its_media_types_in_members_of_their_own(framed: Client) -> None:
    await framed.sign_in("/WebTicket/oauthtoken")
    body = {"culture": "en-US", "endpointId": "wrapped", "userAgent": "page"}
    message = {
        "type": "POST",
        "url": "/ucwa/v1/applications",
        "headers": {"Authorization": f"Bearer {framed.token}"},
        "accepts": "application/vnd.microsoft.com.ucwa+xml",
        "contentType": "application/vnd.microsoft.com.ucwa+json",
        "data": json.dumps(body),
        "xhrFields": {"withCredentials": True},
    }
    answer = Answer(await framed.page.evaluate("message => ask(message, true)", message))
    assert answer.status == 201
    assert answer.headers["Content-Type"].startswith("application/vnd.microsoft.com.ucwa+xml")
    assert answer.text.startswith("<?xml")


async def test_data_may_be_an_object_which_is_sent_as_json(framed: Client) -> None:
    await framed.sign_in("/WebTicket/oauthtoken")
    body = {"culture": "en-US", "endpointId": "object", "userAgent": "page"}
    answer = await framed.ask("POST", "/ucwa/v1/applications", data=body)
    assert answer.json["endpointId"] == "object"


async def test_headers_are_spelled_as_clients_look_them_up(framed: Client) -> None:
    answer = await framed.ask("GET", "/")
    assert {"Cache-Control", "Content-Length", "Content-Type", "X-MS-Server-Fqdn", "X-MS-UcwaVersion"} <= set(
        answer.headers
    )


async def test_frame_is_200_for_any_accept_header(framed: Client) -> None:
    frame = framed.page.frames[1].url
    for accept in (JSON, "*/*", "text/html"):
        answer = await framed.ask("GET", frame, headers={"Accept": accept})
        assert (answer.status, answer.status_text) == (200, "OK")


async def test_repeated_slashes_in_a_url_stay_on_this_host(framed: Client, plain: RunningServer) -> None:
    for slashes in ("//", "///"):
        await framed.sign_in(f"{plain.urls[0]}{slashes}WebTicket/oauthtoken")


async def test_request_for_another_host_is_refused(framed: Client) -> None:
    for url in (
        *("http://127.0.0.2/", "//127.0.0.2/", "/\\127.0.0.2/", "https://contoso.com/"),
        *("data:text/plain,a", "javascript:alert(1)"),
    ):
        answer = await framed.ask("GET", url)
        assert (answer.status, answer.status_text, answer.text) == (403, "Forbidden", "")
        assert ';reason="' in answer.headers["X-Ms-diagnostics"]


async def test_request_that_cannot_be_sent_is_answered_all_the_same(framed: Client) -> None:
    for message in (
        {"url": "http://["},
        {"url": "/", "type": "GET "},
        {"url": "/", "headers": {"not a name": "a"}},
    ):
        answer = Answer(await framed.page.evaluate("text => askText(text)", json.dumps(message)))
        assert (answer.status, answer.text) == (0, "")
    assert (await framed.ask("GET", "/")).status == 200


async def test_messages_that_are_no_requests_are_ignored(framed: Client) -> None:
    for text in ("", "null", "7", "true", '"text"', "{", "[object Object]"):
        await framed.page.evaluate("text => frame.postMessage(text, origin)", text)
    await framed.page.evaluate("() => frame.postMessage({url: '/', type: 'GET'}, origin)")
    assert (await framed.ask("GET", "/")).status == 200
    log = await framed.page.locator("#log").inner_text()
    assert "not asked" not in log


async def test_frame_may_be_embedded_by_the_listed_origins_alone(plain: RunningServer, listed: EmbeddingSite) -> None:
    async with httpx.AsyncClient(base_url=plain.urls[0], timeout=LIMIT) as http:
        answer = await http.get("/Autodiscover/XFrame/XFrame.html")
    assert answer.headers["Content-Security-Policy"].endswith(f"; frame-ancestors {listed.origin}")
    assert "X-Frame-Options" not in answer.headers


async def test_unlisted_origin_cannot_embed_the_frame(
    page: Page, plain: RunningServer, unlisted: EmbeddingSite
) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    await page.goto(unlisted.page)
    await page.evaluate("url => embed(url)", f"{plain.urls[0]}/Autodiscover/XFrame/XFrame.html")
    assert page.frames[1].url.startswith("chrome-error:")
    assert any("frame-ancestors" in text for text in said)


async def frame_in_window(page: Page, server: RunningServer) -> Client:
    """Opens the frame page in a window of its own, which frame-ancestors does not forbid to anybody."""
    async with page.expect_popup() as opened:
        await page.evaluate("url => openWindow(url)", f"{server.urls[0]}/Autodiscover/XFrame/XFrame.html")
    await (await opened.value).wait_for_load_state("load")
    return Client(page)


async def test_unlisted_origin_is_refused_and_nothing_reaches_the_server(
    page: Page, data: Path, listed: EmbeddingSite, unlisted: EmbeddingSite
) -> None:
    with RunningServer(data, "--allow-origin", listed.origin) as server:
        await page.goto(unlisted.page)
        client = await frame_in_window(page, server)
        for method, url in (("GET", "/openapi.json"), ("POST", "/WebTicket/oauthtoken"), ("GET", server.urls[0])):
            refused = await client.ask(method, url, data="")
            assert (refused.status, refused.status_text, refused.text) == (403, "Forbidden", "")
            assert refused.headers["X-Ms-diagnostics"].startswith("28070;source=")
            assert ';reason="' in refused.headers["X-Ms-diagnostics"]
        # The same way in from the listed origin shows that it is the origin that was refused.
        await page.goto(listed.page)
        served = await (await frame_in_window(page, server)).ask("GET", "/openapi.json")
        assert served.status == 200
    # Once the server has ended its log is whole.
    paths = [line.split(" ")[3] for line in server.log if " GET /" in line or " POST /" in line]
    assert paths.count("/openapi.json") == 1
    assert set(paths) == {"/Autodiscover/XFrame/XFrame.html", "/static/xframe.js", "/openapi.json"}


async def test_without_an_allow_list_every_origin_is_refused(page: Page, data: Path, listed: EmbeddingSite) -> None:
    with RunningServer(data) as server:
        await page.goto(listed.page)
        refused = await (await frame_in_window(page, server)).ask("GET", "/")
    assert refused.status == 403


async def test_page_without_an_origin_is_refused(page: Page, plain: RunningServer) -> None:
    await page.goto("data:text/html,<title>nobody</title>")
    async with page.expect_popup() as opened:
        await page.evaluate("url => { window.frame = open(url) }", f"{plain.urls[0]}/Autodiscover/XFrame/XFrame.html")
    await (await opened.value).wait_for_load_state("load")
    message = await page.evaluate("""() => {
        const answered = new Promise((done) => { onmessage = (event) => done(event.data); });
        frame.postMessage('{"type": "GET", "url": "/"}', "*");
        return answered;
    }""")
    assert Answer(json.loads(message)).status == 403


@pytest.mark.parametrize("given", ["originalDomain=fabrikam.com", {"originalDomain": "fabrikam.com"}])
async def test_data_of_a_get_go_into_the_query(framed: Client, given: Any) -> None:
    root = await framed.ask("GET", "/Autodiscover/AutodiscoverService.svc/root", data=given, processData=True)
    assert root.json["_links"]["user"]["href"].endswith("?originalDomain=fabrikam.com")
    behind = await framed.ask("GET", "/?sipuri=sip:a@contoso.com", data=given, processData=True)
    assert behind.json["_links"]["user"]["href"].endswith("?originalDomain=fabrikam.com")


@pytest.mark.parametrize("whole", [True, False])
async def test_data_of_a_post_that_are_to_be_processed_are_a_form(framed: Client, whole: bool) -> None:
    fields = {"grant_type": "password", "username": "lenea@contoso.com", "password": PASSWORD}
    data = urlencode(fields) if whole else fields
    granted = await framed.ask("POST", "/WebTicket/oauthtoken", data=data, processData=True)
    assert granted.json["token_type"] == "Bearer"
