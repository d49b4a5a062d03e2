"""Access tokens of an OpenID provider that really runs: which are accepted, and what they cost it."""

import base64
import hmac
import json

import pytest
from joserfc import jws
from joserfc.jwk import Key

from openucwa.config import Config
from openucwa.identity.issuers.tokens import ForeignTokens, ForeignTokenSettings
from openucwa.model.refusals import Unauthorized
from tests.identity.issuers.conftest import Checking, Claiming
from tests.identity.issuers.provider import AUDIENCE, RunningProvider, sign, signing_key
from tests.world import FakeWorld, until


async def test_token_of_the_provider_names_its_user(provider: RunningProvider, checking: Checking) -> None:
    found = (await checking().check(await provider.token())).token
    profile = found.profile
    assert (profile.uri, profile.name, profile.email) == (
        "sip:lenea@contoso.com",
        "Lene Aalling",
        "lene.aalling@contoso.com",
    )
    assert profile.source == provider.url
    assert profile.create


async def test_token_of_the_provider_has_the_scopes_that_were_asked_for(
    provider: RunningProvider, checking: Checking
) -> None:
    token = await provider.token(scope="Conversations.Receive Meetings.ReadWrite")
    assert (await checking().check(token)).token.scopes == {"Conversations.Receive", "Meetings.ReadWrite"}


async def test_token_of_a_user_outside_of_the_issuers_domains_is_refused(
    provider: RunningProvider, checking: Checking
) -> None:
    token = await provider.token("eve")
    with pytest.raises(Unauthorized):
        await checking().check(token)


async def test_token_signed_with_the_providers_key_is_accepted(
    provider: RunningProvider, checking: Checking, claims: Claiming
) -> None:
    assert (await checking().check(sign(provider.key, claims()))).token.profile.uri == "sip:lenea@contoso.com"


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"aud": "https://somewhere.else"}, id="another audience"),
        pytest.param({"aud": AUDIENCE + "/"}, id="nearly the audience"),
        pytest.param({"aud": AUDIENCE.upper()}, id="the audience in other letters"),
        pytest.param({"aud": []}, id="no audience in the list"),
        pytest.param({"aud": None}, id="no audience"),
        pytest.param({"aud": {AUDIENCE: 1}}, id="an audience that is no text"),
        pytest.param({"iss": "http://127.0.0.1:1"}, id="another issuer"),
        pytest.param({"iss": None}, id="no issuer"),
        pytest.param({"iss": ["http://127.0.0.1:1"]}, id="an issuer that is no text"),
        pytest.param({"exp": None}, id="no end"),
        pytest.param({"exp": "tomorrow"}, id="an end that is no time"),
        pytest.param({"exp": True}, id="an end that is true"),
        pytest.param({"exp": 1e300}, id="an end beyond all time"),
        pytest.param({"preferred_username": None}, id="no user"),
        pytest.param({"preferred_username": "a b@contoso.com"}, id="a user that is no SIP URI"),
        pytest.param({"preferred_username": "lenea@contoso.com.evil.org"}, id="a user of another domain"),
        pytest.param({"preferred_username": ["lenea@contoso.com"]}, id="a user that is no text"),
        pytest.param({"typ": "Refresh"}, id="a refresh token"),
        pytest.param({"typ": "ID"}, id="an ID token of Keycloak"),
        pytest.param({"at_hash": "abc"}, id="an ID token"),
        pytest.param({"nonce": "abc"}, id="an ID token without hashes"),
        pytest.param({"s_hash": "abc"}, id="an ID token with the hash of a state"),
        pytest.param({"token_use": "id"}, id="an ID token of Cognito"),
        pytest.param({"events": {}}, id="a logout token"),
        pytest.param({"cnf": {"jkt": "abc"}}, id="a token bound to a key"),
        pytest.param({"typ": "DPoP"}, id="a token bound to a key of Keycloak"),
        pytest.param({"exp": -1}, id="an end before all time"),
        pytest.param({"exp": 10**30}, id="an end of many digits"),
        pytest.param({"nbf": "yesterday"}, id="a beginning that is no time"),
        pytest.param({"nbf": 1e300}, id="a beginning beyond all time"),
        pytest.param({"aud": [AUDIENCE, 5]}, id="an audience among others that are no text"),
        pytest.param({"aud": f"{AUDIENCE} https://somewhere.else"}, id="two audiences in one text"),
    ],
)
async def test_well_signed_token_with_wrong_claims_is_refused(
    provider: RunningProvider, checking: Checking, claims: Claiming, changed: dict[str, object]
) -> None:
    with pytest.raises(Unauthorized):
        await checking().check(sign(provider.key, claims(**changed)))


