"""batch: several requests in one."""

import pytest

from tests.client import UcwaClient, extensions_of
from tests.conftest import Connect, Make
from tests.resources.messages import assert_refused

TYPE = "multipart/batching; boundary=b"


def part(request: str, *headers: str, body: str = "") -> str:
    """One part with one request."""
    lines = [request + " HTTP/1.1", "Host: x", *headers]
    return "--b\r\nContent-Type: application/http; msgtype=request\r\n\r\n" + "\r\n".join(lines) + f"\r\n\r\n{body}\r\n"


async def batch(
    client: UcwaClient, *parts: str, content_type: str = TYPE, end: str = "--b--\r\n"
) -> tuple[list[str], str]:
    """Sends the parts; the status lines of the answer's parts, and all of it."""
    answer = await client.post(
        f"{client.app}/batch",
        content=("".join(parts) + end).encode(),
        headers={"Content-Type": content_type, "Accept": "multipart/batching"},
    )
    assert answer.status_code == 200, answer.text
    return [line for line in answer.text.splitlines() if line.startswith("HTTP/1.1 ")], answer.text


async def test_answers_come_in_the_order_of_the_requests(lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    extensions = extensions_of(meeting)
    json = "Content-Type: application/json"
    statuses, _ = await batch(
        lene,
        part(f"POST {extensions}", json, body='{"id":"a"}'),
        part(f"POST {extensions}", json, body='{"id":"a"}'),
        part(f"GET {extensions}/a"),
        part(f"DELETE {extensions}/a"),
        part(f"GET {extensions}/a"),
    )
    assert statuses == [
        "HTTP/1.1 201 Created",
        "HTTP/1.1 409 Conflict",
        "HTTP/1.1 200 OK",
        "HTTP/1.1 204 No Content",
        "HTTP/1.1 404 Not Found",
    ]


async def test_part_has_its_content_type_last_and_its_body_on_one_line(lene: UcwaClient) -> None:
    _, text = await batch(lene, part(f"GET {lene.app}/me", "Accept: application/json"))
    head, _, body = text.partition("HTTP/1.1 200 OK\r\n")[2].partition("\r\n\r\n")
    assert head.splitlines()[-1] == "Content-Type: application/json; charset=utf-8"
    assert body.splitlines()[0].startswith('{"rel":"me"')
    assert text.partition("\r\n\r\n")[0].endswith("Content-Type: application/http; msgtype=response")


async def test_parts_run_as_the_user_of_the_batch(lene: UcwaClient, dana: UcwaClient) -> None:
    token = f"Authorization: Bearer {dana.token}"
    statuses, text = await batch(lene, part(f"GET {lene.app}/me", token), part(f"GET {dana.app}/me", token))
    assert statuses == ["HTTP/1.1 200 OK", "HTTP/1.1 404 Not Found"]
    assert "Dana" not in text


@pytest.mark.parametrize("what", ["events?ack=1", "batch", "photo", "openucwa/password"])
async def test_unbatchable_part_is_refused_alone(lene: UcwaClient, what: str) -> None:
    method = "POST" if what == "batch" else "GET"
    statuses, _ = await batch(lene, part(f"{method} {lene.app}/{what}"), part(f"GET {lene.app}/me"))
    assert statuses == ["HTTP/1.1 400 Bad Request", "HTTP/1.1 200 OK"]


async def test_old_clients_data_line_is_the_body(lene: UcwaClient) -> None:
    request = part(f"POST {lene.meetings}", "Content-Type: application/json", 'Data: {"subject":"from a line"}')
    statuses, text = await batch(lene, request)
    assert statuses == ["HTTP/1.1 201 Created"]
    assert '"subject":"from a line"' in text


@pytest.mark.parametrize("content_type", ['multipart/batching;boundary="b"', "multipart/batching;boundary=b"])
@pytest.mark.parametrize("end", ["--b--\r\n", "--b\r\n", "--b--"])
async def test_any_boundary_is_accepted(lene: UcwaClient, content_type: str, end: str) -> None:
    statuses, _ = await batch(lene, "\r\n", part(f"GET {lene.app}/me"), content_type=content_type, end=end)
    assert statuses == ["HTTP/1.1 200 OK"]


async def test_a_hundred_parts_are_accepted_and_one_more_is_not(lene: UcwaClient) -> None:
    statuses, _ = await batch(lene, *[part(f"GET {lene.app}/policies")] * 100)
    assert statuses == ["HTTP/1.1 200 OK"] * 100
    content = "".join([part(f"GET {lene.app}/policies")] * 101) + "--b--"
    answer = await lene.post(
        f"{lene.app}/batch", content=content, headers={"Content-Type": TYPE, "Accept": "multipart/batching"}
    )
    assert_refused(answer, 429, "TooManyRequests")
    assert answer.headers["Retry-After"] == "1"


async def test_batch_over_the_users_limit_is_refused_whole(make_service: Make, connect: Connect) -> None:
    lene = connect(await make_service(max_requests_in_flight=2))
    await lene.sign_in("lenea@contoso.com")
    await lene.open()
    create = part(f"POST {lene.meetings}", "Content-Type: application/json", body="{}")
    answer = await lene.post(
        f"{lene.app}/batch",
        content=create * 3 + "--b--",
        headers={"Content-Type": TYPE, "Accept": "multipart/batching"},
    )
    assert_refused(answer, 429, "TooManyRequests")
    assert answer.headers["Retry-After"] == "1"
    meetings = (await lene.get(lene.meetings)).json()["_embedded"]["myOnlineMeeting"]
    assert meetings == []
    statuses, _ = await batch(lene, create, create)
    assert statuses == ["HTTP/1.1 201 Created"] * 2


@pytest.mark.parametrize("accept", ["application/json", "application/xml", "text/html", "*/*"])
async def test_batch_is_answered_multipart_for_any_accept_header(lene: UcwaClient, accept: str) -> None:
    content = part(f"GET {lene.app}/me") + "--b--"
    headers = {"Content-Type": TYPE, "Accept": accept}
    answer = await lene.post(f"{lene.app}/batch", content=content, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("multipart/batching")


async def test_body_of_another_type_is_refused(lene: UcwaClient) -> None:
    content = part(f"GET {lene.app}/me") + "--b--"
    wrong = {"Content-Type": "application/json"}
    assert_refused(await lene.post(f"{lene.app}/batch", content=content, headers=wrong), 415, "UnsupportedMediaType")
