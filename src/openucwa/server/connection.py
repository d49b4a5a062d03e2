"""One connection: passes its requests to the handler, and writes the responses, whole and in order, within its limits.

Parsing is in `reader.py`; the states are in `states.py`.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from openucwa.http.message import BodyFault, Request, Response
from openucwa.server.deadline import Deadline
from openucwa.server.encoding import CONTINUE, SORRY, encode
from openucwa.server.head import RefusedRequestError
from openucwa.server.outgoing import Outgoing
from openucwa.server.reader import Ends, RequestReader
from openucwa.server.shared import Shared
from openucwa.server.states import (
    BODY,
    CLOSED,
    CLOSING,
    DISCARDING,
    FREE,
    HANDLING,
    HEAD,
    IDLE,
    LINGERING,
    SENDING,
    WRITING,
    Writing,
)
from openucwa.server.waits import wait_for

#: Requests that may be queued before reading pauses; while it is paused, a client's disconnect goes unnoticed.
READ_AHEAD = 8
#: Messages: for the log, for the client.
FAILED = "a request failed"
STOPPING = "the server is stopping"

logger = logging.getLogger("openucwa.server")


class Connection(asyncio.Protocol):
    """A connection, from opening to end."""

    __slots__ = (
        "_answered",
        "_asked",
        "_awaited",
        "_client",
        "_cut_off",
        "_deadline",
        "_first_of_read",
        "_idle",
        "_last",
        "_on_close",
        "_out",
        "_paused",
        "_queue",
        "_reader",
        "_scheduled",
        "_secure",
        "_shared",
        "_state",
        "_task",
        "_transport",
    )

    def __init__(self, shared: Shared, *, secure: bool) -> None:
        self._shared = shared
        self._secure = secure
        self._client = ""
        self._transport: Any = None
        self._reader: Any = None
        self._out: Any = None
        self._paused = False  # whether reading is paused, because requests are queued
        self._first_of_read = True  # whether nothing of the bytes being read was handled yet
        self._deadline = Deadline(shared.world, self._time_is_up)
        self._awaited: object = None  # the subject of the deadline; HANDLING: it is to be set again
        self._asked = False  # whether there was a request yet
        self._answered = 0.0  # when the last response was written
        self._state: Writing = FREE
        self._queue: deque[Request | Response] | None = None
        self._task: asyncio.Task[None] | None = None
        self._on_close: Callable[[], object] | None = None
        self._scheduled = False  # whether the next request is scheduled
        self._last = False  # whether the connection ends with the response that is sent
        self._cut_off = False
        self._idle = False  # whether the connection was, when it was closed

    # Called by the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._out = Outgoing(transport, self, self._shared.unsent, secure=self._secure)
        ends = Ends.of(transport, self._shared.proxies, secure=self._secure)
        self._client = ends.client
        surplus = not self._shared.open.add(self)
        self._reader = RequestReader(self._shared, ends, self, self._take, surplus=surplus)
        self._set_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._enter(CLOSED)
        self._shared.open.discard(self)
        self._out.end()
        self._deadline.end()
        self._forget(self._reader.end())
        self._drop_queue()
        self._transport = None
        self._say_closed()

    def data_received(self, data: bytes) -> None:
        self._first_of_read = True
        try:
            self._reader.feed(data)
        except RefusedRequestError as refusal:
            self._refuse(refusal.status, str(refusal))
        except Exception:
            logger.exception("a request from %s could not be read", self._client)
            self._refuse(500, SORRY)
        self._set_deadline()

    def pause_writing(self) -> None:
        if self._out is not None:  # it is, while TLS is still shaking hands
            self._out.pause()

    def resume_writing(self) -> None:
        if self._out is None:
            return
        self._awaited = HANDLING  # the client took something, so its deadline starts again
        if self._out.resume() and self._state is SENDING:
            self._sent()
        self._set_deadline()

    # Called by the handler and the server

    def park(self, on_close: Callable[[], object] | None) -> None:
        """As `http.message.Connection`."""
        self._on_close = on_close
        if on_close is None:
            return
        self._reader.rest()
        if self._state is CLOSED:
            self._say_closed()

    def shut_down(self) -> None:
        """The server stops: an idle connection ends, and a request in flight is the last."""
        if self._queue or self._reader.state > HEAD:
            return
        if self._state is FREE:
            self._close()
        elif self._state is SENDING:
            self._last = True

    def cut_off(self) -> None:
        """Answers requests in flight at once."""
        if self._task is not None:
            self._cut_off = True
            self._task.cancel()
        elif self._state is FREE and self._reader.state is BODY:
            self._refuse(503, STOPPING)
        else:
            self.abort()

    def drop(self, why: str) -> None:
        """Closes the connection at once, and logs it."""
        logger.info("dropped %s: %s", self._client, why)
        self.abort()

    def abort(self) -> None:
        """Closes the connection at once, discarding unsent bytes."""
        if self._transport is not None:
            self._transport.abort()

    # Requests

    def _take(self, request: Request) -> None:
        """Passes a request to the handler, after those before it have been answered."""
        if self._state is FREE and self._first_of_read and not self._queue:
            self._first_of_read = False
            self._handle(request)
            return
        if self._queue and len(self._queue) >= self._shared.limits.pipelined:
            self._forget(request)
            raise RefusedRequestError(503, "too many requests are waiting on this connection")
        self._enqueue(request)

    def _enqueue(self, waiting: Request | Response) -> None:
        self._queue = self._queue or deque()
        self._queue.append(waiting)
        if len(self._queue) >= READ_AHEAD and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        if self._state is FREE:
            self._schedule()

    def _schedule(self) -> None:
        # In a later turn of the loop, so that other connections get theirs in between.
        if not self._scheduled:
            self._scheduled = True
            self._shared.loop.call_soon(self._take_next)

    def _take_next(self) -> None:
        self._scheduled = False
        if self._state is not FREE or not self._queue:
            return
        waiting = self._queue.popleft()
        if not self._queue:
            self._read_on()
        if isinstance(waiting, Response):
            self._send(waiting, last=True)
        else:
            self._handle(waiting)
        self._set_deadline()

    def _handle(self, request: Request) -> None:
        shared = self._shared
        if not self._asked:
            self._asked = True
            self._awaited = HANDLING
        began = shared.monotonic()
        try:
            result = shared.handler(request)
        except Exception:
            logger.exception(FAILED, extra={"request_id": request.id})
            result = shared.refused(500, SORRY)
        if isinstance(result, Response):
            self._respond(request, result, began)
        else:
            self._enter(HANDLING)
            self._task = shared.loop.create_task(self._respond_later(request, result, began))

    async def _respond_later(self, request: Request, coroutine: Coroutine[Any, Any, Response], began: float) -> None:
        try:
            response = await coroutine
        except asyncio.CancelledError:
            if not self._cut_off:
                self._forget(request, self._shared.monotonic() - began)
                raise
            response = self._shared.refused(503, STOPPING)
        except Exception:
            logger.exception(FAILED, extra={"request_id": request.id})
            response = self._shared.refused(500, SORRY)
        finally:
            self._task = self._on_close = None
        if self._state is HANDLING:
            self._respond(request, response, began)
            self._set_deadline()
        else:
            self._forget(request, self._shared.monotonic() - began)

    def _refuse(self, status: int, message: str) -> None:
        """Stops reading requests, and sends this after the responses to the previous ones."""
        if self._state >= LINGERING:
            return
        self._forget(self._reader.discard(), observed=False)
        logger.info("refused %s: %s", self._client, message)
        response = self._shared.refused(status, message)
        if self._state is FREE and not self._queue:
            self._send(response, last=True)
        else:
            self._enqueue(response)

    # Responses

    def _respond(self, request: Request, response: Response, began: float) -> None:
        """Writes the response to a request. `began`: when its handling did."""
        shared = self._shared
        if request.body:
            shared.bodies.give_back(len(request.body))
        self._answered = now = shared.monotonic()
        last = response.close or shared.stopping or (self._reader.state >= DISCARDING and not self._queue)
        self._send(response, without_body=request.method == "HEAD", last=last)
        if shared.observer is not None:
            shared.observer.answered(request, response, now - began)

    def _send(self, response: Response, *, without_body: bool = False, last: bool) -> None:
        shared, delivery = self._shared, response.delivery
        last = last or not (delivery is None or delivery.whole)
        try:
            data = encode(response, shared.date(), without_body=without_body, close=last)
        except (TypeError, ValueError):
            logger.exception("a response to %s cannot be sent", self._client)
            response = shared.refused(500, SORRY)
            data = encode(response, shared.date(), without_body=False, close=last)
        self._last = last
        if delivery is None:
            self._out.put(data)
        else:
            body = 0 if without_body else len(response.body)
            self._out.deliver(data, body, delivery, shared.world, self.resume_writing)
        if last or self._out.blocked:
            self._enter(SENDING)
        if not self._out.blocked:
            self._sent()

    def _sent(self) -> None:
        """Continues after a response that the transport has taken."""
        if self._last:
            self._end()
            return
        if self._state is not FREE:
            self._enter(FREE)
        if self._queue:
            self._schedule()

    def _forget(self, request: Request | None, seconds: float = 0.0, *, observed: bool = True) -> None:
        """Records that a request gets no response; None: there is none. `observed`: whether it is observed."""
        if request is None:
            return
        self._shared.bodies.give_back(len(request.body))
        if observed and self._shared.observer is not None:
            self._shared.observer.answered(request, None, seconds)

    def _drop_queue(self) -> None:
        queue, self._queue = self._queue, None
        for waiting in queue or ():
            if isinstance(waiting, Request):
                self._forget(waiting)

    def _say_closed(self) -> None:
        on_close, self._on_close = self._on_close, None
        if on_close is not None:
            on_close()

    # Time

    def _set_deadline(self) -> None:
        """Sets the deadline for the current wait, unless it is set already."""
        state, reader = self._state, self._reader
        if state is CLOSED or (state is self._awaited is FREE and reader.state is IDLE and not self._paused):
            return  # the latter is what `wait_for` would find: known at once, it saves 3 % of a cached answer
        if reader.wants_continue and state is FREE and not self._queue:
            reader.wants_continue = False
            self._transport.write(CONTINUE)
        blocked, paused, asked, idle = self._out.blocked, self._paused, self._asked, self._idle
        awaited, seconds = wait_for(
            self._shared.limits, state, reader.state, blocked=blocked, paused=paused, asked=asked, idle=idle
        )
        if awaited is self._awaited:
            return
        self._awaited = awaited
        if awaited is None:
            self._deadline.clear()
        else:
            self._deadline.set(seconds)

    def _time_is_up(self) -> None:
        awaited, self._awaited = self._awaited, None
        limits = self._shared.limits
        if awaited is SENDING:
            if not self._out.progressed():
                self.drop(f"the client read nothing of the response within {limits.write_timeout:g} s")
        elif awaited is CLOSING:
            self.abort()
        elif awaited is HEAD:
            self._refuse(408, f"the request headers did not arrive within {limits.header_timeout:g} seconds")
        elif awaited is BODY:
            self._first_of_read = True
            self._reader.give_up(BodyFault.TOO_SLOW)
        elif (
            awaited is FREE and self._asked and (idle := self._shared.monotonic() - self._answered) < limits.keep_alive
        ):
            self._awaited = FREE  # only now, because moving the deadline with each request would cost more
            self._deadline.set(limits.keep_alive - idle)
        else:
            self._close()
        self._set_deadline()

    # Ends

    def _read_on(self) -> None:
        if self._paused:
            self._paused = False
            self._transport.resume_reading()

    def _end(self) -> None:
        """Ends the connection; while the client may still be sending, only after `LINGER`."""
        self._drop_queue()
        if self._reader.state is not DISCARDING:
            self._close()
            return
        self._enter(LINGERING)
        self._read_on()
        if self._transport.can_write_eof():
            self._transport.write_eof()

    def _close(self) -> None:
        self._idle = self._state is FREE
        self._enter(CLOSING)
        self._forget(self._reader.end())
        self._transport.close()
        self._set_deadline()

    def _enter(self, state: Writing) -> None:
        if state not in WRITING[self._state]:
            raise RuntimeError(f"{self._state!r} cannot become {state!r}")
        self._state = state
