"""Ten thousand requests made from the API's own description: no answer that it does not tell of, and no fault."""

import asyncio
import json
import math
import os
import shutil
import sqlite3
from collections import defaultdict
from contextlib import closing
from pathlib import Path

from argon2 import PasswordHasher
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

from openucwa.app import Service
from openucwa.config import Config
from openucwa.config_options import DialInRegion
from openucwa.identity.passwords import Passwords
from tests.client import UcwaClient
from tests.hostile.description import Description
from tests.hostile.judging import judge
from tests.hostile.requests import Request, astray, requests, whole_path
from tests.hostile.stage import DirectClient, Stage, ask
from tests.world import FakeWorld

#: How many requests are made. HOSTILE_REQUESTS in the environment asks for another number, and for other requests
#: each time: 100000 for a night, say.
MOST_DAYS = 10_000
WANTED = int(os.environ.get("HOSTILE_REQUESTS", MOST_DAYS))

SETTINGS = settings(
    derandomize="HOSTILE_REQUESTS" not in os.environ,
    # A failure is told with its request: what led to it is the server's state, which a smaller one would not meet.
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


#: What takes a directory or another pool, which are not here, or the user's password, which is in no description.
NOT_HERE = (
    *("addToContactList", "expandDistributionGroup", "myOrganizationGroup", "removeFromContactList"),
    *("/user/redirect", "/openucwa/password"),
)


class GeneratedRequests:
    """A server with everything on it, asked one request after the other."""

    def __init__(self, data: Path) -> None:
        self.runner = asyncio.Runner()
        self.config = Config(
            data=str(data),
            public_url="https://ucwa.example.com",
            allow_origin=("https://pages.example.com",),
            dial_in_regions=(DialInRegion("Aarhus", "tel:+4570555501"),),
            # So that limits are met, but for those after which nothing more would be met.
            max_body_bytes=20_000,
            max_extensions=20,
            max_meetings=40,
            max_applications=5,
            max_requests_in_flight=2,
            sign_in_failures=10_000_000,
            address_failures=10_000_000,
            participant_burst=10_000_000,
            invitation_burst=10_000_000,
            application_burst=10_000_000,
            presence_burst=10_000_000,
        )
        self.service = Service(self.config, FakeWorld(), passwords=Passwords(hasher=PasswordHasher(1, 8, 1)))
        self.stage = Stage(self.service)
        self.statuses: dict[str, set[int]] = defaultdict(set)
        self.count = 0
        self._whole_paths: set[str] = set()
        self._set = False
        self._refused = 0

    async def start(self) -> Description:
        await self.service.start()
        # Nobody waits for events here.
        await self.service.release()
        answer = await ask(self.service, Request("GET", "/openapi.json", headers=(("host", "ucwa.example.com"),)))
        description = Description(json.loads(answer.body))
        self._whole_paths = {whole_path(operation.path) for operation in description.operations}
        return description

    def run(self, name: str, strategy: SearchStrategy[Request], count: int, description: Description) -> None:
        """Asks `count` requests of the strategy. AssertionError: one of them is not answered as it should be."""

        @settings(SETTINGS, max_examples=count)
        @given(strategy)
        def each(request: Request) -> None:
            status = self.runner.run(self._ask(request, description))
            self.statuses[name].add(status)
            self.count += 1

        each()

    async def _ask(self, request: Request, description: Description) -> int:
        if not self._set:
            await self.stage.set()
            self._set = True
        sent, answer = await self.stage.send(request)
        judge(sent, answer, description)
        if request.path in self._whole_paths:
            refused = answer.status in {404, 409, 410}
            self._refused += refused
            # What can't be done as things are gets another chance when they are otherwise.
            if refused and self._refused % 8 == 0:
                self._set = False
            elif refused or request.method == "DELETE" or request.path.endswith("/openucwa/signOut"):
                self._set = await self.stage.stands()
        return answer.status

    async def works(self) -> bool:
        """Whether somebody can sign in and do the main job."""
        client = UcwaClient(DirectClient(self.service))
        await client.sign_in("danab@contoso.com")
        await client.open("another")
        extension = await client.extend(await client.schedule(), seats=9)
        answer = await client.replace(extension, seats=10)
        return bool(answer.json()["seats"] == 10)


def test_generated_requests_are_answered_as_documented(prepared_data: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(prepared_data, data)
    trial = GeneratedRequests(data)
    with trial.runner as runner:
        description = runner.run(trial.start())
        share = math.ceil(WANTED * 0.95 / len(description.operations))
        for operation in description.operations:
            trial.run(str(operation), requests(operation, description), share, description)
        trial.run("astray", astray(description), math.ceil(WANTED * 0.05), description)
        assert trial.count >= WANTED
        assert runner.run(trial.works())
        runner.run(trial.service.stop())
    never = {
        str(each): trial.statuses[str(each)]
        for each in description.operations
        if each.successes and not each.successes & trial.statuses[str(each)] and not str(each).endswith(NOT_HERE)
    }
    # Fewer requests may not get as far.
    assert never == {} or WANTED < MOST_DAYS
    for file in data.glob("*.db"):
        with closing(sqlite3.connect(file)) as connection:
            assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
