"""docs/compliance.md is true: of a running server, and, where the reference is at hand, of what it documents."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from openucwa.api.errors import wire_error
from openucwa.api.openapi import GENERIC, WITH_INPUT, WITH_TOKEN
from openucwa.api.resource import Operation, Resource
from openucwa.app import Service
from openucwa.model import refusals
from tests.client import UcwaClient
from tests.conftest import Connect, Make
from tests.samples import compliance
from tests.samples.stage import TOLD

REFERENCE = Path(__file__).parents[3] / "shared" / "spec" / "ucwa-resources.json"
with_reference = pytest.mark.skipif(not REFERENCE.is_file(), reason="the reference is not at hand")

#: Documented resources by what serves them, where that is not called the same.
SERVED_BY: dict[str, tuple[str, ...]] = {
    "applications": ("applications", "anonApplications"),
    "invitation": ("onlineMeetingInvitation", "messagingInvitation", "participantInvitation"),
    "myOnlineMeeting": ("myOnlineMeeting", "myAssignedOnlineMeeting"),
    "participant": ("participant", "localParticipant"),
}
#: A message is sent by a POST on what holds messages.
SENDING = {("messages", "POST"), ("message", "POST")}
#: Several documented resources have one place, and with it one set of scopes.
OTHER_SCOPES = {"messagingInvitation"}

Error = tuple[int, str, str | None]
CONFLICTS: set[Error] = {
    (409, "Conflict", "AlreadyExists"),
    (409, "Conflict", "TooManyGroups"),
    (409, "Conflict", None),
}
REDIRECT: Error = (410, "Gone", "CannotRedirect")
VERSION: Error = (500, "ServiceFailure", "InvalidExchangeServerVersion")
CHANNEL: Error = (500, "ServiceFailure", "CallbackChannelError")
#: What the reference lists of every method, whatever the resource. It is declared where it can happen; in the heart of
#: the server all of it is, but for conflicts of a GET, which are never sent (docs/protocol.md).
OF_EVERY_PAGE: dict[str, set[Error]] = {
    "GET": {*CONFLICTS, REDIRECT, VERSION},
    "POST": {*CONFLICTS, REDIRECT, CHANNEL},
    "PUT": {REDIRECT, VERSION},
    "DELETE": {REDIRECT},
}
HEART = {
    "myAssignedOnlineMeeting",
    "myOnlineMeeting",
    "myOnlineMeetings",
    "onlineMeetingExtension",
    "onlineMeetingExtensions",
}
OF_INVITATIONS: dict[Error, str] = {
    (400, "BadRequest", None): "a read has no input that could be wrong",
    (404, "NotFound", None): "it comes with its subcode, ResourceNotFound",
    (410, "Gone", None): "an invitation that is over can still be read",
}
#: Other documented errors that are never sent, each with its reason.
NEVER_SENT: dict[tuple[str, str], dict[Error, str]] = {
    ("messagingInvitation", "GET"): OF_INVITATIONS,
    ("onlineMeetingInvitation", "GET"): OF_INVITATIONS,
    ("participantInvitation", "GET"): OF_INVITATIONS,
    ("policies", "GET"): {(500, "ServiceFailure", "ProvisioningDataUnavailable"): "policies come with the server"},
    ("presenceSubscriptions", "POST"): {(403, "Forbidden", "LimitExceeded"): "no subscription is kept to be counted"},
}
#: Events that the concept pages and captures show, and no resource's page lists: operations end so.
FROM_CAPTURES = {
    ("onlineMeetingInvitation", "completed", "communication", "High"),
    ("participantInvitation", "completed", "communication", "High"),
    ("message", "completed", "conversation", "High"),
}


def served(service: Service) -> Iterator[tuple[str, str, str, Resource[Any], Operation]]:
    """All that is routed: the resource by its documented name, the method, the template, what serves it."""
    for template, resource in service.routes:
        for method, operation in resource.operations.items():
            named = ("sendMessage",) if (resource.rel, method) in SENDING else SERVED_BY.get(resource.rel)
            for name in named or (resource.rel,):
                yield name, method, template, resource, operation


def routed(service: Service) -> set[tuple[str, str]]:
    return {(name, method) for name, method, *_ in served(service)}


@pytest.fixture(scope="module")
def documented() -> dict[str, Any]:
    """The resources of the reference."""
    resources: dict[str, Any] = json.loads(REFERENCE.read_text("utf-8"))["resources"]
    return resources


async def test_every_operation_that_is_routed_is_listed(service: Service) -> None:
    assert routed(service) - compliance.offered() - compliance.besides() == set()


async def test_every_operation_that_is_listed_as_offered_is_routed(service: Service) -> None:
    assert (compliance.offered() | compliance.besides()) - routed(service) == set()


async def test_no_operation_is_listed_both_as_documented_and_as_besides_it() -> None:
    assert compliance.besides() & set(compliance.operations()) == set()


async def test_every_operation_that_is_offered_answers(make_service: Make, connect: Connect) -> None:
    service = await make_service(**TOLD)
    client = connect(service)
    await client.sign_in("lenea@contoso.com")
    await client.open()
    for path, method in calls(service, await something_of_each(client)):
        answer = await client.request(method, path, headers={"Accept": "*/*"})
        assert answer.status_code not in {404, 405}, f"{method} {path}"
        assert answer.status_code < 500, f"{method} {path}"


async def something_of_each(client: UcwaClient) -> dict[str, str]:
    """Makes one of all that can be in a path; the names of what is there now."""
    meeting = await client.schedule()
    await client.extend(meeting, id="x")
    communication = f"{client.app}/communication"
    joined = await client.post(
        f"{communication}/joinOnlineMeeting", json={"onlineMeetingUri": meeting["onlineMeetingUri"]}
    )
    conversations = (await client.get(f"{communication}/conversations")).json()
    conversation = conversations["_links"]["conversation"][0]["href"]
    await client.post(f"{conversation}/messaging/addMessaging", json={})
    said = await client.post(
        f"{conversation}/messaging/messages", content="Hello", headers={"Content-Type": "text/plain"}
    )
    return {
        "application_id": last(client.app),
        "meeting_id": meeting["onlineMeetingId"],
        "extension_id": "x",
        "invitation": last(joined.headers["Location"]),
        "conversation": last(conversation),
        "address": "lenea@contoso.com",
        "message": last(said.headers["Location"]),
        "region": "1",
        "name": "xframe.js",
    }


def last(href: str) -> str:
    return href.rpartition("/")[2]


def calls(service: Service, names: dict[str, str]) -> list[tuple[str, str]]:
    """What can be called, given these names; what ends something comes last."""
    order = ["GET", "HEAD", "PUT", "POST", "DELETE"]
    found = set()
    for name, method, template, resource, _operation in served(service):
        # Only an invitation that came from somebody can be answered.
        if set(re.findall(r"{(\w+)}", template)) <= set(names) and name not in {"accept", "decline"}:
            # A poll with an ack that is none is refused; any other would wait.
            query = "?ack=none" if resource.rel == "events" else ""
            found.add((template.format(**names) + query, method))
    return sorted(found, key=lambda call: (order.index(call[1]), -len(call[0])))


@with_reference
async def test_every_documented_resource_and_operation_has_its_place(documented: dict[str, Any]) -> None:
    assert compliance.resources() == set(documented)
    assert set(compliance.operations()) == {
        (name, method) for name, resource in documented.items() for method in resource["operations"]
    }


@with_reference
async def test_what_is_besides_the_reference_is_not_in_it(documented: dict[str, Any]) -> None:
    assert not {(name, method) for name, method in compliance.besides() if method in operations_of(documented, name)}


def operations_of(documented: dict[str, Any], name: str) -> dict[str, Any]:
    operations: dict[str, Any] = documented.get(name, {"operations": {}})["operations"]
    return operations


@with_reference
async def test_the_scopes_of_what_is_offered_are_the_documented_ones(
    service: Service, documented: dict[str, Any]
) -> None:
    for name, method, _template, resource, _operation in served(service):
        if method in operations_of(documented, name) and name not in OTHER_SCOPES:
            assert resource.scopes == set(documented[name]["scopes"]), name


@with_reference
async def test_the_documented_errors_of_what_is_offered_are_declared(
    service: Service, documented: dict[str, Any]
) -> None:
    missing = {
        (name, method): undeclared
        for name, method, _template, _resource, operation in served(service)
        if method in operations_of(documented, name)
        if (undeclared := errors(documented, name, method) - declared(operation) - excused(name, method))
    }
    assert missing == {}


def errors(documented: dict[str, Any], name: str, method: str) -> set[Error]:
    return {
        (error["status"], error["code"], None if error["subcode"] == "None" else error["subcode"])
        for error in documented[name]["operations"][method]["errors"]
    }


def declared(operation: Operation) -> set[Error]:
    by_the_door = (*GENERIC, *WITH_TOKEN, *WITH_INPUT, refusals.Forbidden, refusals.AnonymousNotAllowed)
    refused = (*by_the_door, *operation.refuses)
    rows = [wire_error(refusal) for refusal in refused]
    return {(row.status, row.code, row.subcode) for row in rows}


def excused(name: str, method: str) -> set[Error]:
    """The documented errors that need not be declared."""
    if name in HEART:
        return CONFLICTS if method == "GET" else set()
    return OF_EVERY_PAGE[method] | set(NEVER_SENT.get((name, method), {}))


@with_reference
async def test_the_events_that_are_raised_are_documented_ones(documented: dict[str, Any]) -> None:
    known = {
        (name, kind, event["sender"], event["priority"])
        for name, resource in documented.items()
        for kind, events in resource["events"].items()
        for event in events
    }
    assert compliance.events() - known == FROM_CAPTURES
