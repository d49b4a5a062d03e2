"""A handler as an ASGI application: requests, bodies, and clients that go away. A scripted client, no sockets."""

import asyncio
from collections.abc import Callable

import pytest

from openucwa.http.message import BodyFault, Request, Response
from openucwa.server.asgi import AsgiApp, Message
from tests.world import until

MOST = 10
LENGTH_4 = (b"content-length", b"4")
CHUNKED = (b"transfer-encoding", b"chunked")


class Handler:
    """Answers 200 with `ok` and remembers what it was given."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.answer: Callable[[Request], Response] = lambda _: Response(status=200, body=b"ok")

    async def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        return self.answer(request)

    @property
    def request(self) -> Request:
        (request,) = self.requests
        return request


class ScriptedClient:
    """A client: gives its messages one by one, then is silent, or goes away when the test says so."""

    def __init__(self, *messages: Message) -> None:
        self._messages = list(messages)
        self.asked = 0
        self.gone = asyncio.Event()
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        self.asked += 1
        if self._messages:
            return self._messages.pop(0)
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])


def part(body: bytes, *, last: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": not last}


@pytest.fixture
def handler() -> Handler:
    return Handler()


async def run(handler: Handler, client: ScriptedClient, *headers: tuple[bytes, bytes], method: str = "POST") -> None:
    app = AsgiApp(handler, lambda _: MOST, 0.05, lambda: "id1")
    scope = {
        "type": "http",
        "method": method,
        "path": "/a/b",
        "raw_path": b"/a%2Fb",
        "query_string": b"x=1",
        "scheme": "https",
        "client": ("192.0.2.7", 5),
        "server": ("ucwa.example.com", 443),
        "headers": list(headers),
    }
    await app(scope, client.receive, client.send)


async def test_request_matches_the_scope(handler: Handler) -> None:
    await run(handler, ScriptedClient(), (b"accept", b"a"), (b"accept", b"b"), (b"host", b"h"), method="GET")
    assert handler.request.method == "GET"
    assert (handler.request.path, handler.request.query) == (b"/a%2Fb", b"x=1")
    assert handler.request.headers == {b"accept": b"a, b", b"host": b"h"}
    assert (handler.request.scheme, handler.request.client) == ("https", "192.0.2.7")
    assert (handler.request.server, handler.request.id) == (("ucwa.example.com", 443), "id1")


async def test_response_is_one_head_and_one_body(handler: Handler) -> None:
    client = ScriptedClient()
    await run(handler, client, method="GET")
    assert [message["type"] for message in client.sent] == ["http.response.start", "http.response.body"]
    assert (client.headers[b"content-length"], client.sent[1]["body"]) == (b"2", b"ok")


async def test_head_is_answered_without_the_body_but_with_its_length(handler: Handler) -> None:
    client = ScriptedClient()
    await run(handler, client, method="HEAD")
    assert (client.headers[b"content-length"], client.sent[1]["body"]) == (b"2", b"")


@pytest.mark.parametrize("status", [204, 304])
async def test_response_without_a_body_has_no_length(handler: Handler, status: int) -> None:
    handler.answer = lambda _: Response(status=status)
    client = ScriptedClient()
    await run(handler, client, method="GET")
    assert b"content-length" not in client.headers


async def test_parts_of_a_body_are_joined(handler: Handler) -> None:
    await run(handler, ScriptedClient(part(b"ab", last=False), part(b"cd")), LENGTH_4)
    assert handler.request.body == b"abcd"


@pytest.mark.parametrize("headers", [(), ((b"content-length", b"0"),)])
async def test_request_without_a_body_is_not_waited_for(
    handler: Handler, headers: tuple[tuple[bytes, bytes], ...]
) -> None:
    client = ScriptedClient()
    await run(handler, client, *headers)
    assert (handler.request.body, handler.request.fault, client.asked) == (b"", None, 0)


async def test_body_of_the_maximum_size_is_accepted(handler: Handler) -> None:
    await run(handler, ScriptedClient(part(b"x" * MOST)), CHUNKED)
    assert handler.request.body == b"x" * MOST


async def test_body_announced_as_too_large_is_not_read(handler: Handler) -> None:
    client = ScriptedClient(part(b"x" * 11))
    await run(handler, client, (b"content-length", b"11"))
    assert (handler.request.fault, handler.request.body, client.asked) == (BodyFault.TOO_LARGE, b"", 0)


async def test_reading_stops_when_a_body_becomes_too_large(handler: Handler) -> None:
    client = ScriptedClient(part(b"x" * 6, last=False), part(b"x" * 6, last=False), part(b"x"))
    await run(handler, client, CHUNKED)
    assert (handler.request.fault, client.asked) == (BodyFault.TOO_LARGE, 2)


async def test_body_that_does_not_come_in_time_is_a_fault(handler: Handler) -> None:
    await run(handler, ScriptedClient(part(b"ab", last=False)), LENGTH_4)
    assert (handler.request.fault, handler.request.body) == (BodyFault.TOO_SLOW, b"")


async def test_aborted_request_is_not_handled(handler: Handler) -> None:
    client = ScriptedClient(part(b"ab", last=False), {"type": "http.disconnect"})
    await run(handler, client, LENGTH_4)
    assert (handler.requests, client.sent) == ([], [])


async def test_response_may_end_the_connection(handler: Handler) -> None:
    handler.answer = lambda _: Response(status=413, close=True)
    client = ScriptedClient(part(b"x" * 11))
    await run(handler, client, (b"content-length", b"11"))
    assert client.headers[b"connection"] == b"close"


async def test_waiting_handler_is_notified_of_the_disconnect() -> None:
    gone = asyncio.Event()

    async def handler(request: Request) -> Response:
        assert request.connection is not None
        request.connection.park(gone.set)
        await gone.wait()
        request.connection.park(None)
        return Response(status=499)

    client = ScriptedClient()
    app = AsgiApp(handler, lambda _: MOST, 5.0, lambda: "id1")
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "scheme": "http", "headers": []}
    answering = asyncio.create_task(app(scope, client.receive, client.send))
    await until(lambda: client.asked > 0)
    client.gone.set()
    await answering
    assert client.sent == []
