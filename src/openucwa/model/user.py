"""Users of this server, and the keys that sign tokens."""

import re
from dataclasses import dataclass

#: The characters of a user that need no escape in a SIP URI, without those that end it (RFC 3261, 25.1).
_SIP_URI = re.compile(r"sip:[a-z0-9._~!$&'*+=-]{1,256}@[a-z0-9]([a-z0-9.-]{0,252}[a-z0-9])?")

#: Why a disabled user's tokens are refused.
DISABLED = "the user is disabled"
#: Why a token of another generation than its user's is refused.
REVOKED = "the user was removed, or this token was revoked: by a new password, or by signing out"


def is_sip_uri(text: str) -> bool:
    """Whether `text` is the URI of a user as the store has it: `sip:USER@DOMAIN`, in lower case."""
    return _SIP_URI.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class User:
    """A user, who may sign in and organize meetings.

    `uri`: the SIP URI in lower case, `sip:lenea@contoso.com`; it is the user's identity everywhere. `pool`: the name of
    the user's home pool; None is this server. `password_hash`: argon2's encoded form; empty if the user has no password
    here. `generation`: grows with each change of the password; tokens of another one are refused. `source`: the issuer
    or directory that the user comes from; None: added here. `disabled`: an administrator has locked the user out.
    """

    uri: str
    name: str
    email: str | None
    pool: str | None
    password_hash: str
    generation: int = 1
    source: str | None = None
    title: str | None = None
    department: str | None = None
    work_phone: str | None = None
    mobile_phone: str | None = None
    home_phone: str | None = None
    other_phone: str | None = None
    company: str | None = None
    office: str | None = None
    disabled: bool = False

    @property
    def address(self) -> str:
        """The URI without its scheme: `lenea@contoso.com`."""
        return self.uri.removeprefix("sip:")

    @property
    def domain(self) -> str:
        """The part after the @."""
        return self.uri.rpartition("@")[2]


def user_uri(uri: str) -> str:
    """The SIP URI of a user: in lower case, without the parameters and headers that follow its host.

    The part before the @ may contain `;` and `?` as well (RFC 3261, section 25.1, user-unreserved).
    """
    user, at, rest = uri.lower().partition("@")
    return user + at + rest.partition("?")[0].partition(";")[0]


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A secret that signs tokens. `created`: ms since 1970. The newest one signs; all of them verify."""

    id: str
    secret: bytes
    created: int
