"""Request bodies, read whole before the application runs. A scripted client, no sockets."""

import asyncio

import pytest

from openucwa.wire.asgi import AsgiApp, Message, Receive, Scope, Send
from openucwa.wire.whole_body import WholeBody
from tests.wire.serving import LIMIT, answer, too_slow
from tests.world import until


class App:
    """Answers 200 and keeps what it was given."""

    def __init__(self) -> None:
        self.bodies: list[bytes | None] = []
        self.received: list[Message] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.bodies.append(scope["openucwa.body"])
        self.received.append(await receive())
        await answer(send, 200, b"")
        self.received.append(await receive())


class Script:
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
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])


def part(body: bytes, *, last: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": not last}


@pytest.fixture
def app() -> App:
    return App()


async def run(app: App, client: Script, *headers: tuple[bytes, bytes], within: float = 5.0) -> None:
    layer = WholeBody(app, 10, within, too_slow)
    await layer({"type": "http", "headers": list(headers)}, client.receive, client.send)


LENGTH_4 = (b"content-length", b"4")
CHUNKED = (b"transfer-encoding", b"chunked")


async def test_the_parts_of_a_body_are_put_together(app: App) -> None:
    client = Script(part(b"ab", last=False), part(b"cd"))
    client.gone.set()
    await run(app, client, LENGTH_4)
    assert app.bodies == [b"abcd"]
    assert client.status == 200


async def test_the_application_receives_the_body_as_one_event_and_then_the_end_of_the_connection(app: App) -> None:
    client = Script(part(b"ab", last=False), part(b"cd"))
    running = asyncio.create_task(run(app, client, CHUNKED))
    await until(lambda: app.received)
    assert app.received == [part(b"abcd")]
    assert not running.done()
    client.gone.set()
    await running
    assert app.received[1] == {"type": "http.disconnect"}


async def test_a_request_without_a_body_is_not_waited_for(app: App) -> None:
    client = Script(part(b""))
    client.gone.set()
    await run(app, client, within=0)
    assert app.bodies == [b""]
    assert app.received == [part(b""), {"type": "http.disconnect"}]


async def test_a_length_of_nothing_is_no_body(app: App) -> None:
    client = Script(part(b""))
    client.gone.set()
    await run(app, client, (b"content-length", b"0"), within=0)
    assert app.bodies == [b""]


async def test_a_body_of_the_greatest_size_is_taken(app: App) -> None:
    client = Script(part(b"0123456789"))
    client.gone.set()
    await run(app, client, (b"content-length", b"10"))
    assert app.bodies == [b"0123456789"]
    assert b"connection" not in client.headers


async def test_a_body_that_is_announced_too_large_is_not_read() -> None:
    client = Script(part(b"0"))
    layer = WholeBody(_refuse_unread(client), 10, 5.0, too_slow)
    await layer({"type": "http", "headers": [(b"content-length", b"11")]}, client.receive, client.send)
    assert client.status == 413
    assert client.headers[b"connection"] == b"close"


async def test_reading_stops_where_a_body_becomes_too_large(app: App) -> None:
    client = Script(part(b"012345", last=False), part(b"678901", last=False), part(b"2"))
    client.gone.set()
    await run(app, client, CHUNKED)
    assert app.bodies == [None]
    assert client.headers[b"connection"] == b"close"
    assert app.received == [part(b""), {"type": "http.disconnect"}]


async def test_a_body_that_does_not_come_in_time_is_answered_for_the_application(app: App) -> None:
    client = Script(part(b"ab", last=False))
    await run(app, client, LENGTH_4, within=0.01)
    assert client.status == 408
    assert client.headers[b"connection"] == b"close"
    assert app.bodies == []


async def test_what_answers_for_the_application_does_not_wait_for_the_body_either() -> None:
    received: list[Message] = []

    async def receiving(scope: Scope, receive: Receive, send: Send) -> None:
        received.append(await receive())
        await answer(send, 408, b"")

    client = Script(part(b"ab", last=False))
    layer = WholeBody(App(), 10, 0.01, receiving)
    await asyncio.wait_for(layer({"type": "http", "headers": [LENGTH_4]}, client.receive, client.send), LIMIT)
    assert received == [part(b"")]


async def test_a_body_in_drops_gets_no_more_time_than_one_that_does_not_come(app: App) -> None:
    class Dripping(Script):
        async def receive(self) -> Message:
            await asyncio.sleep(0.02)
            return part(b"", last=False)

    client = Dripping()
    await run(app, client, CHUNKED, within=0.1)
    assert client.status == 408


async def test_a_request_that_breaks_off_is_not_run(app: App) -> None:
    client = Script(part(b"ab", last=False))
    client.gone.set()
    await run(app, client, LENGTH_4)
    assert app.bodies == []
    assert client.sent == []


def _refuse_unread(client: Script) -> AsgiApp:
    async def refuse(scope: Scope, _receive: Receive, send: Send) -> None:
        assert scope["openucwa.body"] is None
        assert client.asked == 0
        await answer(send, 413, b"")

    return refuse
