"""The choice of the store, from the settings. Each engine is imported only if it is used."""

from pathlib import Path
from typing import TYPE_CHECKING

from openucwa.config import Config
from openucwa.model.measures import Measures
from openucwa.store.sql.change_rows import LogLimits
from openucwa.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from openucwa.store.postgres import PostgresStore


def store_of(config: Config, measures: Measures | None = None) -> "SqliteStore | PostgresStore":
    """The store, not opened. `measures`: counts its commits."""
    if config.store is None:
        return SqliteStore(
            Path(config.data),
            config.store_timeout,
            measures=measures,
            max_user_bytes=config.max_user_bytes,
            log=_log_limits(config),
        )
    from openucwa.store.postgres import PostgresStore  # noqa: PLC0415  # a tenth of a second

    return PostgresStore(
        config.store,
        config.store_timeout,
        config.store_read_connections,
        config.store_write_connections,
        measures=measures,
        max_user_bytes=config.max_user_bytes,
        log=_log_limits(config),
    )


def _log_limits(config: Config) -> LogLimits:
    return LogLimits(config.change_log, config.change_log_user_bytes)


def place_of(config: Config) -> str:
    """Its location, without user and password."""
    if config.store is None:
        return config.data
    from openucwa.store.postgres import place_of  # noqa: PLC0415

    return place_of(config.store)
