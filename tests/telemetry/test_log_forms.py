"""The log as JSON, the request's id in all that is said of it, and what is in neither form."""

import json
import logging
from base64 import b64encode
from typing import Any

import pytest

from openucwa.http.message import Request, Response
from openucwa.model.measures import Measures
from openucwa.telemetry.access_log import AccessLog
from openucwa.telemetry.log import LogLines, route_logging
from tests.client import PASSWORD
from tests.telemetry.watching import Lines, Watch
from tests.world import FakeWorld

WHEN = "2023-11-14T22:13:20.000Z"
ANSWER = Response(status=200, body=b"abc", rel="application", identity="sip:lenea@contoso.com")


def logged(
    response: Response | None = ANSWER, form: str = "json", worker: int | None = None, path: bytes = b"/a"
) -> str:
    """What is logged of a request with this response."""
    writer = Lines()
    request = Request(method="GET", path=path, client="192.0.2.1", id="9f3a")
    AccessLog(LogLines(writer, "info", FakeWorld(), form, worker), Measures()).answered(request, response, 0.0012)
    return writer.stream.getvalue()


def test_request_is_one_object() -> None:
    assert json.loads(logged()) == {
        "time": WHEN,
        "level": "info",
        "method": "GET",
        "path": "/a",
        "status": 200,
        "ms": 1.2,
        "bytes": 3,
        "client": "192.0.2.1",
        "rel": "application",
        "user": "sip:lenea@contoso.com",
        "id": "9f3a",
    }


def test_unknown_fields_are_left_out_and_a_missing_status_is_null() -> None:
    fields = json.loads(logged(None))
    assert fields["status"] is None
    assert not {"user", "rel", "note", "worker"} & set(fields)


@pytest.mark.parametrize("form", ["text", "json"])
def test_reason_of_a_refusal_is_in_the_line(form: str) -> None:
    said = logged(Response(status=503, note="the database at 10.0.0.5 does not answer\nforged"), form)
    assert " error " in said or json.loads(said)["level"] == "error"
    assert r"the database at 10.0.0.5 does not answer\nforged" in said.replace("\\\\", "\\")


@pytest.mark.parametrize("form", ["text", "json"])
def test_client_input_is_escaped_on_one_line(form: str) -> None:
    said = logged(form=form, path="/a\r\n2023 \x1b[31m\u2028\u202e\ud800".encode("utf-8", "replace"))
    assert len(said.splitlines()) == 1
    assert said.removesuffix("\n").isprintable()


def test_lines_of_a_worker_contain_its_number() -> None:
    assert json.loads(logged(worker=3))["worker"] == 3
    assert logged(form="text", worker=3).startswith(f"{WHEN} info worker=3 GET /a 200 ")


def test_messages_of_logging_are_objects_too() -> None:
    writer = Lines()
    undo = route_logging(LogLines(writer, "info", FakeWorld(), "json"))
    try:
        logging.getLogger("other").error("a\nb\ud800", exc_info=ValueError("c\nd"), extra={"request_id": "9f3a"})
        logging.getLogger("other").info("e")
    finally:
        undo()
    first, second = (json.loads(line) for line in writer.stream.getvalue().splitlines())
    assert first.pop("trace").splitlines() == ["ValueError: c", "d"]
    assert first == {"time": WHEN, "level": "error", "logger": "other", "message": "a\\nb\\ud800", "id": "9f3a"}
    assert second == {"time": WHEN, "level": "info", "logger": "other", "message": "e"}


async def test_traceback_has_the_id_of_its_request(watch: Watch) -> None:
    async with watch(log_format="json") as server, server.client() as client:
        answer = await fault(server, client)
    (trace,) = [line for line in server.objects() if "trace" in line]
    (request,) = [line for line in server.objects() if line.get("status") == 500]
    assert trace["id"] == request["id"] == answer.headers["x-request-id"]
    assert trace["trace"].endswith("RuntimeError: broken")


async def test_traceback_has_the_id_of_its_request_in_text_too(watch: Watch) -> None:
    async with watch() as server, server.client() as client:
        answer = await fault(server, client)
    (line,) = [line for line in server.lines() if "a request failed" in line]
    assert line.endswith(f" id={answer.headers['x-request-id']}")


async def fault(server: Any, client: Any) -> Any:
    async def broken(_local_part: str) -> None:
        raise RuntimeError("broken")

    server.service.store.users.with_local_part = broken
    form = {"grant_type": "password", "username": "lenea@contoso.com", "password": "x" * 20}
    answer = await client.http.post("/WebTicket/oauthtoken", data=form)
    assert answer.status_code == 500
    return answer


@pytest.mark.parametrize("form", ["text", "json"])
async def test_no_secret_in_a_request_is_logged(watch: Watch, form: str) -> None:
    async with watch(log_format=form, level="debug") as server, server.client() as client:
        await client.sign_in("lenea@contoso.com")
        await client.open()
        token = client.token or "none"
        http = client.http
        places: list[dict[str, Any]] = [
            {"headers": {"Authorization": f"Bearer {token}"}},
            {"headers": {"Authorization": f"Bearer {token}x"}},
            {"headers": {"Authorization": f"Basic {token}"}},
            {"headers": {"Authorization": token}},
            {"headers": {"Cookie": f"cwt={token}"}},
            {"headers": {"X-Token": token, "traceparent": token, "X-Forwarded-For": token}},
            {
                "headers": {
                    "If-Match": token,
                    "Accept": token,
                    "Content-Type": token,
                    "Host": token.partition("=")[0],
                }
            },
            {"headers": {"X-MS-RequiresMinResourceVersion": token}},
            {"params": {"access_token": token, token: token}},
            {"json": {"password": PASSWORD, token: token}},
            {"content": f"<a>{token}"},
            {"data": {"grant_type": "password", "username": token, "password": token}},
            {"data": {"grant_type": "password", "username": "lenea@contoso.com", "password": f"{PASSWORD}!"}},
            {"data": {"grant_type": token}},
        ]
        for path in ("/", client.app, client.meetings, f"{client.app}/batch", "/WebTicket/oauthtoken", "/nowhere"):
            for place in places:
                for method in ("GET", "POST", "PUT"):
                    await http.request(method, path, **place)
        await http.get("/?ticket=" + token, headers={"Referer": f"https://a/?{token}"})
        await http.get(f"http://user:{PASSWORD}@127.0.0.1:{server.url.rpartition(':')[2]}/")
    said = server.log.getvalue()
    assert said.count("/nowhere") == 3 * len(places)
    for secret in (
        token,
        token.removeprefix("cwt="),
        PASSWORD,
        PASSWORD.replace(" ", "+"),
        PASSWORD.replace(" ", "%20"),
    ):
        assert secret not in said
    assert b64encode(f"user:{PASSWORD}".encode()).decode() not in said
