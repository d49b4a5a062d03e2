"""Control of a running process: stop, stop at once, reload the settings."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Self

from openucwa.config import Config
from openucwa.config_options import ConfigError
from openucwa.server.shared import logger
from openucwa.telemetry import audit

#: The settings that a reload changes; all others require a restart.
RELOADED = ("audit_log", "log_file", "log_level", "tls_cert", "tls_key")


def reloaded(config: Config, again: Config) -> Config:
    """The settings of a process that started with `config`, after a reload."""
    return replace(config, **{name: getattr(again, name) for name in RELOADED})


class ProcessControl:
    """Requests to a process, by signals or its supervisor: to stop, to reload.

    `stop`: finish requests in flight, and end. `force`: end now. `load`: reads the settings again; None: SIGHUP is
    ignored here, because the supervisor sends the settings.
    """

    def __init__(self, load: Callable[[], Config] | None = None) -> None:
        self.stop = asyncio.Event()
        self.force = asyncio.Event()
        self._load = load
        self._reload: list[Callable[[Config], None]] = []
        self._around: tuple[Callable[[], None], Callable[[], None]] = (lambda: None, lambda: None)

    def on_reload(self, use: Callable[[Config], None]) -> None:
        """Calls `use` with reloaded settings. It raises ConfigError if they are invalid."""
        self._reload.append(use)

    def around_hang_up(self, before: Callable[[], None], after: Callable[[], None]) -> None:
        """Calls `before` and `after` when SIGHUP is handled, whether the settings are valid or not."""
        self._around = before, after

    def reload(self, config: Config) -> None:
        """Applies these settings, as far as they can change at run time."""
        usable = True
        for use in self._reload:
            try:
                use(config)
            except ConfigError as error:
                usable = False
                logger.error("settings reloaded, but %s", error)
        if usable:
            logger.info("settings, log file and certificates reloaded")

    def hang_up(self) -> None:
        """SIGHUP: reloads the settings. If they are invalid, the current ones stay in force."""
        if self._load is None:
            return
        before, after = self._around
        before()
        try:
            config = self._load()
        except ConfigError as error:
            logger.error("could not reload the settings: %s", error)
        else:
            self.reload(config)
            audit.log(audit.SettingsReloaded(config.log_level, config.audit_log))
        after()

    def end(self) -> None:
        """SIGTERM or SIGINT: the first stops; the second stops at once."""
        (self.force if self.stop.is_set() else self.stop).set()


class Signals:
    """Handles signals within its `with` block."""

    def __init__(self, control: ProcessControl) -> None:
        self._handlers = {
            signal.SIGTERM: control.end,
            signal.SIGINT: control.end,
            signal.SIGHUP: control.hang_up,
        }
        self._set: list[signal.Signals] = []

    def __enter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for number, handler in self._handlers.items():
            with suppress(ValueError, RuntimeError):  # only possible in the main thread
                loop.add_signal_handler(number, handler)
                self._set.append(number)
        return self

    def __exit__(self, *_error: object) -> None:
        loop = asyncio.get_running_loop()
        for number in self._set:
            loop.remove_signal_handler(number)
