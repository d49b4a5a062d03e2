"""The event channel as an iterator (UCWA: events)."""

from collections import deque
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from openucwa.client.drivers import AsyncDriver, SyncDriver
from openucwa.client.errors import ApplicationNotFound, InvalidAnswer, PGetReplaced, UcwaError
from openucwa.client.opened import OpenApplication
from openucwa.client.operations import Bound, D_co, operation
from openucwa.client.policy import may_help
from openucwa.client.resources import APPLICATION_RENEWED, Event, EventSet
from openucwa.client.steps import Pause, Steps

#: Seconds after which the server answers a poll if nothing happens, unless another time is asked for.
DEFAULT_TIMEOUT = 180
#: Seconds that an answer may take beyond that.
GRACE = 30.0


class Events(Bound[D_co]):
    """The events of an application: `async for event in events`, or `for event in events`.

    A set of events is acknowledged when all of its events were taken and the next is asked for, so an answer that is
    lost is delivered again. Polls that fail are repeated, as the policy says. An event of the type
    APPLICATION_RENEWED says that the application had ended and was reopened.
    """

    def __init__(
        self,
        application: OpenApplication[D_co],
        timers: Mapping[str, int | None],
        trouble: Callable[[UcwaError], object] | None,
    ) -> None:
        super().__init__(application.session.driver)
        self._application = application
        self._timers = {name: seconds for name, seconds in timers.items() if seconds is not None}
        self._timeout = self._timers.get("timeout", DEFAULT_TIMEOUT) + GRACE
        self._trouble = trouble
        self._generation = application.generation
        self._href: str | None = None
        self._last: str | None = None
        self._events: deque[Event] = deque()
        self._failures = 0
        self._replaced = 0

    def __aiter__(self: "Events[AsyncDriver]") -> "Events[AsyncDriver]":
        return self

    async def __anext__(self: "Events[AsyncDriver]") -> Event:
        return await self._driver.run(self.next_event())

    def __iter__(self: "Events[SyncDriver]") -> "Events[SyncDriver]":
        return self

    def __next__(self: "Events[SyncDriver]") -> Event:
        return self._driver.run(self.next_event())

    @operation
    def poll(self) -> Steps[list[Event]]:
        """One poll: the events that there are, none after the timeout. Those not taken yet come first."""
        while not self._events and not (yield from self._poll()):
            pass
        events = list(self._events)
        self._events.clear()
        return events

    def next_event(self) -> Steps[Event]:
        """The next event, however long that takes."""
        while not self._events:
            yield from self._poll()
        return self._events.popleft()

    def put_back(self, events: list[Event]) -> None:
        """Puts events that were taken back in front, in their order."""
        self._events.extendleft(reversed(events))

    def _poll(self) -> Steps[bool]:
        """Whether a set of events was received, or there is an event of the library's own."""
        if self._generation != self._application.generation:
            self._begin_anew()
            return True
        href = self._href or self._with_timers(self._application.resource.link("events"))
        session = self._application.session
        try:
            answer = yield from session.send("GET", href, timeout=self._timeout, attempts=1)
        except ApplicationNotFound:
            if not self._application.renews:
                raise
            yield from self._application.renew(self._generation)
            self._begin_anew()
            return True
        except UcwaError as error:
            yield from self._recover(error)
            return False
        self._failures = self._replaced = 0
        if not isinstance(answer.content, EventSet):
            raise InvalidAnswer("the answer of the event channel contains no events")
        return self._take(answer.content)

    def _take(self, taken: EventSet) -> bool:
        links = taken.links
        if "resync" in links:
            self._href = links["resync"]
            return False
        if "next" in links:
            self._href = links["next"]
        elif "resume" in links:
            # The channel was idle for so long that its timers are the default ones again.
            self._href = self._with_timers(links["resume"])
        else:
            raise InvalidAnswer("the answer of the event channel has no link to the next one")
        # After a resync the set may be one that was taken, while its acknowledgement was lost.
        if (own := links.get("self")) == self._last:
            return False
        self._last = own
        self._events.extend(taken.events)
        return True

    def _recover(self, error: UcwaError) -> Steps[None]:
        """Waits until the poll may be repeated, or raises the error."""
        policy = self._application.session.policy
        if isinstance(error, PGetReplaced):
            self._replaced += 1
            if self._replaced > policy.replaced:
                raise error
            failures = self._replaced
        elif may_help(error):
            self._failures += 1
            if policy.events_attempts is not None and self._failures >= policy.events_attempts:
                raise error
            failures = self._failures
        else:
            raise error
        if self._trouble is not None:
            self._trouble(error)
        wait = policy.pause(error, failures, self._application.session.chance())
        if wait is None:
            raise error
        yield Pause(wait)

    def _begin_anew(self) -> None:
        self._generation = self._application.generation
        self._href = self._last = None
        application = self._application.resource
        self._events.append(Event(APPLICATION_RENEWED, "application", application.href, resource=application))

    def _with_timers(self, href: str) -> str:
        return f"{href}{'&' if '?' in href else '?'}{urlencode(self._timers)}" if self._timers else href
