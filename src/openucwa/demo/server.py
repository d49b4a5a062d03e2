"""The demo's server: a folder of its own with two users in it, served while the walk goes on beside it.

What the walk does is `walk.py`'s; what is answered is the server's own doing.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import uvloop

from openucwa.app import Service
from openucwa.config import Config, ConfigError
from openucwa.demo.client import Json, Screen, WentWrong, Xml
from openucwa.demo.steps import Steps, Stopped
from openucwa.demo.walk import LENE, USERS, Walk
from openucwa.identity.passwords import Passwords
from openucwa.model.user import User
from openucwa.model.world import RealWorld
from openucwa.server.listeners import Listener, bind, close
from openucwa.server.orders import Orders, Signals
from openucwa.server.process import serve
from openucwa.store.sqlite import SqliteStore
from openucwa.telemetry.access_log import AccessLog
from openucwa.telemetry.log import LogLines, route_logging

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104  # looked up, not listened on


def run(config: Config, screen: Screen, *, exit_after: bool) -> int:
    """Serves the demo until SIGTERM or Ctrl-C, or, with `exit_after`, until the walk is over; the exit status.

    0: every step went as it should. ConfigError: the address can't be had, or the folder is not the demo's. Refusal:
    the store can't be used.
    """
    listeners = bind(config.listen)
    try:
        world = RealWorld()
        config = replace(config, listen=tuple(listener.url for listener in listeners))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(prepare(config))
            lines = LogLines.of(replace(config, log_level="warning"), world)
            restore_logging = route_logging(lines)
            try:
                demo = _Demo(Service(config, world), listeners, lines, screen, exit_after=exit_after)
                return runner.run(demo.run())
            finally:
                restore_logging()
    finally:
        close(listeners)


async def prepare(config: Config) -> None:
    """Puts the demo's users into the store. ConfigError: others are there, so it is not the demo's folder."""
    store = SqliteStore(Path(config.data), config.store_timeout)
    await store.open()
    try:
        known = {user.uri for user in await store.users()}
        if strangers := known - {user.uri for user in USERS}:
            raise ConfigError(
                f"{config.data} is not a folder of the demo: {min(strangers)} is in it. The demo adds users whose "
                "passwords everybody knows; --data names another folder"
            )
        passwords = Passwords(workers=1)
        try:
            for user in USERS:
                if user.uri not in known:
                    hashed = await passwords.hash(user.password)
                    await store.add_user(User(user.uri, user.name, None, None, hashed))
        finally:
            passwords.close()
    finally:
        await store.close()


class _Demo:
    """The server, and the walk beside it in a thread of its own."""

    def __init__(
        self, service: Service, listeners: Sequence[Listener], lines: LogLines, screen: Screen, *, exit_after: bool
    ) -> None:
        self._service = service
        self._listeners = listeners
        self._lines = lines
        self._screen = screen
        self._exit_after = exit_after
        self._orders = Orders()
        self._stop = self._orders.stop
        self._walking: asyncio.Task[int] | None = None

    async def run(self) -> int:
        config = self._service.config
        log = AccessLog(self._lines, self._service.measures)
        with Signals(self._orders):
            status = await serve(
                self._service,
                config,
                listeners=self._listeners,
                orders=self._orders,
                observer=log,
                ready=self._begin,
            )
        return max(status, await self._walking) if self._walking is not None else status

    def _begin(self, urls: list[str]) -> None:
        self._walking = asyncio.create_task(self._walk(urls[0]))

    async def _walk(self, url: str) -> int:
        try:
            status, meeting = await asyncio.to_thread(
                walk, url, self._service.config.data, self._screen, self._stop.is_set
            )
            if self._exit_after:
                self._stop.set()
            elif not self._stop.is_set():
                self._lines.threshold = logging.INFO
                say_how_to_go_on(_reachable(url), meeting, self._screen)
        except BaseException:  # nobody sees the screen any more, say
            self._stop.set()
            raise
        return status


def walk(url: str, data: str, screen: Screen, stopped: Callable[[], bool]) -> tuple[int, str | None]:
    """The walk in both forms, with what is to be said of it before and after.

    `url`: the listener's. The exit status, and the onlineMeetingId of a meeting that is left there, if there is one.
    """
    base = _reachable(url)
    screen.say(f"openucwa serves {base}, with its data in {data}", bold=True)
    screen.say("Two users, with passwords that are for this demo only:")
    for user in USERS:
        screen.say(f"  {user.address:18}{user.password}")
    if urlsplit(url).hostname not in _LOOPBACK:
        screen.say("Whoever reaches this server can sign in with them.", fg="red")
    taken, troubles, meeting = 0, [], None
    for form in (Json(), Xml()):
        steps = Steps(form, screen, stopped, taken)
        walker = Walk(base, steps)
        try:
            meeting = walker.go()
        except WentWrong as wrong:
            screen.say(f"  NOT as it should be: {wrong}", fg="red", bold=True)
            troubles.append(f"step {steps.number}, {steps.title} ({form.name}): {wrong}")
        except Stopped:
            screen.say("\nStopped before the walk was over.")
            return 1, None
        finally:
            walker.close()
        taken = steps.number
    screen.say()
    if troubles:
        for trouble in troubles:
            screen.say(f"NOT as it should be: {trouble}", fg="red", bold=True)
        screen.say("The steps behind it, in that form, were not taken.")
    else:
        screen.say(f"{taken} steps, all as they should be", fg="green", bold=True)
    return (1 if troubles else 0), meeting


def say_how_to_go_on(base: str, meeting: str | None, screen: Screen) -> None:
    """The addresses, and what to type. `meeting`: as `walk` gives it."""
    screen.say(f"\nFor a browser:  {base}/")
    screen.say(f"The root:       {base}/Autodiscover/AutodiscoverService.svc/root")
    screen.say(f"The whole API:  {base}/openapi.json")
    screen.say("\nTo go on by hand, in another terminal:\n")
    for command in commands(base, meeting):
        screen.say(command)
    screen.say("\nIt serves on, and has a line here for each request, until Ctrl-C.")


def commands(base: str, meeting: str | None) -> list[str]:
    """Lines for a shell."""
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
    """A command that prints a member of the JSON object on its stdin."""
    return f"python3 -c 'import json, sys; print(json.load(sys.stdin){path})'"


def _reachable(url: str) -> str:
    """A listener's URL as a client on this machine reaches it."""
    parts = urlsplit(url)
    host = _WILDCARDS.get(parts.hostname or "")
    return url if host is None else f"{parts.scheme}://{host}:{parts.port}"
