"""The audit trail: one line for each security-relevant act, on the logger `openucwa.audit`.

An act is a value: a class below, which names its fields. It is logged once it has happened, after the commit. Where the
lines go is the setting `audit_log` (`audit_trail.py`). The table of docs/operating.md is this file; a test compares
them.

Common fields: `by`: the person or program that acted: a caller's identity, `os:NAME` for a user of the operating
system, or an issuer or directory. `client`: the client's address; None: not over the network. No field may contain a
secret.
"""

import logging
import re
from dataclasses import dataclass, fields
from typing import Self

#: Above logging's own levels, so that no `log_level` hides it.
AUDIT = 60
#: Maximum number of characters of a value.
MAX_VALUE = 200

#: A value that needs no quotes.
_PLAIN = re.compile(r"[^\s\"'=]+")
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")

LOGGER = "openucwa.audit"

logger = logging.getLogger(LOGGER)


@dataclass(frozen=True)
class Act:
    """Something that was done. Its text is its name and its fields, on one line."""

    @classmethod
    def name(cls) -> str:
        """The name of this kind of act: `sign-in-failed`."""
        return _CAPITAL.sub("-", cls.__name__).lower()

    def values(self) -> dict[str, str | int]:
        """The fields that are known, by name. Texts are bounded and printable."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            name: value if isinstance(value, int) else shown(str(value))
            for name, value in found.items()
            if value is not None
        }

    def __str__(self) -> str:
        return " ".join([self.name(), *(f"{name}={_quoted(value)}" for name, value in self.values().items())])


def log(*acts: Act) -> None:
    """Logs acts that have happened."""
    for act in acts:
        logger.log(AUDIT, act)


def counted(number: int, noun: str) -> str:
    """`1 extension`, `2 extensions`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def shown(text: str, length: int = MAX_VALUE) -> str:
    """`text`, cut to a reasonable length, with everything escaped that could pass for another line."""
    cut = text if len(text) <= length else f"{text[:length]}..."
    return cut if cut.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cut)


def _quoted(value: str | int) -> str:
    if isinstance(value, int) or _PLAIN.fullmatch(value):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


# Signing in


@dataclass(frozen=True)
class SignInSucceeded(Act):
    """A token was issued. `source`: the directory that verified the password, unless it is stored here; for a meeting,
    its organizer.
    """

    user: str
    client: str
    grant: str
    source: str | None = None


@dataclass(frozen=True)
class SignInFailed(Act):
    """A password, or the URI of a meeting, was wrong. `user`: as given; for a meeting, its organizer."""

    user: str
    client: str
    grant: str
    reason: str


@dataclass(frozen=True)
class SignInThrottled(Act):
    """A sign-in was refused unseen, after too many failures. `user`: as given. `wait`: seconds until the next."""

    user: str
    client: str
    grant: str
    wait: int


@dataclass(frozen=True)
class SignedOut(Act):
    """An application was ended, by its user or by `openucwa user sessions`. The line of its removal says whose."""

    by: str
    client: str | None
    application: str


@dataclass(frozen=True)
class TokenIssued(Act):
    """A token for `user` was issued without a password, by `openucwa token`. `lifetime`: in seconds."""

    by: str
    user: str
    lifetime: int
    scopes: str


@dataclass(frozen=True)
class TokensRevoked(Act):
    """All tokens of `user` became invalid, without a new password."""

    by: str
    user: str
    client: str | None = None


# Users


@dataclass(frozen=True)
class UserAdded(Act):
    """A user was added. `by`: the issuer or directory, if it was by the first sign-in."""

    by: str
    user: str


@dataclass(frozen=True)
class UserRemoved(Act):
    """A user was removed, with everything of that user; what exactly, is in lines of its own."""

    by: str
    user: str


@dataclass(frozen=True)
class UserDisabled(Act):
    """A user was disabled."""

    by: str
    user: str


@dataclass(frozen=True)
class UserEnabled(Act):
    """A disabled user was enabled again."""

    by: str
    user: str


