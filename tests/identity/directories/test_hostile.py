"""Directories that hang, somebody between them and the server, and entries with names that need care."""

import signal

import pytest

from openucwa.identity.login import Login
from openucwa.model.refusals import ServiceUnavailable
from tests.identity.directories.between import FORGED_BIND, PROTOCOL_ERROR, SUCCESS, Impostor, Relay, listening
from tests.identity.directories.conftest import Verifying
from tests.identity.directories.slapd import BASE, CAREFUL, SEARCHER_PASSWORD, DirectoryServer

LENE = Login.parse("lene")


@pytest.mark.parametrize("code", [SUCCESS, PROTOCOL_ERROR])
async def test_password_is_never_sent_without_tls(verifying: Verifying, code: int) -> None:
    impostor = Impostor(code)
    async with listening(impostor) as url:
        passwords = verifying(url=url, timeout=0.5)
        with pytest.raises(ServiceUnavailable):
            await passwords.verify(LENE, "lene-secret")
        await passwords.close()
    assert impostor.seen
    assert b"lene-secret" not in impostor.seen
    assert SEARCHER_PASSWORD.encode() not in impostor.seen


async def test_response_injected_before_tls_is_not_accepted(verifying: Verifying, server: DirectoryServer) -> None:
    async with listening(Relay(server.port, appended=FORGED_BIND)) as url:
        passwords = verifying(url=url)
        with pytest.raises(ServiceUnavailable):
            await passwords.verify(LENE, "wrong")
        await passwords.close()


async def test_directory_that_stops_in_the_middle_of_an_answer_is_unavailable(
    verifying: Verifying, server: DirectoryServer
) -> None:
    whole = Relay(server.port)
    async with listening(whole) as url:
        passwords = verifying(url=url)
        assert await passwords.verify(LENE, "lene-secret")
        await passwords.close()
    for withheld in (20, whole.passed[0] // 2, whole.passed[0]):
        async with listening(Relay(server.port, stalls_after=whole.passed[0] - withheld)) as url:
            passwords = verifying(url=url, timeout=0.2)
            with pytest.raises(ServiceUnavailable):
                await passwords.verify(LENE, "lene-secret")
            await passwords.close()


async def test_paused_directory_is_used_again_after_resuming(verifying: Verifying, server: DirectoryServer) -> None:
    passwords = verifying(timeout=0.2)
    assert await verifying().verify(LENE, "lene-secret")
    server.signal(signal.SIGSTOP)
    try:
        with pytest.raises(ServiceUnavailable):
            await passwords.verify(LENE, "lene-secret")
    finally:
        server.signal(signal.SIGCONT)
    assert await verifying().verify(LENE, "lene-secret")


async def test_names_with_characters_of_filters_and_dns_sign_in(verifying: Verifying) -> None:
    found = await verifying().verify(Login.parse("doe"), "doe-secret")
    assert found is not None
    assert (found.uri, found.name) == ("sip:doe@contoso.com", "Doe, John (ext) *+\\")


@pytest.mark.parametrize("group", [CAREFUL, CAREFUL.upper()])
async def test_member_is_found_for_any_case_and_characters_of_its_dn(verifying: Verifying, group: str) -> None:
    passwords = verifying(groups=(group,))
    assert await passwords.verify(Login.parse("doe"), "doe-secret")
    assert await passwords.verify(LENE, "lene-secret") is None


async def test_missing_group_admits_no_user(verifying: Verifying) -> None:
    with pytest.raises(ServiceUnavailable):
        await verifying(groups=(f"cn=missing,ou=groups,{BASE}",)).verify(LENE, "lene-secret")


async def test_value_of_an_attribute_is_cut_to_a_reasonable_length(verifying: Verifying) -> None:
    found = await verifying().verify(Login.parse("huge"), "huge-secret")
    assert found is not None
    assert found.name == "h" * 256


async def test_reference_to_another_directory_is_not_followed(verifying: Verifying, server: DirectoryServer) -> None:
    # `ou=elsewhere` is a referral: each search from `base` is answered with it, too.
    assert await verifying().verify(LENE, "lene-secret")
    with pytest.raises(ServiceUnavailable):
        await verifying(base=f"ou=elsewhere,{BASE}").verify(LENE, "lene-secret")
