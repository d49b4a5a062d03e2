"""The demo's server: its own folder with two users, and the walk, which runs while the server is up.

The walk itself is in `walk.py`.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import uvloop

from openucwa.app import Service
from openucwa.client.formats import Json, Xml
from openucwa.config import Config
from openucwa.config_options import ConfigError
from openucwa.demo.client import Screen, StepFailed
from openucwa.demo.steps import Steps, Stopped
from openucwa.demo.walk import DANA, LENE, SUBJECT, USER_AGENT, USERS, Walk
from openucwa.identity.passwords import Passwords
from openucwa.model.user import User
from openucwa.model.world import RealWorld, World
from openucwa.resources.guides import API_PAGE
from openucwa.server.control import ProcessControl, Signals
from openucwa.server.listeners import Listener, bind, close
from openucwa.server.process import serve
from openucwa.store.contract import Store
from openucwa.store.sqlite import SqliteStore
from openucwa.telemetry import audit
from openucwa.telemetry.access_log import AccessLog
from openucwa.telemetry.log import LogLines, route_logging

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104  # compared with, not listened on


def run(config: Config, screen: Screen, *, exit_after: bool) -> int:
    """Serves the demo until SIGTERM or Ctrl-C, or, with `exit_after`, until the walk is over.

    Returns the exit status: 0 if every step passed. ConfigError: the address is not available, or the folder is not
    the demo's. Refusal: the store is not usable.
    """
    listeners = bind(config.listen)
    try:
        world = RealWorld()
        config = replace(config, listen=tuple(listener.url for listener in listeners))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            with _silenced(audit.logger):
                earlier = runner.run(prepare(config, world))
            if earlier:
                screen.say(f"Removed {earlier} of earlier runs.")
            lines = LogLines.of(replace(config, log_level="warning"), world)
            restore_logging = route_logging(lines)
            try:
                demo = _Demo(Service(config, world), listeners, lines, screen, exit_after=exit_after)
                return runner.run(demo.run())
            finally:
                restore_logging()
    finally:
        close(listeners)


async def prepare(config: Config, world: World) -> str:
    """Adds the demo's users to the store, and removes what earlier walks left there; returns what that was, or "".

    ConfigError: it has other users, so it is not the demo's folder.
    """
    store = SqliteStore(Path(config.data), config.store_timeout)
    await store.open()
    try:
        known = {user.uri for user in await store.users.all()}
        if strangers := known - {user.uri for user in USERS}:
            raise ConfigError(
                f"{config.data} is not a folder of the demo: it has the user {min(strangers)}. The demo adds users "
                "with well-known passwords; use --data to name another folder"
            )
        passwords = Passwords(workers=1)
        try:
            for user in USERS:
                if user.uri not in known:
                    hashed = await passwords.hash(user.password)
                    await store.users.add(User(user.uri, user.name, None, None, hashed))
        finally:
            passwords.close()
        return await clean_up(store, world.now())
    finally:
        await store.close()


async def clean_up(store: Store, now: int) -> str:
    """Removes the meetings and ends the applications of earlier walks; returns how many, in words, or ""."""
    meetings = applications = 0
    for meeting, _ in await store.meetings.all(LENE.uri):
        if (meeting.settings.subject, meeting.settings.attendees) == (SUBJECT, (DANA.uri,)):
            await store.meetings.remove(LENE.uri, meeting.id, None, now)
            meetings += 1
    for user in USERS:
        for session in await store.applications.all(user.uri):
            if session.application.user_agent == USER_AGENT:
                await store.applications.close(user.uri, session.application.id, now)
                applications += 1
    if not meetings and not applications:
        return ""
    return f"{counted(meetings, 'meeting')} and {counted(applications, 'application')}"


def counted(number: int, thing: str) -> str:
    """`1 meeting`, `2 meetings`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


class _Demo:
    """The server, and the walk in a thread of its own."""

    def __init__(
        self, service: Service, listeners: Sequence[Listener], lines: LogLines, screen: Screen, *, exit_after: bool
    ) -> None:
        self._service = service
        self._listeners = listeners
        self._lines = lines
        self._screen = screen
        self._exit_after = exit_after
        self._control = ProcessControl()
        self._stop = self._control.stop
        self._walking: asyncio.Task[int] | None = None

    async def run(self) -> int:
        config = self._service.config
        log = AccessLog(self._lines, self._service.measures)
        with Signals(self._control):
            status = await serve(
                self._service,
                config,
                listeners=self._listeners,
                control=self._control,
                observer=log,
                ready=self._begin,
            )
        return max(status, await self._walking) if self._walking is not None else status

    def _begin(self, urls: list[str]) -> None:
        self._walking = asyncio.create_task(self._walk(urls[0]))

    async def _walk(self, url: str) -> int:
        try:
            # The walk reports its own removals; audit lines would stand between its steps.
            with _silenced(audit.logger):
                status, meeting = await asyncio.to_thread(
                    walk, url, self._service.config.data, self._screen, self._stop.is_set
                )
            if self._exit_after:
                self._stop.set()
            elif not self._stop.is_set():
                self._lines.threshold = logging.INFO
                say_how_to_continue(_reachable(url), meeting, self._screen)
        except BaseException:  # stdout was closed, for example
            self._stop.set()
            raise
        return status


