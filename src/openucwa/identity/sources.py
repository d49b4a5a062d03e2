"""Issuers and directories, as configured by `issuers` and `directories`.

Their modules are imported only if configured: HTTP and JOSE take a tenth of a second, and LDAP is an extra.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from openucwa.config import Config
from openucwa.model.scopes import ANY_SCOPE
from openucwa.model.world import World

if TYPE_CHECKING:
    from openucwa.identity.directories.directory import DirectoryPasswords
    from openucwa.identity.directories.people import DirectoryPeople
    from openucwa.identity.issuers.passwords import IssuerPasswords
    from openucwa.identity.issuers.tokens import ConsoleSignIn, ForeignTokens

Backend: TypeAlias = "DirectoryPasswords | IssuerPasswords"


class Sources:
    """The issuers and directories of one process.

    `foreign`: verifies other issuers' tokens; None: no issuers. `backends`: verify passwords, in this order. `people`:
    the directories whose people and groups are found. `removed` is called when an issuer no longer publishes a key.
    """

    def __init__(self, config: Config, world: World, removed: Callable[[], None]) -> None:
        self.foreign = _foreign_tokens(config, world, removed)
        self.backends = _password_backends(config, world, self.foreign)
        self.people = _people(config, self.backends)

    def authorization_uris(self) -> Sequence[str]:
        """The authorization endpoints of the issuers reached so far."""
        return () if self.foreign is None else self.foreign.authorization_uris()

    def console_sign_ins(self) -> "Sequence[ConsoleSignIn]":
        """The issuers where the console may sign in, as far as reached."""
        return () if self.foreign is None else self.foreign.console_sign_ins()

    async def tried(self) -> None:
        """Waits until each issuer was tried once since the start."""
        if self.foreign is not None:
            await self.foreign.tried()

    def start(self) -> None:
        """Starts to discover the issuers, in the background."""
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
    from openucwa.identity.issuers.tokens import ForeignTokens, ForeignTokenSettings  # noqa: PLC0415

    return ForeignTokens(config.part(ForeignTokenSettings), ANY_SCOPE, world, removed)


def _password_backends(config: Config, world: World, foreign: "ForeignTokens | None") -> Sequence[Backend]:
    backends: list[Backend] = []
    if config.directories:
        from openucwa.identity.directories.directory import DirectoryPasswords as Directories  # noqa: PLC0415

        backends += (Directories(directory, world) for directory in config.directories)
    if foreign is not None:
        from openucwa.identity.issuers.passwords import IssuerPasswords as Issuers  # noqa: PLC0415

        backends += (Issuers(each) for each in foreign.verifiers.values() if each.issuer.password_grant)
    return backends


def _people(config: Config, backends: Sequence[Backend]) -> "Sequence[DirectoryPeople]":
    if not config.directories:
        return ()
    from openucwa.identity.directories.directory import DirectoryPasswords  # noqa: PLC0415
    from openucwa.identity.directories.people import DirectoryPeople  # noqa: PLC0415

    verifying = [backend for backend in backends if isinstance(backend, DirectoryPasswords)]
    return [
        DirectoryPeople(directory, backend)
        for directory, backend in zip(config.directories, verifying, strict=True)
        if directory.search
    ]
