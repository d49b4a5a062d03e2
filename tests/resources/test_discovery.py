"""root, user and what leads to them: how a client finds its server."""

import pytest

from openucwa.app import Service
from openucwa.config_options import Pool
from tests.client import UcwaClient, add_user
from tests.conftest import Connect, Make
from tests.resources.messages import assert_refused

SERVICE = "/Autodiscover/AutodiscoverService.svc/root"
BASE = "https://ucwa.example.com"
BEARER = (
    'Bearer trusted_issuers="00000002-0000-0ff1-ce00-000000000000@ucwa.example.com", '
    'client_id="00000004-0000-0ff1-ce00-000000000000"'
)


@pytest.mark.parametrize(
    "path", ["/", "/?sipuri=sip:lenea@contoso.com", SERVICE, f"{SERVICE}?originalDomain=contoso.com"]
)
async def test_root_needs_no_token_and_links_absolutely(service: Service, connect: Connect, path: str) -> None:
    answer = await connect(service).get(path)
    links = answer.json()["_links"]
    assert (answer.status_code, list(links)) == (200, ["self", "user", "xframe"])
    assert all(link["href"].startswith(f"{BASE}/Autodiscover/") for link in links.values())


@pytest.mark.parametrize(
    ("query", "domain"),
    [
        ("?originalDomain=contoso.com", "contoso.com"),
        ("?sipuri=sip:a@fabrikam.com", "fabrikam.com"),
        ("", "ucwa.example.com"),
    ],
)
async def test_user_href_of_root_always_has_a_query(
    service: Service, connect: Connect, query: str, domain: str
) -> None:
    links = (await connect(service).get("/" + query)).json()["_links"]
    assert links["user"]["href"] == f"{BASE}{SERVICE}/oauth/user?originalDomain={domain}"


async def test_root_is_the_same_over_http(service: Service, connect: Connect) -> None:
    secure, plain = connect(service), connect(service, "http://ucwa.example.com")
    assert (await plain.get("/")).content == (await secure.get("/")).content


@pytest.mark.parametrize("path", ["/", SERVICE, f"{SERVICE}/oauth/user"])
async def test_discovery_answers_head(service: Service, connect: Connect, path: str) -> None:
    client = connect(service)
    head, get = await client.request("HEAD", path), await client.get(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers.get("Content-Length") == get.headers.get("Content-Length")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("accept", ["application/json", "*/*", "text/html"])
async def test_user_without_a_token_says_where_to_get_one(
    service: Service, connect: Connect, method: str, accept: str
) -> None:
    answer = await connect(service).request(method, f"{SERVICE}/oauth/user", headers={"Accept": accept})
    assert answer.status_code == 401
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers.get_list("WWW-Authenticate") == [
        BEARER,
        f'MsRtcOAuth href="{BASE}/WebTicket/oauthtoken",grant_type="urn:microsoft.rtc:anonmeeting,password"',
    ]


async def test_no_other_header_of_a_401_contains_a_url(service: Service, connect: Connect) -> None:
    answer = await connect(service).get(f"{SERVICE}/oauth/user")
    others = [value for name, value in answer.headers.multi_items() if name != "www-authenticate"]
    assert not [value for value in others if "://" in value]


async def test_only_enabled_grants_are_offered(make_service: Make, connect: Connect) -> None:
    answer = await connect(await make_service(anonymous=False)).get(f"{SERVICE}/oauth/user")
    assert 'grant_type="password"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "path", [f"{SERVICE}/user", f"{SERVICE}/oauth/user", "/autodiscover//AUTODISCOVERSERVICE.SVC/root/oauth/user/"]
)
async def test_user_leads_to_the_applications(lene: UcwaClient, path: str) -> None:
    answer = await lene.get(path)
    assert list(answer.json()["_links"]) == ["self", "applications", "xframe"]
    assert answer.json()["_links"]["applications"]["href"] == f"{BASE}/ucwa/v1/applications"