@contextmanager
def _silenced(logger: logging.Logger) -> Iterator[None]:
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = False


def walk(url: str, data: str, screen: Screen, stopped: Callable[[], bool]) -> tuple[int, str | None]:
    """The walk in both formats, with its result.

    `url`: the listener's. Returns the exit status, and the onlineMeetingId of the meeting that remains, if any.
    """
    base = _reachable(url)
    screen.say(f"openucwa demo on {base}, data in {data}", bold=True)
    if urlsplit(url).hostname not in _LOOPBACK:
        screen.say("Anyone who can reach this server can sign in with the demo's passwords.", fg="red")
    taken, failures, meeting = 0, [], None
    for form in (Json(), Xml()):
        screen.say(f"\n{form.name}", bold=True)
        steps = Steps(form, screen, stopped, taken)
        walker = Walk(base, steps)
        try:
            meeting = walker.go()
        except StepFailed as failure:
            failures.append(f"step {steps.number}, {steps.title} ({form.name}): {failure}")
        except Stopped:
            screen.say("\nStopped before the walk was over.")
            return 1, None
        finally:
            walker.close()
        taken = steps.number
    screen.say()
    if failures:
        for line in failures:
            screen.say(f"FAILED: {line}", fg="red", bold=True)
        screen.say("The steps after it, in that format, were skipped.")
    else:
        screen.say(f"{taken} steps passed", fg="green", bold=True)
    return (1 if failures else 0), meeting


def say_how_to_continue(base: str, meeting: str | None, screen: Screen) -> None:
    """Where to sign in, in a box; if verbose, also commands for a shell. `meeting`: as `walk` returns it."""
    if screen.verbose:
        screen.say("\nTo continue with curl, in another terminal:\n")
        for command in commands(base, meeting):
            screen.say(command)
    rows = (
        ("Address", f"{base}/"),
        ("User", " or ".join(user.address for user in USERS)),
        ("Password", " or ".join(user.password for user in USERS)),
        ("API", f"{base}{API_PAGE}"),
        ("Stop", "Ctrl-C"),
    )
    width = max(len(value) for _, value in rows)
    edge = f"+{'-' * (width + 13)}+"
    screen.say(f"\n{edge}")
    for name, value in rows:
        screen.say(f"| {name:9} {value:{width}}  |")
    screen.say(edge)


def commands(base: str, meeting: str | None) -> list[str]:
    """Commands for a shell."""
    token = _member('["access_token"]')
    href = _member('["_links"]["self"]["href"]')
    opening = json.dumps({"culture": "en-US", "endpointId": "curl", "userAgent": "curl"})
    extension = json.dumps({"type": "RoamedParticipantData", "topic": "from the command line"})
    grant = f"-d grant_type=password -d username={LENE.address} -d password={LENE.password}"
    send = "-H \"$AUTH\" -H 'Content-Type: application/json' -d"
    lines = [
        f"UCWA={base}",
        f"TOKEN=$(curl -s $UCWA/WebTicket/oauthtoken {grant} | {token})",
        'AUTH="Authorization: Bearer $TOKEN"',
        f"APP=$UCWA$(curl -s $UCWA/ucwa/v1/applications {send} '{opening}' | {href})",
        'curl -s $APP/onlineMeetings/myOnlineMeetings -H "$AUTH" | python3 -m json.tool',
    ]
    if meeting is not None:
        lines += [
            f"EXTENSIONS=$APP/onlineMeetings/myOnlineMeetings/{meeting}/onlineMeetingExtensions",
            f"curl -s $EXTENSIONS {send} '{extension}' | python3 -m json.tool",
            "curl -s $EXTENSIONS -H \"$AUTH\" -H 'Accept: application/xml'",
        ]
    return lines


def _member(path: str) -> str:
    """A command that prints a member of a JSON object on stdin."""
    return f"python3 -c 'import json, sys; print(json.load(sys.stdin){path})'"


def _reachable(url: str) -> str:
    """A listener's URL for clients on this machine."""
    parts = urlsplit(url)
    host = _WILDCARDS.get(parts.hostname or "")
    return url if host is None else f"{parts.scheme}://{host}:{parts.port}"
