"""Passwords that a real directory verifies, with TLS."""

import asyncio
import select
import socket
import threading
from pathlib import Path

import pytest

from openucwa.identity.login import Login
from openucwa.model.refusals import ServiceUnavailable
from tests.certificate import make_certificate
from tests.identity.directories.conftest import Verifying
from tests.identity.directories.slapd import BASE, MEETERS, POSIX, DirectoryServer
from tests.ports import free_port
from tests.world import until


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize(
    "name",
    [
        "lene",
        "LENE",
        "CONTOSO\\lene",
        "contoso.com\\lene",
        "lene@contoso.com",
        "lene.aalling@contoso.com",
        "lenea@contoso.com",
        "sip:lenea@contoso.com",
        " sip:LeneA@Contoso.com ",
    ],
)
async def test_user_signs_in_by_uid_mail_and_sip_uri(verifying: Verifying, name: str) -> None:
    found = await verifying().verify(Login.parse(name), "lene-secret")
    assert found is not None
    assert found.uri == "sip:lenea@contoso.com"


async def test_name_mail_details_and_phones_come_from_the_directory(verifying: Verifying) -> None:
    found = await verifying().verify(Login.parse("lene"), "lene-secret")
    assert found is not None
    assert (found.name, found.email) == ("Lene Aalling (Copenhagen)", "lene.aalling@contoso.com")
    assert (found.title, found.department) == ("Engineer", "Research")
    assert (found.company, found.office) == ("Contoso", "2/14")
    assert found.phones == {"work": "+45 1234", "mobile": "+45 5678"}
    assert found.create


async def test_user_without_a_sip_uri_has_the_mail_address_and_the_name_that_there_is(verifying: Verifying) -> None:
    found = await verifying().verify(Login.parse("dana"), "dana-secret")
    assert found is not None
    assert (found.uri, found.name, found.title) == ("sip:dana@contoso.com", "Dana Birkbæ", None)


async def test_starttls_is_used_where_the_url_is_ldap(verifying: Verifying, server: DirectoryServer) -> None:
    # The server takes no password without TLS.
    assert await verifying(url=server.url).verify(Login.parse("lene"), "lene-secret")


@pytest.mark.parametrize("tls", [True, False])
async def test_certificate_of_an_unknown_authority_is_not_trusted(
    verifying: Verifying, server: DirectoryServer, tmp_path: Path, tls: bool
) -> None:
    other, _ = make_certificate(tmp_path, "other")
    passwords = verifying(url=server.tls_url if tls else server.url, ca_file=other)
    with pytest.raises(ServiceUnavailable):
        await passwords.verify(Login.parse("lene"), "lene-secret")


async def test_certificate_of_another_host_is_not_trusted(verifying: Verifying, server: DirectoryServer) -> None:
    passwords = verifying(url=f"ldaps://127.0.0.2:{server.tls_port}")
    with pytest.raises(ServiceUnavailable):
        await passwords.verify(Login.parse("lene"), "lene-secret")


@pytest.mark.parametrize("password", ["wrong", "", "lene-secret ", "LENE-SECRET", "lene-secret\0", "ø", "x" * 10_000])
async def test_wrong_password_is_refused(verifying: Verifying, password: str) -> None:
    assert await verifying().verify(Login.parse("lene"), password) is None


async def test_unknown_user_is_refused(verifying: Verifying) -> None:
    assert await verifying().verify(Login.parse("nobody"), "lene-secret") is None


async def test_unknown_user_costs_the_directory_as_many_binds_as_a_wrong_password(
    verifying: Verifying, server: DirectoryServer
) -> None:
    passwords = verifying()
    await passwords.verify(Login.parse("lene"), "lene-secret")  # the connection that searches is there from now on
    costs = []
    for name, password in (("lene", "wrong"), ("nobody", "wrong"), ("twins@contoso.com", "wrong"), ("*", "wrong")):
        before = server.binds
        assert await passwords.verify(Login.parse(name), password) is None
        costs.append(server.binds - before)
    assert costs == [1, 1, 1, 1]


async def test_ambiguous_name_is_refused(verifying: Verifying) -> None:
    assert await verifying().verify(Login.parse("twins@contoso.com"), "twin-secret") is None


async def test_user_outside_of_the_directorys_domains_is_refused(verifying: Verifying) -> None:
    assert await verifying().verify(Login.parse("eve"), "eve-secret") is None


async def test_local_part_of_another_domain_is_not_used_as_a_uid(verifying: Verifying) -> None:
    assert await verifying().verify(Login.parse("lene@elsewhere.org"), "lene-secret") is None
    assert await verifying().verify(Login.parse("ELSEWHERE\\lene"), "lene-secret") is not None


async def test_only_members_of_the_configured_groups_sign_in(verifying: Verifying) -> None:
    passwords = verifying(groups=(MEETERS,))
    assert await passwords.verify(Login.parse("lene"), "lene-secret")
    assert await passwords.verify(Login.parse("dana"), "dana-secret") is None
    both = verifying(groups=(MEETERS, POSIX))
    assert await both.verify(Login.parse("dana"), "dana-secret"), "a posixGroup names the uid"


@pytest.mark.parametrize(
    "name",
    [
        "*",
        "len*",
        "lene)(objectClass=*",
        "*)(uid=*))(|(uid=*",
        "lene)(&",
        "nobody)(|(uid=lene",
        "\\2a",
        "lene\0",
        "lene\\29",
        "(uid=lene)",
        "",
        "{login}",
        "{user}",
        "é" * 5_000,
    ],
)
async def test_filter_injection_in_the_user_name_finds_no_user(verifying: Verifying, name: str) -> None:
    assert await verifying().verify(Login.parse(name), "lene-secret") is None


