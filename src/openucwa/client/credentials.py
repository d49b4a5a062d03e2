"""The credentials of a client (UCWA: Authentication in UCWA)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Token:
    """A token. `expires_in`: seconds from when it was granted, if the server says so. `refresh_token`: for the next."""

    access_token: str = field(repr=False)
    token_type: str = "Bearer"  # noqa: S105  # no password
    expires_in: int | None = None
    scope: str | None = None
    refresh_token: str | None = field(default=None, repr=False)

    @property
    def authorization(self) -> str:
        """The value of the header `Authorization`."""
        return f"{self.token_type} {self.access_token}"


@dataclass(frozen=True, slots=True)
class Password:
    """A user's name and password. `username`: `user@domain`, `sip:user@domain` or `DOMAIN\\user`.

    `scope`: documented scopes, separated by blanks; None: all.
    """

    username: str
    password: str = field(repr=False)
    scope: str | None = None

    def form(self, previous: Token | None) -> Mapping[str, str]:
        """The fields of the request for a token."""
        fields = {"grant_type": "password", "username": self.username, "password": self.password}
        return fields if self.scope is None else {**fields, "scope": self.scope}


@dataclass(frozen=True, slots=True)
class AnonymousMeeting:
    """Somebody without an account, who knows a meeting's `onlineMeetingUri` and may ask to join it."""

    online_meeting_uri: str
    scope: str | None = None

    def form(self, previous: Token | None) -> Mapping[str, str]:
        """The fields of the request for a token; a new one keeps the identity of the previous."""
        fields = {
            "grant_type": "urn:microsoft.rtc:anonmeeting",
            "ms_rtc_conferenceuri": self.online_meeting_uri,
            "password": self.online_meeting_uri.rpartition(":")[2],
        }
        if self.scope is not None:
            fields["scope"] = self.scope
        return fields if previous is None else {**fields, "ms_rtc_renew": previous.access_token}


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token of an earlier sign-in (RFC 6749, 6)."""

    refresh_token: str = field(repr=False)

    def form(self, previous: Token | None) -> Mapping[str, str]:
        """The fields of the request for a token."""
        latest = previous.refresh_token if previous is not None and previous.refresh_token else self.refresh_token
        return refreshing(latest)


@dataclass(frozen=True, slots=True)
class BearerToken:
    """A token of another issuer. `provider`: the token, or a function that returns a valid one (or, for the
    asynchronous client, a coroutine function); it is called again when the server does not accept the last one any
    more.

    The token is sent to the server that the client was given, and to the one where that server says that the user is
    homed, whatever its name; never from https to http.
    """

    provider: str | Callable[[], str | Awaitable[str]] = field(repr=False)


Credentials: TypeAlias = Password | AnonymousMeeting | RefreshToken | BearerToken


def refreshing(refresh_token: str) -> Mapping[str, str]:
    """The fields of a request that exchanges a refresh token."""
    return {"grant_type": "refresh_token", "refresh_token": refresh_token}
