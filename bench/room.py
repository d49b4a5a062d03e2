"""How long one change takes to reach everybody in a meeting: 500 participants, each with a waiting poll.

    python bench/room.py [PARTICIPANTS]

Starts a server process with a data folder of its own, lets PARTICIPANTS anonymous users join one meeting, and then
changes participant data ROUNDS times. Printed: the time until the first, the median and the last of the polls is
answered, in milliseconds from the moment that the change is sent, and how long the change itself took. Client and
server share the machine, so the client's own reading of the answers is in these figures.
"""

import asyncio
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

ROUNDS = 10
ORGANIZER = "sip:lenea@contoso.com"
PASSWORD = "correct horse battery staple"  # noqa: S105  # of a server that lives for a minute
#: Joined at a time, so that nobody's poll has to tell of hundreds at once.
AT_A_TIME = 25


def main(participants: int) -> None:
    """Starts the server, measures, and prints a table."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "openucwa"]
        data = ["--data", folder]
        add = [*command, "user", "add", ORGANIZER, "--password-stdin", *data]
        subprocess.run(add, input=PASSWORD.encode(), check=True, stdout=subprocess.DEVNULL)
        settings = {"OPENUCWA_MEETING_SIZE": str(participants + 1), "OPENUCWA_LOG_LEVEL": "error"}
        serve = [*command, "serve", *data, "--listen", "http://127.0.0.1:0"]
        with subprocess.Popen(serve, stdout=subprocess.PIPE, env=os.environ | settings, text=True) as server:
            try:
                url = (server.stdout.readline() if server.stdout else "").split()[-1]
                asyncio.run(measure(url, participants, server.pid))
            finally:
                server.terminate()


async def measure(url: str, participants: int, pid: int) -> None:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=240, limits=limits) as http:
        organizer = await _sign_in(http, {"grant_type": "password", "username": ORGANIZER, "password": PASSWORD})
        app = await _open(http, organizer)
        answer = await http.post(
            f"{app}/onlineMeetings/myOnlineMeetings", json={"accessLevel": "Everyone"}, headers=organizer
        )
        meeting = answer.json()
        extensions = f"{meeting['_links']['self']['href']}/onlineMeetingExtensions"
        shared = {"id": "agenda", "type": "RoamedParticipantData"}
        extension = (await http.post(extensions, json=shared, headers=organizer)).json()
        before = _memory(pid)
        people: list[Any] = []
        while len(people) < participants:
            count = min(AT_A_TIME, participants - len(people))
            people += await asyncio.gather(*(_join(http, meeting, len(people) + n) for n in range(count)))
        for person in people:
            await person.connect(url)
            await person.catch_up()
        await _change(http, organizer, extension, people, -1)  # not counted: some still hear of others' coming
        rows = [await _change(http, organizer, extension, people, number) for number in range(ROUNDS)]
        print(f"{participants} participants, one change, ms until it has reached ({ROUNDS} rounds: median, worst)")
        for name, column in zip(
            ("its sender", "the first", "half of them", "the last"), zip(*rows, strict=True), strict=True
        ):
            print(f"  {name:<14}{statistics.median(column):>8.1f}{max(column):>8.1f}")
        memory = (_memory(pid) - before) / participants
        for person in people:
            await person.leave()
        print(f"  memory: {memory:.1f} KiB for each who waits, connection included")


class Person:
    """A participant with a connection of its own, and where its channel stands."""

    def __init__(self, headers: dict[str, str], events: str) -> None:
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._next = events

    async def connect(self, url: str) -> None:
        """Opens the connection that its polls go by. No HTTP library: those lose time with hundreds of connections."""
        place = urlsplit(url)
        self._reader, self._writer = await asyncio.open_connection(place.hostname, place.port)

    async def catch_up(self) -> None:
        """Hears what there is already: of everybody who came."""
        self._poll = asyncio.ensure_future(self._hear())
        while True:
            done, _ = await asyncio.wait({self._poll}, timeout=0.05)
            if not done:
                return
            self._poll = asyncio.ensure_future(self._hear())

    async def told(self, text: bytes) -> float:
        """The time at which the waiting poll tells of `text`; the next one waits from then on."""
        while True:
            body, at = await self._poll
            self._poll = asyncio.ensure_future(self._hear())
            if text in body:
                return at

    async def leave(self) -> None:
        """Hangs up."""
        self._poll.cancel()
        await asyncio.wait({self._poll})
        self._writer.close()

    async def _hear(self) -> tuple[bytes, float]:
        self._writer.write(f"GET {self._next} HTTP/1.1\r\nHost: bench\r\n{self._headers}\r\n".encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        at = time.perf_counter()
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode())
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        body = await self._reader.readexactly(length)
        self._next = re.search(rb'"(?:next|resume)":{"href":"([^"]+)"', body)[1].decode()  # type: ignore[index]
        return body, at


async def _change(
    http: httpx.AsyncClient, organizer: dict[str, str], extension: dict[str, Any], people: list[Person], number: int
) -> tuple[float, ...]:
    text = f"round {number} of the bench"
    waiting = [asyncio.ensure_future(person.told(text.encode())) for person in people]
    await asyncio.sleep(0.2)
    headers = {**organizer, "If-Match": extension["etag"]}
    begin = time.perf_counter()
    answer = await http.put(extension["_links"]["self"]["href"], json={**extension, "text": text}, headers=headers)
    answered = time.perf_counter()
    extension |= answer.json()
    times = sorted([(at - begin) * 1000 for at in await asyncio.gather(*waiting)])
    return (answered - begin) * 1000, times[0], statistics.median(times), times[-1]


async def _sign_in(http: httpx.AsyncClient, form: dict[str, str]) -> dict[str, str]:
    token = (await http.post("/WebTicket/oauthtoken", data=form)).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


async def _open(http: httpx.AsyncClient, headers: dict[str, str]) -> str:
    body = {"culture": "en-us", "endpointId": "bench", "userAgent": "bench"}
    answer = await http.post("/ucwa/v1/applications", json=body, headers=headers)
    href: str = answer.json()["_links"]["self"]["href"]
    return href


async def _join(http: httpx.AsyncClient, meeting: dict[str, Any], number: int) -> Person:
    grant = {"grant_type": "urn:microsoft.rtc:anonmeeting", "password": meeting["onlineMeetingId"]}
    headers = await _sign_in(http, {**grant, "ms_rtc_conferenceuri": meeting["onlineMeetingUri"]})
    app = await _open(http, headers)
    body = {"onlineMeetingUri": meeting["onlineMeetingUri"], "anonymousDisplayName": f"Person {number}"}
    await http.post(f"{app}/communication/joinOnlineMeeting", json=body, headers=headers)
    return Person(headers, f"{app}/events?ack=1")


def _memory(pid: int) -> int:
    """KiB of memory that the process has."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    return int(status.partition("VmRSS:")[2].split()[0])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
