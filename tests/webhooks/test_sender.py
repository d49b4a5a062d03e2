"""Attempts over real sockets."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from openucwa.model.world import RealWorld
from openucwa.webhooks.networks import Networks
from openucwa.webhooks.sender import MAX_ANSWER, Sender
from tests.certificate import make_certificate
from tests.webhooks.receiver import OK, Receiver, answer, receiving
from tests.world import until

HERE = Networks(("127.0.0.0/8",))


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


def sender(url: str, networks: Networks = HERE, context: ssl.SSLContext | None = None, timeout: float = 30.0) -> Sender:
    return Sender(url, networks, context or ssl.create_default_context(), timeout, 4, RealWorld())


async def test_message_arrives_with_its_headers(receiver: Receiver) -> None:
    sending = sender(f"{receiver.url}?key=1")
    sent = await sending.send({"webhook-id": "msg_1", "Content-Type": "application/json"}, b'{"a":1}')
    await sending.close()
    (received,) = receiver.received
    assert sent.ok
    assert received.path == "/hook?key=1"
    assert received.body == b'{"a":1}'
    assert received.headers["webhook-id"] == "msg_1"
    assert received.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert received.headers["user-agent"].startswith("openucwa/")


async def test_host_is_the_name_and_not_the_address(receiver: Receiver) -> None:
    sending = sender(f"http://localhost:{receiver.port}/hook", Networks(("127.0.0.0/8", "::1/128")))
    sent = await sending.send({}, b"{}")
    await sending.close()
    assert sent.ok
    assert receiver.received[0].headers["host"] == f"localhost:{receiver.port}"


async def test_second_message_uses_the_same_connection(receiver: Receiver) -> None:
    sending = sender(receiver.url)
    await sending.send({}, b"1")
    await sending.send({}, b"2")
    await sending.close()
    assert receiver.bodies == [b"1", b"2"]
    assert receiver.connections == 1


async def test_private_address_is_not_connected_to(receiver: Receiver) -> None:
    sending = sender(receiver.url, Networks(()))
    sent = await sending.send({}, b"{}")
    await sending.close()
    assert (sent.status, receiver.connections) == (None, 0)
    assert "webhook_allowed_networks" in sent.error


async def test_redirect_is_not_followed(receiver: Receiver) -> None:
    async with receiving(lambda _number: answer(307, b"", f"Location: {receiver.url}")) as first:
        sending = sender(first.url)
        sent = await sending.send({}, b"{}")
        await sending.close()
    assert sent.status == 307
    assert not sent.ok
    assert receiver.connections == 0


class Known(Networks):
    """As if this machine's addresses were public."""

    def check(self, text: str, *, secure: bool) -> None: ...


async def test_answer_is_read_to_a_limit(receiver: Receiver) -> None:
    receiver.answers = lambda _number: answer(500, b"x" * 10_000_000)
    sending = sender(receiver.url, Known(()))
    sent = await sending.send({}, b"{}")
    await sending.close()
    assert (sent.status, sent.answer) == (500, "x" * MAX_ANSWER)


async def test_answer_of_a_private_service_is_not_shown(receiver: Receiver) -> None:
    receiver.answers = lambda _number: answer(200, b"secret")
    sending = sender(receiver.url)
    sent = await sending.send({}, b"{}")
    await sending.close()
    assert (sent.status, sent.answer) == (200, "")


async def test_receiver_may_say_when_to_try_again(receiver: Receiver) -> None:
    receiver.answers = lambda number: answer(503, b"", f"Retry-After: {'120' if number == 0 else '9' * 5_000}")
    sending = sender(receiver.url)
    assert (await sending.send({}, b"{}")).retry_after == 120
    assert (await sending.send({}, b"{}")).retry_after is None
    await sending.close()


async def test_receiver_that_never_answers_is_given_up(receiver: Receiver) -> None:
    receiver.answers = lambda _number: None
    sending = sender(receiver.url, timeout=0.05)
    sent = await sending.send({}, b"{}")
    await sending.close()
    assert (sent.status, sent.error) == (None, "no answer within 0.05 s")


@pytest.mark.parametrize("said", [b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"])
async def test_broken_answer_is_a_failed_attempt(said: bytes) -> None:
    async with receiving(lambda _number: said) as broken:
        sending = sender(broken.url, timeout=0.2)
        sent = await sending.send({}, b"{}")
        await sending.close()
    assert sent.status is None
    assert sent.error


async def test_receiver_that_is_not_there_is_a_failed_attempt() -> None:
    async with receiving() as gone:
        url = gone.url
    sending = sender(url)
    sent = await sending.send({}, b"{}")
    await sending.close()
    assert sent.status is None
    assert sent.error.startswith("ConnectError")


async def test_certificate_must_be_that_of_the_name(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=str(certificate))
    async with receiving(context=serving) as receiver:
        networks = Networks(("127.0.0.0/8", "::1/128"))
        right = sender(f"https://localhost:{receiver.port}/", networks, trusting)
        wrong = sender(f"https://127.1:{receiver.port}/", networks, trusting)
        untrusting = sender(f"https://localhost:{receiver.port}/", networks)
        assert (await right.send({}, b"{}")).ok
        assert "127.1" in (await wrong.send({}, b"{}")).error
        assert "self-signed" in (await untrusting.send({}, b"{}")).error
        for each in (right, wrong, untrusting):
            await each.close()


async def test_receiver_that_answers_again_is_reached_after_many_attempts_in_vain(receiver: Receiver) -> None:
    receiver.answers = lambda _number: None
    sending = sender(receiver.url, timeout=0.05)
    for _ in range(6):
        await asyncio.gather(*(sending.send({}, b"{}") for _ in range(4)))
    receiver.answers = lambda _number: OK
    patient = await sending.send({}, b"{}")
    await sending.close()
    assert patient.ok, patient.error


async def test_attempt_that_ends_amid_others_does_not_end_them(receiver: Receiver) -> None:
    receiver.answers = lambda number: None if number == 0 else OK
    sending = sender(receiver.url, timeout=0.3)
    first = asyncio.create_task(sending.send({}, b"slow"))
    await until(lambda: receiver.received)
    others = [await sending.send({}, b"{}") for _ in range(3)]
    assert (await first).status is None
    assert all(each.ok for each in others)
    await sending.close()
