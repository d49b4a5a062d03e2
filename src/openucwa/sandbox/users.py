"""The users of a sandbox: those of a seed file, or two that every start names with their passwords."""

from pathlib import Path

import msgspec

from openucwa.config import ConfigError


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
        return decode(text, type=Seed)
    except msgspec.MsgspecError as error:
        raise ConfigError(f"{file} is not a seed file: {error}") from None
