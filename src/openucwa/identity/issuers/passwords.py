"""Verifies passwords through an issuer's password grant (RFC 6749, section 4.3).

For clients that support only passwords. The issuer's tokens are not passed on: clients get this server's own.
"""

import msgspec

from openucwa.config_identity import texts
from openucwa.identity.issuers.claims import Claims, profile_of
from openucwa.identity.issuers.provider import IssuerAway, Metadata, decoded
from openucwa.identity.issuers.tokens import Verifier
from openucwa.identity.login import Login
from openucwa.identity.profile import Profile
from openucwa.model.refusals import Unauthorized

_ID_TOKEN = frozenset({"jwt"})


class _Answer(msgspec.Struct):
    access_token: str | None = None
    id_token: str | None = None
    error: str | None = None


class IssuerPasswords:
    """Verifies passwords through the issuer of `verifier`."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier
        self._issuer = verifier.issuer
        self._provider = verifier.provider
        self.domains = texts(verifier.issuer.domains)
        self.source = verifier.issuer.url

    def may_know(self, login: Login) -> bool:
        """Whether the login may be in one of the issuer's domains."""
        return any(login.fits(domain) for domain in self.domains)

    async def verify(self, login: Login, password: str) -> Profile | None:
        """The user who signed in; None: wrong name or password, or a user outside of the issuer's domains.

        ServiceUnavailable: the issuer cannot be reached.
        """
        try:
            metadata = await self._provider.metadata()
            answer = await self._ask(metadata.token_endpoint, login, password)
            if answer is None:
                return None
            return profile_of(await self._claims(metadata, answer), self._issuer)
        except IssuerAway as away:
            raise self._provider.outages.refusal(away, self._issuer.key_refresh_min) from None

    async def close(self) -> None:
        """Does nothing: the connections are the verifier's."""

    async def _ask(self, endpoint: str | None, login: Login, password: str) -> _Answer | None:
        if endpoint is None:
            raise IssuerAway("it has no token_endpoint")
        username = self._issuer.password_username.replace("{login}", login.text).replace("{user}", login.user)
        form = {
            "grant_type": "password",
            "username": username,
            "password": password,
            "scope": self._issuer.password_scope,
        }
        status, body = await self._provider.post("password", endpoint, form)
        answer = decoded(body, _Answer, f"{endpoint} returned status {status} and no JSON")
        if status == 200:
            return answer
        if status in {400, 401} and answer.error == "invalid_grant":
            return None
        raise IssuerAway(f"{endpoint} returned status {status}, {answer.error}")

    async def _claims(self, metadata: Metadata, answer: _Answer) -> Claims:
        if answer.id_token is not None:
            try:
                claims, _ = await self._verifier.verify(answer.id_token, (self._issuer.client_id or "",), _ID_TOKEN)
            except Unauthorized as refusal:
                raise IssuerAway(f"its id_token is unusable: {refusal}") from None
            if next((True for claim in texts(self._issuer.user_claims) if claim in claims), False):
                return claims
        if answer.access_token is None or metadata.userinfo_endpoint is None:
            raise IssuerAway("neither its id_token nor its userinfo names the user")
        status, body = await self._provider.get("password", metadata.userinfo_endpoint, answer.access_token)
        if status != 200:
            return {}
        return decoded(body, dict[str, object], f"{metadata.userinfo_endpoint} returned no JSON")
