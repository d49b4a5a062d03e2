"""The users of a sandbox: those of a seed file, or two that every start names with their passwords."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from openucwa.config_options import ConfigError
from openucwa.identity.passwords import MAX_PASSWORD_LENGTH
from openucwa.model.user import is_sip_uri

#: The maximum number of users of a seed file; so many take a quarter of a minute to add.
MAX_USERS = 100_000


class SandboxUser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A user as a seed file names one. `uri`: a SIP URI."""

    uri: str
    password: str
    name: str = ""
    email: str | None = None
    pool: str | None = None

    @property
    def shown_name(self) -> str:
        """The name, or the first part of the address."""
        return self.name or self.uri.removeprefix("sip:").partition("@")[0]


class Seed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A seed file: JSON or TOML."""

    users: tuple[SandboxUser, ...]


#: The users without a seed file. Their passwords are no secrets.
DEFAULT = Seed(
    users=(
        SandboxUser("sip:lenea@contoso.com", "lenea-password", "Lene Aaling"),
        SandboxUser("sip:danab@contoso.com", "danab-password", "Dana Birkby"),
    )
)


def read_seed(file: Path) -> Seed:
    """The contents of a seed file. ConfigError: it is not readable, or not one."""
    try:
        text = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from None
    decode = msgspec.toml.decode if file.suffix == ".toml" else msgspec.json.decode
    try:
        seed = decode(text, type=Seed)
    except msgspec.MsgspecError as error:
        raise ConfigError(f"{file} is not a seed file: {error}") from None
    if wrong := next(_faults(seed), None):
        raise ConfigError(f"{file} is not a seed file: {wrong}")
    return seed


def _faults(seed: Seed) -> Iterator[str]:
    """What is wrong with its users, each in one sentence."""
    if len(seed.users) > MAX_USERS:
        yield f"it has {len(seed.users):,} users; the maximum is {MAX_USERS:,}"
    known = set()
    for number, user in enumerate(seed.users):
        uri = user.uri.lower()
        if not is_sip_uri(uri):
            yield f"$.users[{number}].uri: {user.uri[:100]!r} is not a SIP URI of the form sip:USER@DOMAIN"
        if uri in known:
            yield f"$.users[{number}].uri: {uri} occurs twice"
        if not 0 < len(user.password) <= MAX_PASSWORD_LENGTH:
            yield f"$.users[{number}].password: must have 1 to {MAX_PASSWORD_LENGTH} characters"
        known.add(uri)
