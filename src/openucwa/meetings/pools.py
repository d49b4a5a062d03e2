"""The home pools of users: this server, or another pool."""

from collections.abc import Iterable

from openucwa.config_options import Pool
from openucwa.model.refusals import CannotRedirect


class Pools:
    """The other pools in the settings. None, as a pool, is this server."""

    def __init__(self, pools: Iterable[Pool]) -> None:
        self._pools = {pool.name: pool for pool in pools}

    def redirect(self, pool: str | None) -> str | None:
        """The URL that a user of `pool` is redirected to: the backup's if it has one; None: this server.
        CannotRedirect: the pool is not in the settings.
        """
        if pool is None:
            return None
        found = self._pools.get(pool)
        if found is None:
            raise CannotRedirect(f"the user is homed in the pool {pool}, which is not configured here")
        if found.backup is None:
            return found.url
        backup = self._pools.get(found.backup)
        return backup.url if backup is not None else found.backup

    def require_backup(self, pool: str | None) -> None:
        """CannotRedirect: the organizer is homed in another pool, and that has no backup."""
        if pool is None:
            return
        found = self._pools.get(pool)
        if found is None or found.backup is None:
            raise CannotRedirect(f"the organizer is homed in the pool {pool}, which has no backup")
