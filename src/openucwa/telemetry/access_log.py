"""The access log: logs and counts each request."""

import logging

from openucwa.http.message import Request, Response
from openucwa.model.measures import Measures
from openucwa.telemetry.log import LogLines

#: The counted status of a request whose client disconnected before the response.
CLIENT_GONE = 499

#: Methods that are counted by name. Any other is counted as `other`.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})


class AccessLog:
    """The server's observer (`server.shared.Observer`)."""

    def __init__(self, lines: LogLines, measures: Measures) -> None:
        self._lines = lines
        self._measures = measures

    def answered(self, request: Request, response: Response | None, seconds: float) -> None:
        """A request was answered after `seconds`. `response`: None: the client disconnected before it."""
        if response is None or response.status == CLIENT_GONE:
            rel, status, level, response = "none", CLIENT_GONE, logging.INFO, None
        else:
            rel, status = response.rel or "none", response.status
            level = logging.ERROR if status >= 500 else logging.INFO
        method = request.method if request.method in _METHODS else "other"
        self._measures.request(rel, method, status, seconds)
        if level >= self._lines.threshold:
            self._lines.request(level, request, response, seconds)
