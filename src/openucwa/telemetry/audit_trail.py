"""Where the audit trail goes: the setting `audit_log`."""

import logging
from typing import Self

from openucwa.config import Config
from openucwa.model.world import World
from openucwa.telemetry import audit
from openucwa.telemetry.audit import AUDIT, logger
from openucwa.telemetry.log import LogHandler, LogLines
from openucwa.telemetry.log_writer import LogFile, LogWriter

LOG = "log"
OFF = "off"


class AuditTrail:
    """Routes the acts of this process, within its `with` block.

    `log`: they are lines of the log, wherever that goes. Anything else but `off` is a file of their own, in the log's
    format. `worker`: the number of this process, if several write to one file. ConfigError: the file is not writable.
    """

    def __init__(self, config: Config, world: World, worker: int | None = None) -> None:
        self._world = world
        self._worker = worker
        self._lines: LogLines | None = None
        self._place: str | None = None
        self._before = logger.handlers[:], logger.level, logger.propagate
        self.reload(config)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the routing; returns when everything is written, or after a short time."""
        logger.handlers[:], level, logger.propagate = self._before
        logger.setLevel(level)
        if self._lines is not None:
            self._lines.flush()

    def reload(self, config: Config) -> None:
        """Applies reloaded settings; a file is opened again. ConfigError: it is not writable."""
        place = config.audit_log
        if self._place not in {None, place}:
            audit.log(audit.AuditTrailMoved(place))
        handlers: list[logging.Handler] = []
        if place not in {LOG, OFF}:
            if self._lines is None:
                writer = LogWriter(LogFile(place), config.log_backlog)
                self._lines = LogLines(writer, "info", self._world, config.log_format, self._worker)
            else:
                self._lines.reopen(place)
            handlers = [LogHandler(self._lines)]
        self._place = place
        logger.handlers[:] = handlers
        logger.propagate = place == LOG
        logger.setLevel(AUDIT + 1 if place == OFF else AUDIT)