async def test_unreachable_directory_is_not_a_wrong_password_and_recovers(
    verifying: Verifying, server: DirectoryServer
) -> None:
    passwords = verifying()
    assert await passwords.verify(Login.parse("lene"), "lene-secret")
    server.stop()
    try:
        with pytest.raises(ServiceUnavailable) as refused:
            await passwords.verify(Login.parse("lene"), "lene-secret")
        assert refused.value.retry_after > 0
    finally:
        server.start()
    assert await passwords.verify(Login.parse("lene"), "lene-secret")


async def test_connection_closed_by_the_directory_is_replaced(verifying: Verifying, server: DirectoryServer) -> None:
    passwords = verifying()
    assert await passwords.verify(Login.parse("lene"), "lene-secret")
    server.stop()
    server.start()
    assert await passwords.verify(Login.parse("lene"), "lene-secret")


async def test_second_url_is_used_while_the_first_is_unreachable(verifying: Verifying, server: DirectoryServer) -> None:
    port = free_port()
    passwords = verifying(url=(f"ldaps://127.0.0.1:{port}", server.tls_url))
    assert await passwords.verify(Login.parse("lene"), "lene-secret")


@pytest.mark.parametrize("scheme", ["ldap", "ldaps"])
async def test_hanging_directory_does_not_block_the_event_loop(verifying: Verifying, scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # whoever connects is never answered
        passwords = verifying(url=f"{scheme}://127.0.0.1:{silent.getsockname()[1]}", timeout=60)
        waiting = asyncio.create_task(passwords.verify(Login.parse("lene"), "lene-secret"))
        connected, _, _ = await asyncio.to_thread(select.select, [silent], [], [], 60)
        assert connected
        assert not waiting.done()
    with pytest.raises(ServiceUnavailable):
        await waiting


@pytest.mark.parametrize("scheme", ["ldap", "ldaps"])
async def test_directory_that_hangs_is_waited_for_as_long_as_set(verifying: Verifying, scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        passwords = verifying(url=f"{scheme}://127.0.0.1:{silent.getsockname()[1]}", timeout=0.5)
        with pytest.raises(ServiceUnavailable):
            await asyncio.wait_for(passwords.verify(Login.parse("lene"), "lene-secret"), 60)


async def test_second_url_is_used_after_the_first_stops_responding(
    verifying: Verifying, server: DirectoryServer
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = (f"ldaps://127.0.0.1:{silent.getsockname()[1]}", server.tls_url)
        passwords = verifying(url=url, timeout=3)
        with pytest.raises(ServiceUnavailable):
            await passwords.verify(Login.parse("lene"), "lene-secret")
        assert await passwords.verify(Login.parse("lene"), "lene-secret")


async def test_silent_directory_occupies_a_bounded_number_of_threads(verifying: Verifying) -> None:
    before = threading.active_count()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        passwords = verifying(url=f"ldaps://127.0.0.1:{silent.getsockname()[1]}", timeout=0.02, connections=8)
        for _ in range(5):
            results = await asyncio.gather(
                *(passwords.verify(Login.parse("lene"), "lene-secret") for _ in range(8)), return_exceptions=True
            )
            assert all(isinstance(result, ServiceUnavailable) for result in results)
        assert threading.active_count() - before <= 24
    await until(lambda: threading.active_count() <= before)


async def test_wrong_password_of_the_search_account_is_an_outage(verifying: Verifying) -> None:
    passwords = verifying(bind_password="wrong")
    with pytest.raises(ServiceUnavailable):
        await passwords.verify(Login.parse("lene"), "lene-secret")


async def test_password_of_the_account_that_searches_may_be_in_a_file(verifying: Verifying, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("search-secret\n")
    passwords = verifying(bind_password=None, bind_password_file=str(file))
    assert await passwords.verify(Login.parse("lene"), "lene-secret")
    file.unlink()
    broken = verifying(bind_password=None, bind_password_file=str(file))
    with pytest.raises(ServiceUnavailable):
        await broken.verify(Login.parse("lene"), "lene-secret")


async def test_missing_search_base_is_an_outage(verifying: Verifying) -> None:
    with pytest.raises(ServiceUnavailable):
        await verifying(base=f"ou=missing,{BASE}").verify(Login.parse("lene"), "lene-secret")


async def test_thousand_sign_ins_leave_no_more_connections_than_set(
    verifying: Verifying, server: DirectoryServer
) -> None:
    passwords = verifying(connections=3)
    before, own = server.sockets, open_files()
    right, wrong = Login.parse("lene"), Login.parse("nobody")
    for _ in range(20):
        results = await asyncio.gather(
            *(passwords.verify(right, "lene-secret") for _ in range(25)),
            *(passwords.verify(right, "wrong") for _ in range(15)),
            *(passwords.verify(wrong, "wrong") for _ in range(10)),
        )
        assert sum(result is not None for result in results) == 25
    await until(lambda: server.sockets - before <= 3)
    assert open_files() - own <= 10
    await passwords.close()
    await until(lambda: server.sockets <= before)


async def test_sign_ins_beyond_the_maximum_waiting_are_refused_for_now(verifying: Verifying) -> None:
    passwords = verifying(connections=1)
    results = await asyncio.gather(
        *(passwords.verify(Login.parse("lene"), "lene-secret") for _ in range(80)), return_exceptions=True
    )
    refused = [result for result in results if isinstance(result, ServiceUnavailable)]
    assert 0 < len(refused) < 80
    assert await passwords.verify(Login.parse("lene"), "lene-secret")