@pytest.mark.parametrize(
    ("backup", "target"), [(None, "https://east.example.com"), ("west", "https://west.example.com")]
)
async def test_user_of_another_pool_is_redirected(
    make_service: Make, connect: Connect, backup: str | None, target: str
) -> None:
    pools = (Pool("east", "https://east.example.com", backup), Pool("west", "https://west.example.com"))
    service = await make_service(pools=pools)
    await add_user(service, "sip:eva@contoso.com", "Eva", pool="east")
    eva = connect(service)
    granted = await eva.sign_in("eva@contoso.com")
    assert "Link" not in granted.headers
    links = (await eva.get(f"{SERVICE}/oauth/user")).json()["_links"]
    assert links["redirect"]["href"] == target
    assert "applications" not in links
    redirect = (await eva.get(f"{SERVICE}/user/redirect")).json()
    assert redirect["rel"] == "redirect"
    assert redirect["_links"]["user"]["href"] == f"{target}{SERVICE}/oauth/user"
    assert redirect["_links"]["xframe"]["href"] == f"{target}/Autodiscover/XFrame/XFrame.html"


async def test_answer_with_a_token_leads_to_the_applications(lene: UcwaClient) -> None:
    granted = await lene.sign_in("lenea@contoso.com")
    assert granted.headers["Link"] == f'<{BASE}/ucwa/v1/applications>; rel="openucwa:applications"'


async def test_user_of_this_pool_has_no_redirect(lene: UcwaClient) -> None:
    assert_refused(await lene.get(f"{SERVICE}/user/redirect"), 404, "NotFound", "ResourceNotFound")


@pytest.mark.parametrize(
    ("settings", "base_url", "host", "expected"),
    [
        ({"public_url": "https://public.example.com"}, "http://any:1", "any:1", "https://public.example.com"),
        ({}, "http://localhost:8080", "localhost:8080", "http://localhost:8080"),
        ({}, "http://127.0.0.1:8080", "evil.example.com", "http://127.0.0.1:8080"),
        ({"hosts": ("lync.example.com",)}, "http://lync.example.com", "LYNC.example.com", "http://lync.example.com"),
        ({"listen": ("http://10.0.0.1:80", "https://10.0.0.1:443")}, "http://10.0.0.1", "10.0.0.1", "https://10.0.0.1"),
        ({"listen": ("http://10.0.0.1:80", "https://10.0.0.1:8443")}, "http://x", "x", "https://10.0.0.1:8443"),
    ],
)
async def test_absolute_hrefs_begin_with_an_address_of_this_server(
    make_service: Make, connect: Connect, settings: dict[str, object], base_url: str, host: str, expected: str
) -> None:
    service = await make_service(**{"public_url": None, **settings})
    answer = await connect(service, base_url).get("/", headers={"Host": host})
    assert answer.json()["_links"]["xframe"]["href"] == f"{expected}/Autodiscover/XFrame/XFrame.html"


@pytest.mark.parametrize("path", ["/xframe", "/Autodiscover/XFrame/XFrame.html", "/autodiscover/xframe/xframe.html"])
async def test_frame_is_a_page_that_only_listed_origins_may_embed(
    make_service: Make, connect: Connect, path: str
) -> None:
    service = await make_service(allow_origin=("https://app.example.com",))
    answer = await connect(service).get(path, headers={"Accept": "text/html"})
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "frame-ancestors https://app.example.com" in answer.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in answer.headers


@pytest.mark.parametrize("accept", ["text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", "text/html, */*; q=0.01"])
async def test_libraries_whose_default_accept_names_html_get_the_root(
    service: Service, connect: Connect, accept: str
) -> None:
    answer = await connect(service).get("/", headers={"Accept": accept})
    assert answer.json()["rel"] == "root"


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
        {"Accept": "*/*", "Sec-Fetch-Dest": "document"},
        {"Accept": "*/*", "Upgrade-Insecure-Requests": "1"},
    ],
)
async def test_browsers_get_the_landing_page(service: Service, connect: Connect, headers: dict[str, str]) -> None:
    answer = await connect(service).get("/", headers=headers)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", ["/Autodiscover/AutodiscoverService.svc", "/autodiscover/autodiscoverservice.svc/"])
async def test_service_without_its_last_segment_is_the_root_too(service: Service, connect: Connect, path: str) -> None:
    client = connect(service)
    assert (await client.get(path)).json() == (await client.get(SERVICE)).json()
