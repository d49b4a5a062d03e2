"""Who else verifies tokens and passwords: what the settings `issuers` and `directories` lead to.

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
    from openucwa.identity.issuers.tokens import ConsoleSignIn, ForeignTokens

Backend: TypeAlias = "DirectoryPasswords | IssuerPasswords"


class Sources:
    """The issuers and directories of one process.

    `foreign`: checks other issuers' tokens; None: there are no issuers. `backends`: who verifies passwords besides this
    server, in the order in which they are asked. `removed` is called when an issuer takes back a key.
    """

    def __init__(self, config: Config, world: World, removed: Callable[[], None]) -> None:
        self.foreign = _foreign_tokens(config, world, removed)
        self.backends = _password_backends(config, world, self.foreign)

    def authorization_uris(self) -> Sequence[str]:
        """Where users of issuers sign in, as far as that is known at the moment."""
        return () if self.foreign is None else self.foreign.authorization_uris()

    def console_sign_ins(self) -> "Sequence[ConsoleSignIn]":
        """Where the console may sign in, as far as that is known at the moment."""
        return () if self.foreign is None else self.foreign.console_sign_ins()

    def start(self) -> None:
        """Begins to ask the issuers where users sign in; none of them is waited for."""
        if self.foreign is not None:
            self.foreign.start()

    async def close(self) -> None:
        """Closes the connections."""
        for backend in self.backends:
            await backend.close()
        if self.foreign is not None:
            await self.foreign.close()


def _foreign_tokens(config: Config, world: World, removed: Callable[[], None]) -> "ForeignTokens | None":
    if not config.issuers:
        return None
    from openucwa.identity.issuers.tokens import ForeignTokens  # noqa: PLC0415

    return ForeignTokens(config, ANY_SCOPE, world, removed)


def _password_backends(config: Config, world: World, foreign: "ForeignTokens | None") -> Sequence[Backend]:
    backends: list[Backend] = []
    if config.directories:
        from openucwa.identity.directories.directory import DirectoryPasswords as Directories  # noqa: PLC0415

        backends += (Directories(directory, world) for directory in config.directories)
    if foreign is not None:
        from openucwa.identity.issuers.passwords import IssuerPasswords as Issuers  # noqa: PLC0415

        backends += (Issuers(each) for each in foreign.verifiers.values() if each.issuer.password_grant)
    return backends
