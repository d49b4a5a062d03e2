"""Each request is a line in the log, and counts."""

import logging

from openucwa.http.message import Request, Response
from openucwa.model.measures import Measures
from openucwa.telemetry.log import LogLines

#: Under which status a request is counted whose client went away before its answer.
CLIENT_GONE = 499

#: Methods that are counted by their names. What else a client makes up is counted as `other`.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})


class AccessLog:
    """The server's observer (`server.shared.Observer`)."""

    def __init__(self, lines: LogLines, measures: Measures) -> None:
        self._lines = lines
        self._measures = measures

    def answered(self, request: Request, response: Response | None, seconds: float) -> None:
        """A request was answered after `seconds`. `response`: None: the client went away before that."""
        if response is None or response.status == CLIENT_GONE:
            rel, status, level, response = "none", CLIENT_GONE, logging.INFO, None
        else:
            rel, status = response.rel or "none", response.status
            level = logging.ERROR if status >= 500 else logging.INFO
        method = request.method if request.method in _METHODS else "other"
        self._measures.request(rel, method, status, seconds)
        if level >= self._lines.threshold:
            self._lines.request(level, request, response, seconds)
