"""Every documented error, provoked by a rule and raised by the client library as its own class."""

from collections.abc import AsyncIterator
from typing import Any, Literal

import pytest

from openucwa.client import AsyncClient, Password, Policy
from openucwa.client.error_codes import ERRORS
from openucwa.client.errors import Refused
from tests.process.running import RunningServer
from tests.sandbox.conftest import Control

#: The families whose every operation is provoked.
RELS = {"myOnlineMeetings", "myOnlineMeeting", "onlineMeetingExtensions", "onlineMeetingExtension"}

Format = Literal["json", "xml"]


@pytest.fixture(params=["json", "xml"])
async def client(
    request: pytest.FixtureRequest, running: RunningServer, control: Control
) -> AsyncIterator[AsyncClient]:
    """A client that does nothing twice."""
    form: Format = request.param
    credentials = Password("lenea@contoso.com", "lenea-password")
    async with AsyncClient(running.urls[0], credentials, format=form, policy=Policy(attempts=1)) as client:
        yield client


async def operations(control: Control) -> list[dict[str, Any]]:
    catalogue = await control.ask("GET", "/faults/catalogue")
    return [each for each in catalogue["operations"] if each["rel"] in RELS and "/conversations/" not in each["path"]]


async def test_each_error_of_meetings_and_extensions_has_a_class_of_its_own(
    control: Control, client: AsyncClient
) -> None:
    application = await client.open("errors")
    meeting = await application.schedule()
    await meeting.add_extension({"topic": "Budget"}, id="agenda")
    base = meeting.resource.href.rpartition("/")[0]
    places = {
        "myOnlineMeetings": base,
        "myOnlineMeeting": meeting.resource.href,
        "onlineMeetingExtensions": f"{meeting.resource.href}/onlineMeetingExtensions",
        "onlineMeetingExtension": f"{meeting.resource.href}/onlineMeetingExtensions/agenda",
    }
    raised: dict[tuple[int, str, str | None], type[Refused]] = {}
    for operation in await operations(control):
        for error in operation["errors"]:
            await control.ask("DELETE", "/faults", status=204)
            # Each time: the library renews a token, and an application, by itself and tries again.
            rule = {"fault": error["name"], "rel": operation["rel"], "method": operation["method"], "count": None}
            await control.ask("POST", "/faults", rule, status=201)
            with pytest.raises(Refused) as caught:
                await application.request(operation["method"], places[operation["rel"]], {})
            row = (error["status"], error["code"], error.get("subcode"))
            assert (caught.value.status, caught.value.code, caught.value.subcode) == row
            raised[row] = type(caught.value)
    assert len(raised) > 20
    assert raised == {row: ERRORS[row] for row in raised}
    assert len(set(raised.values())) == len(raised), "each has a class of its own"
