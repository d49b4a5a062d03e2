"""Every error that meetings and extensions can answer with is a class of its own, as a sandbox provokes it."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import pytest

from openucwa.client import Application, Policy, Refused, SyncDriver
from openucwa.client.error_codes import ERRORS
from openucwa.testing import server
from openucwa.testing.running import SandboxServer

FORMATS: tuple[Literal["json", "xml"], ...] = ("json", "xml")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxServer]:
    with server(frozen=True) as running:
        yield running


@pytest.mark.parametrize("form", FORMATS)
def test_every_error_of_meetings_and_extensions_is_seen_as_its_own_class(
    sandbox: SandboxServer, form: Literal["json", "xml"]
) -> None:
    seen: set[type[Refused]] = set()
    with sandbox.client(format=form, policy=Policy(attempts=1)) as client:
        application = client.open("tests", renew=False)
        meeting = application.schedule()
        extension = meeting.add_extension({"seats": 12}, id="agenda")
        places = {
            "myOnlineMeetings": application.resource.inner("onlineMeetings").link("myOnlineMeetings"),
            "myOnlineMeeting": meeting.resource.href,
            "onlineMeetingExtensions": meeting.resource.link("onlineMeetingExtensions"),
            "onlineMeetingExtension": extension.resource.href,
        }
        for operation in sandbox.faults.catalogue["operations"]:
            if operation["rel"] not in places or "/conversations/" in operation["path"]:
                continue
            for error in operation["errors"]:
                seen.add(refused(application, operation["method"], places[operation["rel"]], error))
        assert meeting.extension("agenda").read() == extension, "nothing was done"
    assert len(seen) > 20


def refused(application: Application[SyncDriver], method: str, href: str, error: Mapping[str, Any]) -> type[Refused]:
    """The class of the error with which a request is refused, which is that of the table."""
    with pytest.raises(Refused) as raised:
        application.request(method, href, headers={"X-OpenUCWA-Fault": error["name"]})
    kind = ERRORS[error["status"], error["code"], error.get("subcode")]
    assert type(raised.value) is kind, (method, href, error)
    assert raised.value.request_id
    return kind
