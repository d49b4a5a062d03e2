"""One connection: hands its requests to the handler, and writes the responses, whole and in order, within its limits.

What is read is the affair of `reader.py`; what may follow on what is in `states.py`.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from openucwa.http.message import BodyFault, Request, Response
from openucwa.server.deadline import Deadline
from openucwa.server.encoding import CONTINUE, encode
from openucwa.server.head import RefusedRequestError
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
    LINGERING,
    SENDING,
    WRITING,
    Writing,
)
from openucwa.server.waits import wait_for

#: Requests that may wait in line before nothing more is read. While something is read it is noticed that the client
#: goes away, so a poll with others behind it does not outlive its client.
READ_AHEAD = 8

FAILED = "a request failed"
#: What clients are told of that.
SORRY = "The server failed; its log says how."
STOPPING = "The server is stopping."

logger = logging.getLogger("openucwa.server")


class Connection(asyncio.Protocol):
    """A connection, from its opening to its end."""

    __slots__ = (
        "_asked",
        "_awaited",
        "_began",
        "_blocked",
        "_client",
        "_cut_off",
        "_deadline",
        "_first_of_read",
        "_on_close",
        "_paused",
        "_queue",
        "_reader",
        "_request",
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
        self._paused = False  # whether nothing is read, because requests wait
        self._first_of_read = True  # whether of what is being read nothing was handled yet
        self._deadline = Deadline(shared.world, self._time_is_up)
        self._awaited: object = None  # what the deadline is for; HANDLING: for what was before the last request
        self._asked = False  # whether there was a request yet
        self._state: Writing = FREE
        self._queue: deque[Request | Response] | None = None
        self._request: Request | None = None  # the one that is handled
        self._began = 0.0
        self._task: asyncio.Task[None] | None = None
        self._on_close: Callable[[], object] | None = None
        self._scheduled = False  # whether the next request is going to be handled
        self._blocked = False  # whether there are bytes that the client has not taken
        self._cut_off = False

    # What the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transport.set_write_buffer_limits(0)  # so that it is known of every byte whether it was taken
        ends = Ends.of(transport, self._shared.proxies, secure=self._secure)
        self._client = ends.client
        surplus = not self._shared.open.add(self)
        self._reader = RequestReader(self._shared, ends, self, self._take, surplus=surplus)
        self._set_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._enter(CLOSED)
        self._shared.open.discard(self)
        self._shared.unsent.remove(self)
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
        self._blocked = True

    def resume_writing(self) -> None:
        self._blocked = False
        self._shared.unsent.remove(self)
        if self._state is SENDING:
            self._go_on()
        self._set_deadline()

    # What the handler and the server call

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
        if self._state in {FREE, SENDING} and self._reader.state <= HEAD and not self._queue:
            self._close()

    def cut_off(self) -> None:
        """Answers at once what is still in flight."""
        if self._task is not None:
            self._cut_off = True
            self._task.cancel()
        elif self._state is FREE and self._reader.state is BODY:
            self._refuse(503, STOPPING)
        else:
            self.abort()

    def drop(self, why: str) -> None:
        """Closes the connection at once, and says so in the log."""
        logger.info("dropped %s: %s", self._client, why)
        self.abort()

    def abort(self) -> None:
        """Closes the connection at once, whatever is still to be sent."""
        if self._transport is not None:
            self._transport.abort()

    # Requests

    def _take(self, request: Request) -> None:
        """Hands a request to the handler, once those before it are answered."""
        if self._state is FREE and self._first_of_read and not self._queue:
            self._first_of_read = False
            self._handle(request)
            return
        if self._queue and len(self._queue) >= self._shared.limits.pipelined:
            self._forget(request)
            raise RefusedRequestError(503, "Too many requests wait on this connection.")
        self._enqueue(request)

    def _enqueue(self, waiting: Request | Response) -> None:
        if self._queue is None:
            self._queue = deque()
        self._queue.append(waiting)
        if len(self._queue) >= READ_AHEAD and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        if self._state is FREE:
            self._schedule()

    def _schedule(self) -> None:
        # In a further turn of the loop, so that other connections have theirs in between.
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
        self._enter(HANDLING)
        self._asked = True
        self._awaited = HANDLING
        self._request = request
        self._began = self._shared.world.monotonic()
        try:
            result = self._shared.handler(request)
        except Exception:
            logger.exception(FAILED, extra={"request_id": request.id})
            result = self._shared.refused(500, SORRY)
        if isinstance(result, Response):
            self._respond(result)
        else:
            self._task = self._shared.loop.create_task(self._respond_later(request, result))

    async def _respond_later(self, request: Request, coroutine: Coroutine[Any, Any, Response]) -> None:
        try:
            response = await coroutine
        except asyncio.CancelledError:
            if not self._cut_off:
                self._lose()
                raise
            response = self._shared.refused(503, STOPPING)
        except Exception:
            logger.exception(FAILED, extra={"request_id": request.id})
            response = self._shared.refused(500, SORRY)
        finally:
            self._task = self._on_close = None
        self._respond(response)
        self._set_deadline()

    def _refuse(self, status: int, message: str) -> None:
        """Reads no more requests, and answers this after the responses to those before it."""
        if self._state >= LINGERING:
            return
        self._forget(self._reader.discard(), told=False)
        logger.info("refused %s: %s", self._client, message)
        response = self._shared.refused(status, message)
        if self._state is FREE and not self._queue:
            self._send(response, last=True)
        else:
            self._enqueue(response)

    # Responses

    def _respond(self, response: Response) -> None:
        """Writes the response to the request that is handled."""
        request, shared = self._request, self._shared
        if request is None or self._state is not HANDLING:
            self._lose()
            return
        self._request = None
        if request.body:
            shared.bodies.give_back(len(request.body))
        seconds = shared.world.monotonic() - self._began
        last = response.close or shared.stopping or (self._reader.state >= DISCARDING and not self._queue)
        self._send(response, without_body=request.method == "HEAD", last=last)
        if shared.observer is not None:
            shared.observer.answered(request, response, seconds)

    def _send(self, response: Response, *, without_body: bool = False, last: bool) -> None:
        date = self._shared.date()
        try:
            data = encode(response, date, without_body=without_body, close=last)
        except (TypeError, ValueError):
            logger.exception("a response cannot be sent")
            data = encode(self._shared.refused(500, SORRY), date, without_body=False, close=last)
        self._transport.write(data)
        if self._blocked:
            self._shared.unsent.add(self, len(data), self._transport.get_write_buffer_size())
        if last:
            self._end()
        elif self._blocked:
            self._enter(SENDING)
        else:
            self._go_on()

    def _go_on(self) -> None:
        """A response was sent."""
        self._enter(FREE)
        if self._queue:
            self._schedule()
        elif self._shared.stopping and self._reader.state <= HEAD:
            self._close()

    def _lose(self) -> None:
        """The request that is handled gets no response."""
        request, self._request = self._request, None
        self._forget(request, self._shared.world.monotonic() - self._began)

    def _forget(self, request: Request | None, seconds: float = 0.0, *, told: bool = True) -> None:
        """A request is not answered; None: there is none. `told`: whether the observer hears of it."""
        if request is None:
            return
        self._shared.bodies.give_back(len(request.body))
        if told and self._shared.observer is not None:
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
        """Sets the time limit for what is waited for now, unless it is set already."""
        if self._state is CLOSED:
            return
        if self._reader.wants_continue:
            self._ask_for_body()
        awaited, seconds = wait_for(
            self._shared.limits,
            self._state,
            self._reader.state,
            blocked=self._blocked,
            paused=self._paused,
            asked=self._asked,
        )
        if awaited is self._awaited:
            return
        self._awaited = awaited
        if awaited is None:
            self._deadline.clear()
        else:
            self._deadline.set(seconds)

    def _ask_for_body(self) -> None:
        """Tells a client that waits for it to send the body, once that is what is waited for."""
        if self._reader.wants_continue and self._state is FREE and not self._queue:
            self._reader.wants_continue = False
            self._transport.write(CONTINUE)

    def _time_is_up(self) -> None:
        awaited, self._awaited = self._awaited, None
        if awaited is SENDING:
            self._check_progress()
        elif awaited is CLOSING:
            self.abort()
        elif awaited is HEAD:
            self._refuse(408, f"The request's headers did not come within {self._shared.limits.header_timeout:g} s.")
        elif awaited is BODY:
            self._first_of_read = True
            self._reader.give_up(BodyFault.TOO_SLOW)
        else:
            self._close()
        self._set_deadline()

    def _check_progress(self) -> None:
        if not self._shared.unsent.progress(self, self._transport.get_write_buffer_size()):
            self.drop(f"it read nothing of its response within {self._shared.limits.write_timeout:g} s")

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
        self._enter(CLOSING)
        self._forget(self._reader.end())
        self._transport.close()
        self._set_deadline()

    def _enter(self, state: Writing) -> None:
        if state not in WRITING[self._state]:
            raise RuntimeError(f"{self._state!r} cannot become {state!r}")
        self._state = state
