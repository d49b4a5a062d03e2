"""Pages of other sites in a developer's browser: they must not control the sandbox on the developer's machine."""

import httpx
import pytest

from tests.client import UcwaClient
from tests.process.running import LIMIT, RunningServer
from tests.resources.messages import assert_refused
from tests.sandbox.conftest import Control

FORM = "application/x-www-form-urlencoded"
RULE = '{"fault": "cut", "count": null}'


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "null"])
async def test_page_of_another_origin_cannot_post(control: Control, origin: str) -> None:
    """Browsers send a form without asking the server first."""
    headers = {"Origin": origin, "Content-Type": FORM}
    answer = await control.http.post("/sandbox/faults", content=RULE, headers=headers)
    assert_refused(answer, 403, "Forbidden")
    assert (await control.ask("GET", "/faults"))["rules"] == []


async def test_page_of_the_sandbox_itself_can_post(control: Control, running: RunningServer) -> None:
    headers = {"Origin": running.urls[0], "Content-Type": FORM}
    assert (await control.http.post("/sandbox/faults", content=RULE, headers=headers)).status_code == 201
    await control.ask("DELETE", "/faults", status=204)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "%"])
async def test_page_whose_name_leads_to_this_machine_cannot_read(control: Control, host: str) -> None:
    """DNS rebinding: the browser takes the sandbox for a part of the page's own site."""
    assert_refused(await control.http.get("/sandbox/state", headers={"Host": host}), 403, "Forbidden")


@pytest.mark.parametrize("host", ["localhost", "sandbox.localhost:8080", "ucwa:8080", "192.0.2.7", "[::1]:8080"])
async def test_addresses_and_names_that_no_site_has_are_accepted(control: Control, host: str) -> None:
    assert (await control.http.get("/sandbox/clock", headers={"Host": host})).status_code == 200


async def test_refusal_is_for_control_alone(lene: UcwaClient) -> None:
    headers = {"Origin": "https://evil.example", "Host": "evil.example"}
    assert (await lene.get(lene.app, headers=headers)).status_code == 200


def test_names_and_origins_of_the_settings_are_accepted() -> None:
    with (
        RunningServer(None, "--allow-origin", "https://ci.example", OPENUCWA_HOSTS="ucwa.example") as server,
        httpx.Client(base_url=server.urls[0], timeout=LIMIT) as http,
    ):
        assert http.get("/sandbox", headers={"Host": "ucwa.example"}).status_code == 200
        assert http.post("/sandbox/reset", headers={"Origin": "https://ci.example"}).status_code == 204
