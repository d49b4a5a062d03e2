"""What the claims of an issuer's token mean here: the user, and the scopes.

RFC 9068 has `scope` as text; Microsoft Entra ID sends `scp` as text and `roles` as an array; Keycloak sends `scope`
and, where asked for by setting, `realm_access.roles`. Nothing here verifies a token.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from openucwa.config_identity import ALL_SCOPES, Issuer, texts
from openucwa.identity.profile import Profile, printable, sip_uri
from openucwa.model.refusals import Unauthorized

#: The claims of a token, or what introspection says of one: a JSON object.
Claims: TypeAlias = Mapping[str, Any]

#: Seconds since 1970 that are no moment of this server's life: the year 9999, in which JSON's readers overflow.
_LAST_SECOND = 253_402_300_799
#: What a token says it is that is none for access: OpenID Connect's own, and Keycloak's words for them.
_OTHER_TYPES = frozenset({"id", "refresh", "offline", "logout"})


@dataclass(frozen=True, slots=True)
class ForeignToken:
    """What an issuer's access token stands for.

    `scopes`: UCWA's, those only. `expires`: ms since 1970.
    """

    profile: Profile
    scopes: frozenset[str]
    expires: int


def read_claims(claims: Claims, issuer: Issuer, known_scopes: frozenset[str]) -> ForeignToken:
    """What these claims, which have been verified, mean. `known_scopes`: all of UCWA's.

    Unauthorized: they do not name a user that the issuer may speak for, or are not an access token's.
    """
    if str(claims.get("typ", "")).lower() in _OTHER_TYPES or "at_hash" in claims or "c_hash" in claims:
        raise Unauthorized("the token is not an access token")
    return ForeignToken(_profile(claims, issuer), _scopes(claims, issuer, known_scopes), expires(claims))


def expires(claims: Claims) -> int:
    """When the token ends, in ms since 1970. Unauthorized: it does not say."""
    value = claims.get("exp")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST_SECOND:
        raise Unauthorized("the token does not say when it expires")
    return int(value * 1000)


def profile_of(claims: Claims, issuer: Issuer) -> Profile | None:
    """The user that these claims name; None: nobody whom the issuer may speak for."""
    uri = next((uri for value in _user_claims(claims, issuer) if (uri := sip_uri(value, texts(issuer.domains)))), None)
    if uri is None:
        return None
    name = next(filter(None, (printable(claims.get(claim)) for claim in texts(issuer.name_claims))), None)
    email = next(filter(None, (printable(claims.get(claim)) for claim in texts(issuer.email_claims))), None)
    return Profile(uri, issuer.url, issuer.create_users, name, email)


def _profile(claims: Claims, issuer: Issuer) -> Profile:
    profile = profile_of(claims, issuer)
    if profile is None:
        raise Unauthorized("the token does not name a user for whom its issuer may speak")
    return profile


def _user_claims(claims: Claims, issuer: Issuer) -> Iterator[str]:
    """The value of the first claim that is there. Only that one: what a user may set must not stand in for another."""
    for claim in texts(issuer.user_claims):
        value = _value(claims, claim)
        if value is None or value == "":
            continue
        # An address that nobody has verified may be anybody's.
        if isinstance(value, str) and not (claim == "email" and claims.get("email_verified") is False):
            yield value
        return


def _scopes(claims: Claims, issuer: Issuer, known: frozenset[str]) -> frozenset[str]:
    found = set(texts(issuer.default_scopes))
    for claim in texts(issuer.scope_claims):
        for name in _names(_value(claims, claim)):
            if name in issuer.scopes:
                found.update(texts(issuer.scopes[name]))
            elif name.startswith(issuer.scope_prefix):
                # `all` counts only where the settings say so: an issuer knows it by another meaning.
                found.update({name.removeprefix(issuer.scope_prefix)} & known)
    return known if ALL_SCOPES in found else frozenset(found & known)


def _names(value: object) -> list[str]:
    if isinstance(value, str):
        return value.split()
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def _value(claims: Claims, path: str) -> object:
    """The claim of this name, or at this path; a name with a dot in it (`https://contoso.com/roles`) goes before."""
    if path in claims:
        return claims[path]
    value: object = claims
    for name in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value
