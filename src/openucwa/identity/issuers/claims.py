"""Maps the claims of an issuer's token to a user and scopes.

RFC 9068 has `scope` as text; Microsoft Entra ID sends `scp` as text and `roles` as an array; Keycloak sends `scope`
and, if configured, `realm_access.roles`. Tokens are verified elsewhere.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from openucwa.config_identity import ALL_SCOPES, Issuer, texts
from openucwa.identity.profile import Profile, printable, sip_uri
from openucwa.model.refusals import Unauthorized

#: The claims of a token, or what introspection says of one: a JSON object.
Claims: TypeAlias = Mapping[str, Any]

#: The latest `exp` accepted, in seconds since 1970: the end of the year 9999.
_LAST_SECOND = 253_402_300_799
#: Claims with a token's type: Keycloak's, Amazon Cognito's, and that of introspection (RFC 7662).
_TYPE_CLAIMS = ("typ", "token_use", "token_type")
#: Types of tokens that are not bearer access tokens.
_OTHER_TYPES = frozenset({"id", "id_token", "refresh", "refresh_token", "offline", "logout", "dpop"})
#: Claims of ID tokens and logout tokens (OpenID Connect Core, 2; Back-Channel Logout, 2.4; FAPI 1.0, 5.1).
_ID_TOKEN_CLAIMS = frozenset({"at_hash", "c_hash", "s_hash", "events"})
#: The claim of a token that only the owner of a key may use (RFC 7800). That is not verified here, so it is refused.
_CONFIRMATION = "cnf"


@dataclass(frozen=True, slots=True)
class ForeignToken:
    """A verified access token. `scopes`: UCWA scopes only. `expires`: ms since 1970."""

    profile: Profile
    scopes: frozenset[str]
    expires: int


def read_claims(claims: Claims, issuer: Issuer, known_scopes: frozenset[str]) -> ForeignToken:
    """The token with these claims, which must be verified already. `known_scopes`: all UCWA scopes.

    Unauthorized: it names no user in the issuer's domains, or is not a bearer access token.
    """
    kinds = {str(claims.get(claim, "")).lower() for claim in _TYPE_CLAIMS}
    # Of access tokens only Keycloak's contain a nonce, and they state their type.
    if kinds & _OTHER_TYPES or not _ID_TOKEN_CLAIMS.isdisjoint(claims) or ("nonce" in claims and "bearer" not in kinds):
        raise Unauthorized("the token is not an access token")
    if _CONFIRMATION in claims:
        raise Unauthorized("the token is bound to a key, which this server does not verify")
    return ForeignToken(_profile(claims, issuer), _scopes(claims, issuer, known_scopes), expires(claims))


def expires(claims: Claims) -> int:
    """When the token expires, in ms since 1970. Unauthorized: `exp` is missing or invalid."""
    value = claims.get("exp")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST_SECOND:
        raise Unauthorized("the token has no valid expiry time")
    return int(value * 1000)


def profile_of(claims: Claims, issuer: Issuer) -> Profile | None:
    """The user that these claims name; None: no user in the issuer's domains."""
    uri = next((uri for value in _user_claims(claims, issuer) if (uri := sip_uri(value, texts(issuer.domains)))), None)
    if uri is None:
        return None
    name = next(filter(None, (printable(claims.get(claim)) for claim in texts(issuer.name_claims))), None)
    email = next(filter(None, (printable(claims.get(claim)) for claim in texts(issuer.email_claims))), None)
    return Profile(uri, issuer.url, issuer.create_users, name, email)


def _profile(claims: Claims, issuer: Issuer) -> Profile:
    profile = profile_of(claims, issuer)
    if profile is None:
        raise Unauthorized("the token names no user in the domains of its issuer")
    return profile


def _user_claims(claims: Claims, issuer: Issuer) -> Iterator[str]:
    """The value of the first claim present; the others are ignored, so that no weaker claim can replace it."""
    for claim in texts(issuer.user_claims):
        value = _value(claims, claim)
        if value is None or value == "":
            continue
        # An unverified address may belong to someone else. Some issuers send this boolean as text.
        verified = claim != "email" or claims.get("email_verified") in (None, True, "true")
        if isinstance(value, str) and verified:
            yield value
        return


def _scopes(claims: Claims, issuer: Issuer, known: frozenset[str]) -> frozenset[str]:
    found = set(texts(issuer.default_scopes))
    for claim in texts(issuer.scope_claims):
        for name in _names(_value(claims, claim)):
            if name in issuer.scopes:
                found.update(texts(issuer.scopes[name]))
            elif name.startswith(issuer.scope_prefix):
                # `all` counts only in settings: an issuer may use that name for something else.
                found.update({name.removeprefix(issuer.scope_prefix)} & known)
    return known if ALL_SCOPES in found else frozenset(found & known)


def _names(value: object) -> list[str]:
    if isinstance(value, str):
        return value.split()
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def _value(claims: Claims, path: str) -> object:
    """The claim with this name, or else at this path; names may contain dots (`https://contoso.com/roles`)."""
    if path in claims:
        return claims[path]
    value: object = claims
    for name in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value
