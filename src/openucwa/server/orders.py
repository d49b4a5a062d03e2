"""What a process is told from outside: to stop, to wait for nothing, to read its settings again."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Self

from openucwa.config import Config, ConfigError
from openucwa.server.shared import logger

#: The settings that change when they are read again; all others need a restart.
RELOADED = ("log_file", "log_level", "tls_cert", "tls_key")


def reloaded(config: Config, again: Config) -> Config:
    """The settings of a process that began with `config`, after they were read again."""
    return replace(config, **{name: getattr(again, name) for name in RELOADED})


class Orders:
    """`stop`: finish what is in flight, and end. `force`: end now.

    `load`: reads the settings again; None: SIGHUP is not for this process, its supervisor sends it the settings.
    """

    def __init__(self, load: Callable[[], Config] | None = None) -> None:
        self.stop = asyncio.Event()
        self.force = asyncio.Event()
        self._load = load
        self._reload: list[Callable[[Config], None]] = []

    def on_reload(self, use: Callable[[Config], None]) -> None:
        """Calls `use` with settings that were read again. ConfigError, raised by it: they cannot be used."""
        self._reload.append(use)

    def reload(self, config: Config) -> None:
        """Uses these settings, as far as they can be changed while the process runs."""
        usable = True
        for use in self._reload:
            try:
                use(config)
            except ConfigError as error:
                usable = False
                logger.error("the settings were read again, but %s", error)
        if usable:
            logger.info("settings, log file and certificates were read again")

    def hang_up(self) -> None:
        """SIGHUP: reads the settings again. Where they can't be used, the process goes on with those that it has."""
        if self._load is None:
            return
        try:
            config = self._load()
        except ConfigError as error:
            logger.error("the settings cannot be read again: %s", error)
        else:
            self.reload(config)

    def end(self) -> None:
        """SIGTERM or SIGINT: the first stops, a further one waits for nothing."""
        (self.force if self.stop.is_set() else self.stop).set()


class Signals:
    """While it is entered, signals are orders."""

    def __init__(self, orders: Orders) -> None:
        self._handlers = {
            signal.SIGTERM: orders.end,
            signal.SIGINT: orders.end,
            signal.SIGHUP: orders.hang_up,
        }
        self._set: list[signal.Signals] = []

    def __enter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for number, handler in self._handlers.items():
            with suppress(ValueError, RuntimeError):  # outside of the main thread signals are somebody else's
                loop.add_signal_handler(number, handler)
                self._set.append(number)
        return self

    def __exit__(self, *_error: object) -> None:
        loop = asyncio.get_running_loop()
        for number in self._set:
            loop.remove_signal_handler(number)
