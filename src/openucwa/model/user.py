"""Users of this server, and the keys that sign tokens."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class User:
    """A user, who may sign in and organize meetings.

    `uri`: the SIP URI in lower case, `sip:lenea@contoso.com`; it is the user's identity everywhere. `pool`: the name of
    the user's home pool; None is this server. `password_hash`: argon2's encoded form. `generation`: grows with each
    change of the password; tokens of another one are refused.
    """

    uri: str
    name: str
    email: str | None
    pool: str | None
    password_hash: str
    generation: int = 1

    @property
    def address(self) -> str:
        """The URI without its scheme: `lenea@contoso.com`."""
        return self.uri.removeprefix("sip:")

    @property
    def domain(self) -> str:
        """The part after the @."""
        return self.uri.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A secret that signs tokens. `created`: ms since 1970. The newest one signs; all of them verify."""

    id: str
    secret: bytes
    created: int
