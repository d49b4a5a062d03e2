"""Tokens: what comes back is what was issued, and nothing else comes back."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openucwa.identity.tokens import Caller, Tokens, new_signing_key
from openucwa.model.refusals import Unauthorized
from tests.world import FakeWorld

LENE = Caller("sip:lene@contoso.com", "Lene Aalling", None, 3, 1_700_000_060_000, None)
GUEST = Caller(
    "anon:5f", None, "sip:lene@contoso.com;gruu;opaque=app:conf:focus:id:AB12CD34", None, 1_700_000_060_000, None
)


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld()


@pytest.fixture
def tokens(world: FakeWorld) -> Tokens:
    return Tokens([new_signing_key(world)], world)


@pytest.mark.parametrize("caller", [LENE, GUEST, replace(LENE, scopes=frozenset({"Meetings.ReadWrite", "User.Read"}))])
def test_token_names_the_caller_it_was_issued_for(tokens: Tokens, caller: Caller) -> None:
    assert tokens.check(tokens.issue(caller)) == caller


@given(st.text(), st.text() | st.none(), st.text() | st.none(), st.integers(0, 2**31) | st.none())
def test_any_display_name_round_trips(
    identity: str, name: str | None, meeting: str | None, generation: int | None
) -> None:
    world = FakeWorld()
    tokens = Tokens([new_signing_key(world)], world)
    caller = Caller(identity, name, meeting, generation, world.now() + 1, frozenset())
    assert tokens.check(tokens.issue(caller)) == caller


def test_token_has_the_prefix_of_a_web_token_and_needs_no_escaping(tokens: Tokens) -> None:
    text = tokens.issue(LENE)
    assert text.startswith("cwt=")
    assert set(text[4:]) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


async def test_token_expires_even_after_an_earlier_check(tokens: Tokens, world: FakeWorld) -> None:
    text = tokens.issue(LENE)
    await world.advance(59.999)
    tokens.check(text)
    await world.advance(0.001)
    with pytest.raises(Unauthorized, match="expired"):
        tokens.check(text)


async def test_expired_token_is_accepted_within_the_allowed_time(tokens: Tokens, world: FakeWorld) -> None:
    text = tokens.issue(GUEST)
    await world.advance(69)
    assert tokens.check(text, allow_expired_by=10_000) == GUEST
    await world.advance(1)
    with pytest.raises(Unauthorized):
        tokens.check(text, allow_expired_by=10_000)


def test_change_of_any_character_but_the_last_makes_it_invalid(tokens: Tokens) -> None:
    text = tokens.issue(LENE)
    for at in range(len(text) - 1):
        changed = text[:at] + ("B" if text[at] != "B" else "C") + text[at + 1 :]
        with pytest.raises(Unauthorized):
            tokens.check(changed)


@pytest.mark.parametrize("text", ["", "cwt=", "cwt=a", "cwt=a.b", "cwt=a.b.c", "cwt=...", "é", "\ud800", "eyJ.eyJ.x"])
def test_malformed_tokens_are_refused_with_one_message(tokens: Tokens, text: str) -> None:
    with pytest.raises(Unauthorized, match=r"^the token was not issued by this server$"):
        tokens.check(text)


def test_malformed_token_with_a_known_key_is_refused(tokens: Tokens) -> None:
    key = tokens.issue(LENE).removeprefix("cwt=").partition(".")[0]
    for rest in ("", ".", "..", ".e30.AAAA", ".é.x", ".\ud800", ".a" * 10_000):
        with pytest.raises(Unauthorized):
            tokens.check(f"cwt={key}{rest}")


@given(st.text())
def test_any_text_is_refused_as_unauthorized(text: str) -> None:
    world = FakeWorld()
    tokens = Tokens([new_signing_key(world)], world)
    with pytest.raises(Unauthorized):
        tokens.check("cwt=" + text)


def test_token_without_its_prefix_is_refused(tokens: Tokens) -> None:
    with pytest.raises(Unauthorized):
        tokens.check(tokens.issue(LENE).removeprefix("cwt="))


def test_token_of_another_server_is_refused(tokens: Tokens, world: FakeWorld) -> None:
    foreign = Tokens([new_signing_key(world)], world)
    with pytest.raises(Unauthorized):
        tokens.check(foreign.issue(LENE))


def test_token_signed_with_another_secret_under_a_known_key_id_is_refused(world: FakeWorld) -> None:
    key = new_signing_key(world)
    forger = Tokens([replace(key, secret=b"guessed")], world)
    with pytest.raises(Unauthorized):
        Tokens([key], world).check(forger.issue(LENE))


async def test_newest_key_signs_and_all_keys_verify(world: FakeWorld) -> None:
    old = new_signing_key(world)
    await world.advance(1)
    new = new_signing_key(world)
    both = Tokens([old, new], world)
    issued_before = Tokens([old], world).issue(LENE)
    assert both.check(issued_before) == LENE
    assert both.issue(LENE).startswith(f"cwt={new.id}.")


async def test_removed_key_is_refused_even_for_tokens_checked_before(world: FakeWorld) -> None:
    old = new_signing_key(world)
    tokens = Tokens([old], world)
    text = tokens.issue(LENE)
    tokens.check(text)
    tokens.use_keys([new_signing_key(world)])
    with pytest.raises(Unauthorized):
        tokens.check(text)


def test_at_least_one_key_is_required(world: FakeWorld) -> None:
    with pytest.raises(ValueError, match="empty"):
        Tokens([], world)


def test_two_keys_are_never_the_same(world: FakeWorld) -> None:
    one, other = new_signing_key(world), new_signing_key(world)
    assert one.id != other.id
    assert one.secret != other.secret
    assert len(one.secret) == 32
    assert one.created == world.now()


def spellings(text: str) -> Iterator[str]:
    """Texts that a lenient reader of base64 takes for the same."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    yield from (text[:-1] + char for char in alphabet if char != text[-1])
    yield from (text + more for more in ("=", "==", "A", "\n", " ", "!", ".", "\u00e9"))
    yield from (text[:place] + "!" + text[place:] for place in (4, 20, len(text) - 10))
    yield text.replace("-", "+").replace("_", "/") + "="
    yield from (text.replace("cwt=", prefix) for prefix in ("CWT=", "", "cwt%3D", "cwt=cwt=", " cwt="))


@pytest.mark.parametrize("caller", [LENE, GUEST])
def test_exactly_one_spelling_of_a_token_is_accepted(tokens: Tokens, caller: Caller) -> None:
    text = tokens.issue(caller)
    for other in spellings(text):
        with pytest.raises(Unauthorized):
            tokens.check(other)
    assert tokens.check(text) == caller
