"""The demo's steps: each has a number and a title, asks, and says whether what came is as it should be.

What is asked is `walk.py`'s and `room.py`'s; how it goes over the wire is `client.py`'s.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlencode

from openucwa.demo.client import MOST_LINES, Answer, Client, Form, Json, Screen, Seen, Values, WentWrong


class Stopped(Exception):  # somebody's wish, not an error
    """The server is being stopped, so the walk is over."""


class Steps:
    """The steps of a walk in one form. `number`, `title`: where it is; `before`: the steps that others took."""

    def __init__(self, form: Form, screen: Screen, stopped: Callable[[], bool], before: int) -> None:
        self.form = form
        self.screen = screen
        self._stopped = stopped
        self.number = before
        self.title = ""

    @contextmanager
    def taking(self, title: str, purpose: str) -> Iterator[None]:
        """One step. Stopped: the server is being stopped."""
        self.number += 1
        self.title = title
        self.screen.say()
        self.screen.say(f"{self.number}. {title} ({self.form.name})", bold=True)
        self.screen.say(f"  {purpose}")
        try:
            yield
        except WentWrong:
            if self._stopped():
                raise Stopped from None
            raise
        self.screen.say("  as it should be", fg="green")
        if self._stopped():
            raise Stopped

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
        most: int = MOST_LINES,
    ) -> Answer:
        """One request, with `values` in the form of this walk, or with a URL-encoded `form`, as its body.

        `most`: lines of the answer's body that are shown. WentWrong: there is no answer, or its status is not `status`.
        """
        accept, body, content_type = self.form, "", self.form.media_type
        if values is not None:
            body = self.form.write(values)
        if form is not None:
            accept, body, content_type = Json(), urlencode(form), "application/x-www-form-urlencoded"
        answer = client.send(method, href, accept, headers or {}, body, content_type, most)
        self.must(answer.status == status, f"the answer is {answer.status}, not {status}")
        return answer

    def refused(self, answer: Answer) -> None:
        """Says what the server says of it."""
        self.screen.say(f"  The server says: {answer.seen.text('message')}")

    def must_show(self, seen: Seen, values: Values) -> None:
        """WentWrong: a property of `seen` is not as in `values`."""
        for name, value in values.items():
            self.must(seen.properties.get(name) == value, f"{name} is {seen.properties.get(name)!r}, not {value!r}")

    @staticmethod
    def must(fact: bool, otherwise: str) -> None:
        """WentWrong, saying `otherwise`: it is no fact."""
        if not fact:
            raise WentWrong(otherwise)