@dataclass(frozen=True)
class PasswordChanged(Act):
    """A user's password was changed, and all older tokens became invalid."""

    by: str
    user: str
    client: str | None = None


@dataclass(frozen=True)
class PhotoChanged(Act):
    """A user's photo was set by an administrator."""

    by: str
    user: str


@dataclass(frozen=True)
class PhotoRemoved(Act):
    """A user's photo was removed by an administrator."""

    by: str
    user: str


@dataclass(frozen=True)
class MeetingHandedOver(Act):
    """A meeting of `user` got another organizer, `to`. `extensions`: how many it has."""

    meeting: str
    user: str
    to: str
    extensions: int


@dataclass(frozen=True)
class MeetingsHandedOver(Act):
    """Who handed over meetings of `user` to another organizer, `to`, and how many; each has a line of its own."""

    by: str
    user: str
    to: str
    meetings: int


# Webhooks


@dataclass(frozen=True)
class WebhookAdded(Act):
    """A webhook was added. `to`: the host that it delivers to."""

    by: str
    user: str
    webhook: str
    to: str
    client: str | None = None


@dataclass(frozen=True)
class WebhookChanged(Act):
    """A webhook was changed, paused or resumed. `to`: the host that it delivers to. `state`: the new one."""

    by: str
    user: str
    webhook: str
    to: str
    state: str
    client: str | None = None


@dataclass(frozen=True)
class WebhookSecretReplaced(Act):
    """A webhook got a new secret."""

    by: str
    user: str
    webhook: str
    client: str | None = None


@dataclass(frozen=True)
class WebhookRemoved(Act):
    """A webhook was removed."""

    by: str
    user: str
    webhook: str
    client: str | None = None


# The server and its data


@dataclass(frozen=True)
class SigningKeyAdded(Act):
    """A key that signs tokens was added, by `openucwa key rotate`."""

    by: str
    key: str


@dataclass(frozen=True)
class SigningKeyRemoved(Act):
    """A key was removed, by `openucwa key remove`; its tokens became invalid."""

    by: str
    key: str


@dataclass(frozen=True)
class DataExported(Act):
    """Data was exported. `user`: whose; none: everybody's."""

    by: str
    file: str
    user: str | None = None


@dataclass(frozen=True)
class DataImported(Act):
    """Data was imported."""

    by: str
    file: str


@dataclass(frozen=True)
class StoreCopied(Act):
    """The store was copied to another one."""

    by: str
    to: str


@dataclass(frozen=True)
class BackupWritten(Act):
    """A backup was written."""

    by: str
    file: str


@dataclass(frozen=True)
class BackupRestored(Act):
    """A backup was restored into an empty store."""

    by: str
    file: str


@dataclass(frozen=True)
class SettingsReloaded(Act):
    """A running server read its settings again. `log_level`, `audit_log`: what they say now."""

    log_level: str
    audit_log: str


@dataclass(frozen=True)
class AuditTrailMoved(Act):
    """A reload of the settings moved the audit trail, or switched it off: the last line at the former place."""

    to: str


@dataclass(frozen=True)
class CertificatesReloaded(Act):
    """A running server read its certificate and key again; with several workers, each of them does."""

    file: str


@dataclass(frozen=True)
class Removal(Act):
    """Something was removed. `kind`: user, meeting, extension, application, ...; `owner`: whose it was."""

    kind: str
    id: str
    owner: str
    reason: str

    @classmethod
    def of_meeting(cls, meeting_id: str, owner: str, reason: str, extensions: int) -> Self:
        """`extensions`: how many went with the meeting."""
        return cls("meeting", meeting_id, owner, f"{reason}; {counted(extensions, 'extension')} with it")

    @classmethod
    def of_extension(cls, extension_id: str, meeting_id: str, owner: str) -> Self:
        """It was deleted."""
        return cls(
            "extension", f"{_quoted(shown(extension_id, MAX_VALUE // 2))} in meeting {meeting_id}", owner, "deleted"
        )

    def __str__(self) -> str:
        return f"removed {self.kind} {shown(self.id)} of {shown(self.owner)}: {shown(self.reason)}"
