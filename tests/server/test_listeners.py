"""Addresses and certificates. Real sockets."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from openucwa.config import Config
from openucwa.server.listeners import Listener, ListenError, Tls, bind, close, numbered, share, tls_context
from tests.certificate import make_certificate
from tests.ports import free_port


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


needs_ipv6 = pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6")


@pytest.fixture
def taken() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield f"http://127.0.0.1:{other.getsockname()[1]}"


@pytest.fixture
def bound() -> Iterator[list[Listener]]:
    listeners: list[Listener] = []
    yield listeners
    close(listeners)


def test_port_0_becomes_a_free_one(bound: list[Listener]) -> None:
    bound += bind(["http://127.0.0.1:0", "https://127.0.0.1:0"])
    ports = [int(listener.url.rpartition(":")[2]) for listener in bound]
    assert bound[0].url == f"http://127.0.0.1:{ports[0]}"
    assert bound[1].url == f"https://127.0.0.1:{ports[1]}"
    assert 0 not in ports
    assert [listener.secure for listener in bound] == [False, True]


def test_name_with_several_addresses_has_one_port(bound: list[Listener]) -> None:
    bound += bind(["http://localhost:0"])
    assert len({taken.getsockname()[1] for taken in bound[0].sockets}) == 1
    assert bound[0].url.startswith("http://localhost:")


def test_processes_sharing_an_address_have_separate_sockets(bound: list[Listener]) -> None:
    bound += bind(["http://127.0.0.1:0", "http://localhost:0"])
    shares = share(bound, 3)
    try:
        assert [[listener.url for listener in each] for each in shares] == 3 * [[listener.url for listener in bound]]
        numbers = [one.fileno() for each in shares for listener in each for one in listener.sockets]
        assert len(set(numbers)) == 3 * sum(len(listener.sockets) for listener in bound)
    finally:
        for each in shares[1:]:
            close(each)


def test_shared_address_is_not_shared_with_other_servers(bound: list[Listener]) -> None:
    bound += bind(["http://127.0.0.1:0"])
    _, second = share(bound, 2)
    try:
        for each in (bound[0], second[0]):
            each.sockets[0].listen()
        with pytest.raises(ListenError, match="the port is taken"):
            bind([bound[0].url])
    finally:
        close(second)


@needs_ipv6
def test_ipv6_address_keeps_its_brackets(bound: list[Listener]) -> None:
    bound += bind(["http://[::1]:0"])
    assert bound[0].url.startswith("http://[::1]:")


@needs_ipv6
def test_both_families_can_have_the_same_port(bound: list[Listener]) -> None:
    bound += bind(["http://0.0.0.0:0"])
    port = bound[0].url.rpartition(":")[2]
    bound += bind([f"http://[::]:{port}"])
    assert bound[1].url == f"http://[::]:{port}"


def test_taken_port_is_named_and_other_listeners_are_closed(taken: str) -> None:
    free = free_port()
    with pytest.raises(ListenError, match=f"^cannot listen on {taken}: the port is taken$"):
        bind([f"http://127.0.0.1:{free}", taken])
    close(bind([f"http://127.0.0.1:{free}"]))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://nowhere.invalid:80", "there is no host nowhere.invalid"),
        ("http://192.0.2.1:0", "this machine has no such address"),
    ],
)
def test_address_that_cannot_be_had_is_named(url: str, why: str) -> None:
    with pytest.raises(ListenError, match=f"^cannot listen on {url}: {why}$"):
        bind([url])


def test_certificate_that_is_not_there_is_named(tmp_path: Path, certificate: tuple[str, str]) -> None:
    with pytest.raises(ListenError, match=r"/none\.pem cannot be read: No such file or directory$"):
        tls_context(str(tmp_path / "none.pem"), certificate[1])


def test_malformed_certificate_is_named(tmp_path: Path, certificate: tuple[str, str]) -> None:
    (tmp_path / "bad.pem").write_text("not a certificate")
    with pytest.raises(ListenError, match=r"^the certificate \S+/bad\.pem and the key \S+ cannot be used: .+"):
        tls_context(str(tmp_path / "bad.pem"), certificate[1])


def test_key_of_another_certificate_is_refused(tmp_path: Path, certificate: tuple[str, str]) -> None:
    with pytest.raises(ListenError, match=r"cannot be used: key values mismatch$"):
        tls_context(certificate[0], make_certificate(tmp_path, "other")[1])


def test_key_with_a_passphrase_is_refused_without_asking_for_it(tmp_path: Path, certificate: tuple[str, str]) -> None:
    locked = tmp_path / "locked.key"
    subprocess.run(
        ["openssl", "ec", "-aes128", "-passout", "pass:secret", "-in", certificate[1], "-out", str(locked)],
        check=True,
        capture_output=True,
        timeout=30,
    )
    with pytest.raises(ListenError, match="cannot be used"):
        tls_context(certificate[0], str(locked))


def test_failed_reload_leaves_the_old_certificate_in_use(tmp_path: Path, certificate: tuple[str, str]) -> None:
    tls = Tls(Config(tls_cert=certificate[0], tls_key=certificate[1]))
    with pytest.raises(ListenError, match="cannot be read"):
        tls.reload(Config(tls_cert=certificate[0], tls_key=str(tmp_path / "none.key")))
    assert tls.context.cert_store_stats() is not None


def test_each_worker_has_status_ports_of_its_own() -> None:
    urls = ("http://127.0.0.1:9100", "http://[::1]:9200", "http://localhost:0")
    assert numbered(urls, 0) == urls
    assert numbered(urls, 2) == ("http://127.0.0.1:9102", "http://[::1]:9202", "http://localhost:0")
