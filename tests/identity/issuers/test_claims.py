"""What the claims of various issuers mean: RFC 9068, Microsoft Entra ID, Keycloak, Authentik."""

from typing import Any

import pytest

from openucwa.config_identity import Issuer
from openucwa.identity.issuers.claims import ForeignToken, read_claims
from openucwa.model.refusals import Unauthorized
from tests.identity.issuers.conftest import SCOPES

#: As Entra ID sends them for an API of one's own; tenant, ids and signature are made up.
ENTRA_V1 = {
    "aud": "api://5c0a4ef2-9a41-4b53-9d6a-7a1f6a3b9d10",
    "iss": "https://sts.windows.net/9d5d1d1e-1111-4222-8333-444455556666/",
    "iat": 1_700_000_000,
    "nbf": 1_700_000_000,
    "exp": 1_700_003_600,
    "acr": "1",
    "amr": ["pwd"],
    "appid": "0f0e0d0c-0000-4000-8000-aabbccddeeff",
    "appidacr": "0",
    "name": "Lene Aalling",
    "oid": "11111111-2222-4333-8444-555555555555",
    "scp": "Conversations.Receive User.ReadWrite",
    "sub": "subject",
    "tid": "9d5d1d1e-1111-4222-8333-444455556666",
    "unique_name": "LeneA@contoso.com",
    "upn": "LeneA@contoso.com",
    "ver": "1.0",
}
ENTRA_V2 = {
    "aud": "5c0a4ef2-9a41-4b53-9d6a-7a1f6a3b9d10",
    "iss": "https://login.microsoftonline.com/9d5d1d1e-1111-4222-8333-444455556666/v2.0",
    "iat": 1_700_000_000,
    "nbf": 1_700_000_000,
    "exp": 1_700_003_600,
    "azp": "0f0e0d0c-0000-4000-8000-aabbccddeeff",
    "azpacr": "0",
    "name": "Lene Aalling",
    "oid": "11111111-2222-4333-8444-555555555555",
    "preferred_username": "LeneA@contoso.com",
    "roles": ["Meetings.ReadWrite"],
    "scp": "access_as_user",
    "sub": "subject",
    "tid": "9d5d1d1e-1111-4222-8333-444455556666",
    "ver": "2.0",
}
KEYCLOAK = {
    "exp": 1_700_000_300,
    "iat": 1_700_000_000,
    "jti": "9b6d6f6c-0000-4000-8000-000000000001",
    "iss": "https://keycloak.contoso.com/realms/contoso",
    "aud": ["openucwa", "account"],
    "sub": "a5461470-0000-4000-8000-000000000002",
    "typ": "Bearer",
    "azp": "openucwa-console",
    "sid": "x",
    "allowed-origins": ["https://ucwa.contoso.com"],
    "realm_access": {"roles": ["offline_access", "organizer"]},
    "resource_access": {"openucwa": {"roles": ["Contacts.ReadWrite"]}},
    "scope": "openid email profile Conversations.Initiate",
    "email_verified": True,
    "name": "Lene Aalling",
    "preferred_username": "lenea",
    "email": "lene.aalling@contoso.com",
}


def read(claims: dict[str, Any], **table: Any) -> ForeignToken:
    usual = {"url": claims["iss"], "audience": "x", "domains": "contoso.com"}
    return read_claims(claims, Issuer(**usual | table), SCOPES)


@pytest.mark.parametrize("claims", [ENTRA_V1, ENTRA_V2, KEYCLOAK], ids=["Entra v1", "Entra v2", "Keycloak"])
def test_each_names_its_user_with_the_settings_as_they_are(claims: dict[str, Any]) -> None:
    profile = read(claims).profile
    assert (profile.uri, profile.name) == ("sip:lenea@contoso.com", "Lene Aalling")


def test_entra_has_scopes_in_scp_and_roles() -> None:
    assert read(ENTRA_V1).scopes == {"Conversations.Receive", "User.ReadWrite"}
    assert read(ENTRA_V2).scopes == {"Meetings.ReadWrite"}


def test_keycloak_has_scopes_as_text() -> None:
    assert read(KEYCLOAK).scopes == {"Conversations.Initiate"}


