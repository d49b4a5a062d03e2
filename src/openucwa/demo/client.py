"""The demo's client: the client library, request by request, and a screen that shows each exchange.

What to request and what to expect is in `walk.py`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TextIO
from urllib.parse import urljoin, urlsplit

import click

from openucwa.client import Event, Resource, SyncDriver, UcwaError
from openucwa.client.errors import Reason
from openucwa.client.formats import Format, Json, Xml
from openucwa.client.resources import Document, EventSet, Value
from openucwa.client.steps import sending
from openucwa.client.wire import Request, Response

Values = Mapping[str, Value]

#: Seconds to wait for an answer; no request of the demo takes long.
TIMEOUT = 30.0
#: Lines of a body that are shown.
MAX_LINES = 64

#: The headers of an answer that matter to an application.
SHOWN_HEADERS = ("WWW-Authenticate", "Content-Type", "Location", "ETag", "Retry-After", "X-Ms-diagnostics")

_TOKEN = re.compile(r"(cwt=[\w.-]{12})[\w.-]+")


class StepFailed(Exception):  # the result of a step, not an error of the program
    """The server answered otherwise than expected; the message says how."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer. `content`: None: there was no body in the requested format."""

    response: Response
    content: Document | None

    @property
    def status(self) -> int:
        """The status of HTTP."""
        return self.response.status

    @property
    def seen(self) -> Resource:
        """The resource. StepFailed: there is none."""
        if not isinstance(self.content, Resource):
            raise StepFailed("the answer contains no resource")
        return self.content

    @property
    def events(self) -> list[Event]:
        """The events. StepFailed: there are none, not even an empty list."""
        return list(self._set.events)

    @property
    def next(self) -> str:
        """The href of the next events. StepFailed: the answer does not say."""
        if "next" not in self._set.links:
            raise StepFailed("the answer has no link next")
        return self._set.links["next"]

    @property
    def reason(self) -> Reason:
        """The error. StepFailed: there is none."""
        if not isinstance(self.content, Reason):
            raise StepFailed("the answer contains no error")
        return self.content

    @property
    def _set(self) -> EventSet:
        if not isinstance(self.content, EventSet):
            raise StepFailed("the answer contains no events")
        return self.content


class Screen:
    """The terminal that shows the walk. `colour`: whether to use colours; `verbose`: whether to show each exchange."""

    def __init__(self, stream: TextIO, *, colour: bool, verbose: bool = False) -> None:
        self._stream = stream
        self._colour = colour
        self.verbose = verbose

    def say(self, text: str = "", **style: Any) -> None:
        """Prints one or more lines. `style`: as for `click.style`."""
        click.echo(click.style(text, **style) if style else text, self._stream, color=self._colour)

    def detail(self, text: str = "", **style: Any) -> None:
        """As `say`, if the screen is verbose."""
        if self.verbose:
            self.say(text, **style)

    def request(self, method: str, target: str, headers: Mapping[str, str], body: str) -> None:
        """Shows a request."""
        self.detail(f"  > {click.style(f'{method} {target}', bold=True)}")
        self._rest(">", headers.items(), body, "cyan")

    def answer(self, response: Response, body: str, limit: int) -> None:
        """Shows an answer, with the headers that matter and at most `limit` lines of its body."""
        self.detail(f"  < {click.style(f'{response.status} {HTTPStatus(response.status).phrase}', bold=True)}")
        shown = [(name, value) for name in SHOWN_HEADERS for known, value in response.headers if known == name.lower()]
        self._rest("<", shown, body, "yellow", limit)

    def _rest(
        self, mark: str, headers: Iterable[tuple[str, str]], body: str, colour: str, limit: int = MAX_LINES
    ) -> None:
        for name, value in headers:
            self.detail(f"  {mark} {abbreviated(f'{name}: {value}')}", dim=True)
        lines = abbreviated(body).splitlines()
        if len(lines) > limit:
            left_out = len(lines) - limit
            lines = [*lines[:limit], f"... and {left_out} more lines" if limit else f"... {left_out} lines"]
        for line in lines:
            self.detail(f"      {line}", fg=colour)


class Client:
    """An application of one user. `base`: the server's URL. It shows each exchange on `screen`."""

    def __init__(self, base: str, screen: Screen) -> None:
        self._base = base
        self._driver = SyncDriver()
        self._screen = screen
        self.token: str | None = None

    def send(
        self,
        method: str,
        href: str,
        accept: Format,
        headers: Mapping[str, str],
        body: str,
        content_type: str,
        limit: int = MAX_LINES,
    ) -> Answer:
        """Sends a request and returns its answer, showing at most `limit` lines of the body.

        StepFailed: there is no answer, or it is malformed.
        """
        url = urljoin(self._base, href)
        sent = {"Accept": accept.media_type}
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        if body:
            sent["Content-Type"] = content_type
        sent |= headers
        self._screen.request(method, urlsplit(url)._replace(scheme="", netloc="").geturl(), sent, body)
        request = Request(method, url, tuple(sent.items()), body.encode() if body else None, TIMEOUT)
        try:
            response = self._driver.run(sending(request))
            forms: dict[str, Format] = {form.media_type: form for form in (Json(), Xml())}
            form = forms.get(response.media_type) if response.body else None
            content = None if form is None else form.read(response.body)
            shown = response.body.decode(errors="replace") if form is None else form.pretty(response.body)
        except UcwaError as error:
            raise StepFailed(str(error)) from None
        self._screen.answer(response, shown, limit)
        return Answer(response, content)

    def close(self) -> None:
        """Closes the connection."""
        self._driver.close()


def abbreviated(text: str) -> str:
    """`text` with tokens shortened: anyone who has a token can act as its user."""
    return _TOKEN.sub(r"\1...", text)
