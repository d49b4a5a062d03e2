"""The demo's steps: each has a number and a title, sends requests, and checks the answers.

The requests are in `walk.py` and `joined_meeting.py`; how they are sent is in `client.py`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlencode

from click import style

from openucwa.client import Resource, UcwaError
from openucwa.client.formats import Format, Json
from openucwa.demo.client import MAX_LINES, Answer, Client, Screen, StepFailed, Values

#: Characters of the longest title: what a step sent stands in a column of its own.
WIDTH = 41


class Stopped(Exception):  # a request to stop, not an error
    """The server is being stopped, so the walk ends."""


class Steps:
    """The steps of a walk in one format. `number`, `title`: the current step; `before`: steps of earlier walks."""

    def __init__(self, form: Format, screen: Screen, stopped: Callable[[], bool], before: int) -> None:
        self.form = form
        self.screen = screen
        self._stopped = stopped
        self.number = before
        self.title = ""
        self._exchanges: list[str] = []

    @contextmanager
    def taking(self, title: str, purpose: str) -> Iterator[None]:
        """One step. `purpose`: why, in a sentence. Stopped: the server is being stopped."""
        self.number += 1
        self.title = title
        self._exchanges = []
        self.screen.detail()
        self.screen.detail(f"{self.number}. {title} ({self.form.name})", bold=True)
        self.screen.detail(f"  {purpose}")
        try:
            yield
        except (StepFailed, UcwaError) as failure:
            if self._stopped():
                raise Stopped from None
            self._conclude("FAILED", "red")
            raise StepFailed(str(failure)) from None
        self._conclude("ok", "green")
        if self._stopped():
            raise Stopped

    def _conclude(self, verdict: str, colour: str) -> None:
        if self.screen.verbose:
            self.screen.say(f"  {verdict}", fg=colour)
        else:
            exchanges = ", ".join(self._exchanges)
            self.screen.say(f"{self.number:3}  {style(verdict, fg=colour)}  {self.title:{WIDTH}}  {exchanges}".rstrip())

    def send(
        self,
        client: Client,
        method: str,
        href: str,
        status: int,
        values: Values | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        limit: int = MAX_LINES,
    ) -> Answer:
        """Sends a request whose body is `values` in this walk's format, or a URL-encoded `form`.

        `limit`: lines of the answer's body to show. StepFailed: there is no answer, or its status is not `status`.
        """
        accept, body, content_type = self.form, "", self.form.media_type
        if values is not None:
            body = self.form.pretty(self.form.write(values))
        if form is not None:
            accept, body, content_type = Json(), urlencode(form), "application/x-www-form-urlencoded"
        answer = client.send(method, href, accept, headers or {}, body, content_type, limit)
        self._exchanges.append(f"{method} {answer.status}")
        self.must(answer.status == status, f"the answer is {answer.status}, not {status}")
        return answer

    def refused(self, answer: Answer) -> None:
        """Shows the error message of an answer."""
        self.screen.detail(f"  The server says: {answer.reason.message}")

    def must_show(self, seen: Resource, values: Values) -> None:
        """StepFailed: a property of `seen` differs from `values`."""
        for name, value in values.items():
            self.must(seen.properties.get(name) == value, f"{name} is {seen.properties.get(name)!r}, not {value!r}")

    @staticmethod
    def must(fact: bool, otherwise: str) -> None:
        """StepFailed with the text `otherwise`, unless `fact` is true."""
        if not fact:
            raise StepFailed(otherwise)
