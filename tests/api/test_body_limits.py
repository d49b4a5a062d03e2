"""How large a body may be before it is known who sends it."""

import pytest

from openucwa.app import Service
from openucwa.http.message import Request
from tests.client import UcwaClient
from tests.conftest import Connect, Make
from tests.world import FakeWorld

SMALL = 2_000
LARGE = 10_000


@pytest.fixture
async def service(make_service: Make) -> Service:
    return await make_service(max_body_bytes=LARGE, max_body_bytes_without_token=SMALL)


async def post(client: UcwaClient, href: str, size: int, **headers: str) -> int:
    body = b'{"subject":"' + b"x" * (size - 14) + b'"}'
    sent = {"Content-Type": "application/json", "Accept": "application/json", **headers}
    return (await client.http.post(href, content=body, headers=sent)).status_code


async def test_large_body_is_accepted_with_a_token(lene: UcwaClient) -> None:
    assert (
        await post(lene, lene.meetings, LARGE, Authorization=f"Bearer {lene.token}") == 400
    )  # the subject is too long
    assert await post(lene, lene.meetings, LARGE + 1, Authorization=f"Bearer {lene.token}") == 413


async def test_without_a_token_a_large_body_is_not_read(service: Service, connect: Connect) -> None:
    client = connect(service)
    form = {"grant_type": "password", "username": "lenea@contoso.com", "password": "x" * SMALL}
    assert (await client.http.post("/WebTicket/oauthtoken", data=form)).status_code == 413


@pytest.mark.parametrize("token", ["cwt=wrong", "cwt=a.b.c"])
async def test_large_body_with_an_invalid_token_is_not_read(service: Service, lene: UcwaClient, token: str) -> None:
    # Whether the body was read shows only where the token does not matter to the answer.
    answer = await lene.http.post(
        "/WebTicket/oauthtoken", content=b"x" * LARGE, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 413


async def test_large_body_with_an_expired_token_is_not_read(
    service: Service, lene: UcwaClient, world: FakeWorld
) -> None:
    await world.advance(service.config.token_lifetime + 1)
    answer = await lene.http.post(
        "/WebTicket/oauthtoken", content=b"x" * LARGE, headers={"Authorization": f"Bearer {lene.token}"}
    )
    assert answer.status_code == 413


async def test_large_body_for_an_unknown_path_is_not_read(service: Service, lene: UcwaClient) -> None:
    limit = service.body_limit
    for path, expected in ((lene.meetings, LARGE), (lene.app + "/nothing", SMALL), ("/else", SMALL)):
        headers = {b"authorization": f"Bearer {lene.token}".encode()}
        assert limit(Request(method="POST", path=path.encode(), headers=headers)) == expected
