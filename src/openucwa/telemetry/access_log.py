"""The access log: logs and counts each request."""

import logging

from openucwa.http.message import CLIENT_CLOSED_REQUEST, Request, Response
from openucwa.model.measures import Measures
from openucwa.telemetry.log import LogLines

#: Methods that are counted by name. Any other is counted as `other`.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})


class AccessLog:
    """The server's observer (`server.shared.Observer`)."""

    def __init__(self, lines: LogLines, measures: Measures) -> None:
        self._lines = lines
        self._measures = measures

    def answered(self, request: Request, response: Response | None, seconds: float) -> None:
        """A request was answered after `seconds`. `response`: None: the client disconnected before it."""
        if response is None or response.status == CLIENT_CLOSED_REQUEST:
            rel, status, level, response = "none", CLIENT_CLOSED_REQUEST, logging.INFO, None
        else:
            rel, status = response.rel or "none", response.status
            level = logging.ERROR if status >= 500 and not response.reported else logging.INFO
        method = request.method if request.method in _METHODS else "other"
        self._measures.request(rel, method, status, seconds)
        if level >= self._lines.threshold:
            self._lines.request(level, request, response, seconds)
