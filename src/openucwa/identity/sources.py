"""What the settings `issuers` and `directories` lead to: who else verifies tokens and passwords.

Each is imported where it is set, and costs nothing elsewhere: a tenth of a second for HTTP and JOSE, and LDAP is an
extra.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from openucwa.config import Config
from openucwa.model.scopes import ANY_SCOPE
from openucwa.model.world import World

if TYPE_CHECKING:
    from openucwa.identity.directories.directory import DirectoryPasswords
    from openucwa.identity.issuers.passwords import IssuerPasswords
    from openucwa.identity.issuers.tokens import ForeignTokens

Backend: TypeAlias = "DirectoryPasswords | IssuerPasswords"


def foreign_tokens(config: Config, world: World, removed: Callable[[], None]) -> "ForeignTokens | None":
    """What checks other issuers' tokens; None: there are no issuers. `removed` is called when one takes back a key."""
    if not config.issuers:
        return None
    from openucwa.identity.issuers.tokens import ForeignTokens  # noqa: PLC0415

    return ForeignTokens(config, ANY_SCOPE, world, removed)


def password_backends(config: Config, world: World, foreign: "ForeignTokens | None") -> Sequence[Backend]:
    """Who verifies passwords besides this server, in the order in which they are asked."""
    backends: list[Backend] = []
    if config.directories:
        from openucwa.identity.directories.directory import DirectoryPasswords as Directories  # noqa: PLC0415

        backends += (Directories(directory, world) for directory in config.directories)
    if foreign is not None:
        from openucwa.identity.issuers.passwords import IssuerPasswords as Issuers  # noqa: PLC0415

        backends += (Issuers(each) for each in foreign.verifiers.values() if each.issuer.password_grant)
    return backends
