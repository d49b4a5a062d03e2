"""Answers that come so slowly that they do not end, from a server on a socket."""

import socket
import threading
from collections.abc import Iterator

import pytest

from openucwa.client.drivers import AsyncDriver, SyncDriver
from openucwa.client.errors import ConnectionFailed
from openucwa.client.steps import sending
from openucwa.client.wire import Request

#: Seconds that a client waits, and bytes that come one by one, a tenth of a second apart.
TIMEOUT = 1.0
BYTES = 100


@pytest.fixture
def dripping() -> Iterator[str]:
    """The address of a server whose answer takes ten seconds, though no part of it takes long."""
    ended = threading.Event()

    def answer(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            try:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % BYTES)
                for _ in range(BYTES):
                    if ended.wait(0.1):
                        break
                    connection.sendall(b".")
            except OSError:
                pass  # the client has closed the connection, as it should

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=answer, args=(listener,))
        server.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        ended.set()
        server.join()


async def test_asynchronous_client_does_not_wait_for_a_body_that_does_not_end(dripping: str) -> None:
    driver = AsyncDriver()
    with pytest.raises(ConnectionFailed) as failed:
        await driver.run(sending(Request("GET", dripping, timeout=TIMEOUT)))
    assert failed.value.sent
    await driver.close()


def test_synchronous_client_does_not_wait_for_a_body_that_does_not_end(dripping: str) -> None:
    driver = SyncDriver()
    with pytest.raises(ConnectionFailed) as failed:
        driver.run(sending(Request("GET", dripping, timeout=TIMEOUT)))
    assert failed.value.sent
    driver.close()