def test_claim_within_claims_is_named_by_its_path() -> None:
    claims = KEYCLOAK
    table = {"scope_claims": ("realm_access.roles", "resource_access.openucwa.roles"), "scopes": {"organizer": "all"}}
    assert read(claims, **table).scopes == SCOPES
    assert read(claims, scope_claims="resource_access.openucwa.roles").scopes == {"Contacts.ReadWrite"}
    assert read(claims, scope_claims="realm_access.roles.x").scopes == frozenset()


def test_claim_whose_name_has_dots_is_found_by_it() -> None:
    claims = KEYCLOAK | {"https://ucwa.contoso.com/scopes": ["Meetings.ReadWrite"]}
    assert read(claims, scope_claims="https://ucwa.contoso.com/scopes").scopes == {"Meetings.ReadWrite"}


def test_scope_mapping_gives_several_or_all() -> None:
    table: dict[str, Any] = {"scopes": {"access_as_user": ("Conversations.Initiate", "Conversations.Receive")}}
    expected = {"Conversations.Initiate", "Conversations.Receive", "Meetings.ReadWrite"}
    assert read(ENTRA_V2, **table).scopes == expected
    assert read(ENTRA_V2, scopes={"access_as_user": "all"}).scopes == SCOPES


def test_scope_prefix_is_taken_off_and_wanted() -> None:
    claims = KEYCLOAK | {"scope": "https://ucwa/Meetings.ReadWrite Conversations.Receive"}
    assert read(claims, scope_prefix="https://ucwa/").scopes == {"Meetings.ReadWrite"}


def test_all_and_unknown_scopes_of_the_issuer_count_for_nothing() -> None:
    assert read(KEYCLOAK | {"scope": "all openucwa.admin * Meetings"}).scopes == frozenset()


def test_scopes_of_odd_kinds_count_for_nothing() -> None:
    for odd in (7, None, {"Meetings.ReadWrite": True}, [7, None, ["Meetings.ReadWrite"]], True):
        assert read(KEYCLOAK | {"scope": odd}).scopes == frozenset()


def test_default_scopes_are_given_to_each_token() -> None:
    assert read(KEYCLOAK, default_scopes="Meetings.ReadWrite").scopes == {
        "Meetings.ReadWrite",
        "Conversations.Initiate",
    }


def test_first_user_claim_that_is_there_counts_and_no_later_one() -> None:
    claims = KEYCLOAK | {"sip": "sip:mallory@elsewhere.org"}
    assert read(claims, user_claims=("missing", "email")).profile.uri == "sip:lene.aalling@contoso.com"
    with pytest.raises(Unauthorized):
        read(claims, user_claims=("sip", "email"))


def test_unverified_mail_address_names_no_user() -> None:
    for unverified in (False, "false", 0, []):
        with pytest.raises(Unauthorized):
            read(KEYCLOAK | {"email_verified": unverified}, user_claims="email")
    for verified in (True, "true", None):
        assert read(KEYCLOAK | {"email_verified": verified}, user_claims="email").profile.email


def test_name_that_only_resembles_another_in_lower_case_is_no_user() -> None:
    for kelvin in ("\N{KELVIN SIGN}en", "\N{KELVIN SIGN}en@contoso.com"):
        with pytest.raises(Unauthorized):
            read(KEYCLOAK | {"preferred_username": kelvin})


def test_user_may_be_in_any_of_the_domains() -> None:
    claims = ENTRA_V1 | {"upn": "lenea@fabrikam.com"}
    assert read(claims, domains=("contoso.com", "fabrikam.com")).profile.uri == "sip:lenea@fabrikam.com"
    with pytest.raises(Unauthorized):
        read(claims)


@pytest.mark.parametrize("name", ["", "  ", 7, None, "a\x00b", ["x"]])
def test_invalid_name_in_the_claims_is_left_out(name: object) -> None:
    assert read(KEYCLOAK | {"name": name}).profile.name is None


def test_name_is_one_line_and_bounded() -> None:
    assert read(KEYCLOAK | {"name": "Lene \n Aalling"}).profile.name == "Lene Aalling"
    assert len(read(KEYCLOAK | {"name": "x" * 5_000}).profile.name or "") == 256


def test_token_without_an_end_is_refused() -> None:
    for odd in (None, "1700000300", True, -1, 1e12, float("nan")):
        with pytest.raises(Unauthorized):
            read(KEYCLOAK | {"exp": odd})
