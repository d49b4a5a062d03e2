"""Answers that are kept, over real connections: nothing but the time that they take tells them from others."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import quote

import pytest

from tests.process.running import RunningServer, read_to_end
from tests.process.server import add_user
from tests.users import LENE

CHANGING = re.compile(rb"(?im)^(?:date|x-request-id): .*\r\n")


class CachedReads:
    """A server with a meeting, and what its organizer reads there."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        self.token = server.sign_in()
        self.app = server.open_application(self.token)
        _, meeting = server.ask("POST", f"{self.app}/onlineMeetings/myOnlineMeetings", {}, token=self.token)
        meeting_id = quote(str(meeting["onlineMeetingId"]))
        self.href = f"{self.app}/onlineMeetings/myOnlineMeetings/{meeting_id}/onlineMeetingExtensions"
        self.add("a")

    def add(self, extension_id: str) -> None:
        body = {"id": extension_id, "topic": "x"}
        status, _ = self.server.ask("POST", self.href, body, token=self.token)
        assert status == 201

    def get(self, *headers: str, href: str = "", version: str = "1.1") -> bytes:
        """The bytes of a request."""
        lines = [f"GET {href or self.href} HTTP/{version}", "Host: a", f"Authorization: Bearer {self.token}", *headers]
        return "\r\n".join([*lines, "", ""]).encode()

    def say(self, *requests: bytes) -> list[bytes]:
        """The answers to requests that are sent at once on one connection, the last of which ends it."""
        with self.server.connect() as connection:
            connection.sendall(b"".join(requests))
            return re.split(rb"(?=HTTP/1\.1 \d)", read_to_end(connection))[1:]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[CachedReads, CachedReads]]:
    """One that keeps answers, and one that does not, on the same store."""
    data = tmp_path_factory.mktemp("kept") / "data"
    add_user(data, LENE)
    with ExitStack() as stack:
        keeping, plain = (
            CachedReads(
                stack.enter_context(RunningServer(data, OPENUCWA_RESPONSE_CACHE_BYTES=most, OPENUCWA_HOSTS="a"))
            )
            for most in ("1000000", "0")
        )
        plain.token, plain.app, plain.href = keeping.token, keeping.app, keeping.href
        yield keeping, plain


CLOSE = "Connection: close"


@pytest.mark.parametrize(
    "headers",
    [(), ("Accept: application/xml",), ("Accept-Encoding: gzip",), ("Accept: text/plain",), ("X-Anything: at all",)],
    ids=str,
)
def test_cached_and_uncached_answers_have_the_same_bytes(
    servers: tuple[CachedReads, CachedReads], headers: tuple[str, ...]
) -> None:
    keeping, plain = servers
    ask, last = keeping.get(*headers), keeping.get(*headers, CLOSE)
    answers = [CHANGING.sub(b"", answer) for answer in keeping.say(ask, ask, ask, last)]
    truth = [CHANGING.sub(b"", answer) for answer in plain.say(ask, ask, ask, last)]
    assert answers == truth
    assert len(answers) == 4


def test_each_answer_has_a_request_id_of_its_own_and_a_line_in_the_log(
    servers: tuple[CachedReads, CachedReads],
) -> None:
    keeping, _ = servers
    ask = keeping.get()
    ids = [
        re.findall(rb"x-request-id: (\w+)", answer)[0].decode() for answer in keeping.say(ask, ask, keeping.get(CLOSE))
    ]
    assert len(set(ids)) == 3
    for request_id in ids:
        line = keeping.server.logged(f"id={request_id}")
        assert f" GET {keeping.href} 200 " in line
        assert f" user={LENE} " in line


def test_answers_come_in_the_order_of_their_requests(servers: tuple[CachedReads, CachedReads]) -> None:
    keeping, _ = servers
    kept, other = keeping.get(), keeping.get(href=keeping.app)
    keeping.say(kept, keeping.get(CLOSE))
    rels = [
        re.findall(rb'"rel":"(\w+)"', answer)[0]
        for answer in keeping.say(kept, other, kept, kept, other + kept, keeping.get(CLOSE))
    ]
    extensions, application = b"onlineMeetingExtensions", b"application"
    assert rels == [extensions, application, extensions, extensions, application, extensions, extensions]


def test_change_on_the_same_connection_is_seen_by_the_next_read(servers: tuple[CachedReads, CachedReads]) -> None:
    keeping, _ = servers
    body = b'{"id":"pipelined"}'
    add = (
        f"POST {keeping.href} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {keeping.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    before, made, after, _ = keeping.say(keeping.get(), add, keeping.get(), keeping.get(CLOSE))
    assert made.startswith(b"HTTP/1.1 201")
    assert b'"pipelined"' not in before
    assert b'"pipelined"' in after


def test_http_1_0_client_is_answered_and_disconnected(servers: tuple[CachedReads, CachedReads]) -> None:
    keeping, plain = servers
    old = keeping.get(version="1.0")
    assert [CHANGING.sub(b"", each) for each in keeping.say(old)] == [
        CHANGING.sub(b"", each) for each in plain.say(old)
    ]