async def test_token_with_our_audience_among_others_is_accepted(
    provider: RunningProvider, checking: Checking, claims: Claiming
) -> None:
    assert await checking().check(sign(provider.key, claims(aud=["account", AUDIENCE])))


async def test_token_is_accepted_until_its_end_and_the_leeway_and_not_after(
    provider: RunningProvider, checking: Checking, claims: Claiming, world: FakeWorld
) -> None:
    tokens, token = checking(leeway=30), sign(provider.key, claims())
    assert (await tokens.check(token)).token.expires == (claims()["exp"] + 30) * 1000
    await world.advance(629)
    assert tokens.recognized(token)
    await world.advance(2)
    assert tokens.recognized(token) is None
    with pytest.raises(Unauthorized):
        await tokens.check(token)


async def test_token_that_is_not_valid_yet_is_refused(
    provider: RunningProvider, checking: Checking, claims: Claiming, world: FakeWorld
) -> None:
    with pytest.raises(Unauthorized):
        await checking(leeway=30).check(sign(provider.key, claims(nbf=world.now() // 1000 + 60)))


async def test_token_without_a_signature_is_refused(checking: Checking, claims: Claiming) -> None:
    for algorithm in ("none", "None", "NONE", ""):
        head = _encoded({"alg": algorithm, "typ": "at+jwt", "kid": "first"})
        with pytest.raises(Unauthorized):
            await checking().check(f"{head}.{_encoded(claims())}.")


async def test_token_signed_by_hmac_with_the_public_key_is_refused(
    provider: RunningProvider, checking: Checking, claims: Claiming
) -> None:
    public = provider.key.as_pem(private=False)
    for secret in (public, public.strip(), json.dumps(provider.key.as_dict(private=False)).encode()):
        signed = f"{_encoded({'alg': 'HS256', 'kid': 'first', 'typ': 'at+jwt'})}.{_encoded(claims())}"
        signature = base64.urlsafe_b64encode(hmac.digest(secret, signed.encode(), "sha256")).decode().rstrip("=")
        with pytest.raises(Unauthorized):
            await checking().check(f"{signed}.{signature}")


async def test_token_signed_by_another_key_under_a_known_name_is_refused(
    provider: RunningProvider, checking: Checking, claims: Claiming
) -> None:
    with pytest.raises(Unauthorized):
        await checking().check(sign(signing_key("first"), claims()))


async def test_token_whose_claims_were_changed_is_refused(provider: RunningProvider, checking: Checking) -> None:
    head, payload, signature = (await provider.token()).split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    with pytest.raises(Unauthorized):
        await checking().check(f"{head}.{_encoded(claims | {'scope': 'Meetings.ReadWrite'})}.{signature}")


async def test_token_with_an_algorithm_that_the_settings_leave_out_is_refused(
    provider: RunningProvider, checking: Checking, claims: Claiming
) -> None:
    with pytest.raises(Unauthorized):
        await checking(algorithms=("ES256",)).check(sign(provider.key, claims()))


@pytest.mark.parametrize("algorithm", ["ES256", "PS256", "RS512", "EdDSA", "Ed25519"])
async def test_each_usual_algorithm_is_verified(
    provider: RunningProvider, checking: Checking, claims: Claiming, algorithm: str
) -> None:
    key = signing_key("other", algorithm)
    provider.keys = [provider.key, key]
    provider.configure()
    assert await checking().check(sign(key, claims()))
    with pytest.raises(Unauthorized):
        await checking().check(sign(signing_key("other", algorithm), claims()))


async def test_token_that_names_no_key_is_verified_with_those_there_are(
    provider: RunningProvider, checking: Checking, claims: Claiming
) -> None:
    provider.keys = [signing_key("another"), provider.key]
    provider.configure()
    assert await checking().check(sign(provider.key, claims(), kid=None))
    with pytest.raises(Unauthorized):
        await checking().check(sign(signing_key("first"), claims(), kid=None))


async def test_unknown_critical_header_is_refused(
    provider: RunningProvider, checking: Checking, claims: Claiming
) -> None:
    head, payload, _ = sign(provider.key, claims()).split(".")
    del head
    strange = _encoded({"alg": "RS256", "kid": "first", "crit": ["b64"], "b64": False})
    with pytest.raises(Unauthorized):
        await checking().check(f"{strange}.{payload}.AAAA")


@pytest.mark.parametrize("parameter", ["jwk", "jku", "x5u", "x5c"])
async def test_key_supplied_by_the_token_is_not_used(
    provider: RunningProvider, checking: Checking, claims: Claiming, parameter: str
) -> None:
    forger = signing_key("first")
    brought = forger.as_dict(private=False) if parameter == "jwk" else f"{provider.url}/forged"
    with pytest.raises(Unauthorized):
        await checking().check(sign(forger, claims(), **{parameter: [brought] if parameter == "x5c" else brought}))
    assert await provider.requests("/forged") == 0


@pytest.mark.parametrize(
    "header", [{"alg": "RS256", "kid": 5}, {"alg": ["RS256"]}, {"alg": "RS256", "kid": "../../etc"}]
)
async def test_header_with_strange_values_is_refused(
    checking: Checking, claims: Claiming, header: dict[str, object]
) -> None:
    with pytest.raises(Unauthorized):
        await checking().check(f"{_encoded(header)}.{_encoded(claims())}.AAAA")


async def test_issuer_with_a_slash_at_its_end_is_another_issuer(
    provider: RunningProvider, checking: Checking, claims: Claiming
) -> None:
    with pytest.raises(Unauthorized):
        await checking().check(sign(provider.key, claims(iss=f"{provider.url}/")))


async def test_duplicate_claim_has_the_value_that_was_checked(
    provider: RunningProvider, checking: Checking, claims: Claiming
) -> None:
    body = json.dumps(claims())[:-1]
    for last in ('"aud": "https://somewhere.else"', '"iss": "http://127.0.0.1:1"', '"exp": 1'):
        with pytest.raises(Unauthorized):
            await checking().check(signed_text(provider.key, f"{body}, {last}}}"))


async def test_header_of_another_token_type_is_refused(
    provider: RunningProvider, checking: Checking, claims: Claiming
) -> None:
    with pytest.raises(Unauthorized):
        await checking().check(sign(provider.key, claims(), typ="logout+jwt"))


async def test_plain_jwt_is_accepted_unless_the_settings_want_at_jwt(
    provider: RunningProvider, checking: Checking, claims: Claiming
) -> None:
    plain = sign(provider.key, claims(), typ="JWT")
    assert await checking().check(plain)
    with pytest.raises(Unauthorized):
        await checking(require_at_jwt=True).check(plain)
    assert await checking(require_at_jwt=True).check(sign(provider.key, claims()))


async def test_rubbish_is_refused_without_asking_the_provider(
    provider: RunningProvider, checking: Checking, claims: Claiming
) -> None:
    tokens = checking(max_token_bytes=4_096)
    deep = base64.urlsafe_b64encode(b"[" * 2_000).decode()
    for rubbish in (
        "",
        "x",
        "a.b.c",
        "..",
        "é.é.é",
        f"{deep}.{deep}.x",
        "a.b.c.d.e",
        f"{_encoded({'alg': 'RS256'})}..x",
    ):
        with pytest.raises(Unauthorized):
            await tokens.check(rubbish)
    with pytest.raises(Unauthorized):
        await tokens.check(sign(provider.key, claims(groups=["x" * 4_096])))
    assert await provider.requests("/jwks") == 0


async def test_token_seen_before_needs_no_provider_and_is_recognized_at_once(
    provider: RunningProvider, checking: Checking
) -> None:
    tokens, token = checking(), await provider.token()
    assert tokens.recognized(token) is None
    found = await tokens.check(token)
    provider.stop()
    assert tokens.recognized(token) is found
    assert await tokens.check(token) is found


async def test_no_more_tokens_are_cached_than_set(
    provider: RunningProvider, checking: Checking, claims: Claiming
) -> None:
    tokens = checking(foreign_tokens_cached=2)
    made = [sign(provider.key, claims(jti=str(number))) for number in range(3)]
    for token in made:
        await tokens.check(token)
    assert [tokens.recognized(token) is not None for token in made] == [False, True, True]


async def test_challenge_names_the_providers_authorization_endpoint_once_it_is_known(
    provider: RunningProvider, checking: Checking
) -> None:
    tokens = checking()
    assert tokens.authorization_uris() == ()
    tokens.start()
    await until(tokens.authorization_uris)
    assert tokens.authorization_uris() == (f"{provider.url}/auth",)


async def test_without_issuers_every_token_is_foreign() -> None:

    tokens = ForeignTokens(Config().part(ForeignTokenSettings), frozenset(), FakeWorld())
    with pytest.raises(Unauthorized):
        await tokens.check("a.b.c")
    await tokens.close()


def signed_text(key: Key, payload: str) -> str:
    """A JWT whose claims are exactly this text."""
    return jws.serialize_compact({"alg": "RS256", "kid": key.kid}, payload, key)


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
