"""docs/compliance.md is true: of a running server, and, where the reference is at hand, of what it documents."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from openucwa.app import Service
from openucwa.model import refusals
from openucwa.resources.openapi import GENERIC, WITH_TOKEN
from openucwa.wire.errors import wire_error
from openucwa.wire.resource import Operation, Resource
from tests.client import UcwaClient, extensions_of
from tests.conftest import Connect, Make
from tests.samples import compliance
from tests.samples.stage import TOLD

REFERENCE = Path(__file__).parents[3] / "shared" / "spec" / "ucwa-resources.json"
with_reference = pytest.mark.skipif(not REFERENCE.is_file(), reason="the reference is not at hand")

#: Resources that are served by the class of another.
ALSO = {"applications": ("anonApplications",), "myOnlineMeeting": ("myAssignedOnlineMeeting",)}

Error = tuple[int, str, str | None]
CONFLICTS: tuple[Error, ...] = (
    (409, "Conflict", "AlreadyExists"),
    (409, "Conflict", "TooManyGroups"),
    (409, "Conflict", None),
)
#: Documented errors that are never sent: (resource, method, errors, why); * is every one.
NEVER_SENT: tuple[tuple[str, str, tuple[Error, ...], str], ...] = (
    ("*", "GET", CONFLICTS, "a read is in nothing's way"),
    ("policies", "GET", ((500, "ServiceFailure", "ProvisioningDataUnavailable"),), "policies come with the server"),
    ("presenceSubscriptions", "POST", ((403, "Forbidden", "LimitExceeded"),), "no subscription is kept to be counted"),
)


def served(service: Service) -> Iterator[tuple[str, str, str, Resource[Any], Operation]]:
    """All that is routed: the resource by its documented name, the method, the template, what serves it."""
    for template, resource in service.routes:
        for name in (resource.rel, *ALSO.get(resource.rel, ())):
            for method, operation in resource.operations.items():
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
    meeting = await client.schedule()
    await client.extend(meeting, id="x")
    names = {
        "application_id": client.app.rpartition("/")[2],
        "meeting_id": meeting["onlineMeetingId"],
        "extension_id": "x",
        "region": "1",
        "name": "xframe.js",
    }
    for path, method in calls(service, names):
        answer = await client.request(method, path, headers={"Accept": "*/*"})
        assert answer.status_code not in {404, 405}, f"{method} {path}"
        assert answer.status_code < 500, f"{method} {path}"


def calls(service: Service, names: dict[str, str]) -> list[tuple[str, str]]:
    """What can be called when nothing has happened yet but what `names` tells of; what ends something comes last."""
    order = ["GET", "HEAD", "PUT", "POST", "DELETE"]
    found = set()
    for _name, method, template, resource, _operation in served(service):
        if set(re.findall(r"{(\w+)}", template)) <= set(names):
            # A poll with an ack that is none is refused; any other would wait.
            query = "?ack=none" if resource.rel == "events" else ""
            found.add((template.format(**names) + query, method))
    return sorted(found, key=lambda call: (order.index(call[1]), -len(call[0])))


async def test_a_conversation_is_no_place_to_look_for_what_is_not_offered(lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    answer = await lene.get(f"{extensions_of(meeting)}/none/none")
    assert answer.status_code == 404


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
async def test_what_is_left_out_is_documented(documented: dict[str, Any]) -> None:
    never, at_times = compliance.absent()
    for name, members in [*never.items(), *at_times.items()]:
        shown = {*documented[name]["properties"], *documented[name]["links"]}
        # Two links that are documented on the pages of what they embed.
        shown |= {"onlineMeetingExtension"} if name in {"myOnlineMeeting", "myAssignedOnlineMeeting"} else set()
        assert members <= shown, name


@with_reference
async def test_the_scopes_of_what_is_offered_are_the_documented_ones(
    service: Service, documented: dict[str, Any]
) -> None:
    for name, method, _template, resource, _operation in served(service):
        if method in operations_of(documented, name):
            assert resource.scopes == set(documented[name]["scopes"]), name


@with_reference
async def test_the_documented_errors_of_what_is_offered_are_declared(
    service: Service, documented: dict[str, Any]
) -> None:
    missing = {
        (name, method): undeclared
        for name, method, _template, _resource, operation in served(service)
        if method in operations_of(documented, name)
        if (undeclared := errors(documented, name, method) - declared(operation) - never_sent(name, method))
    }
    assert missing == {}


def errors(documented: dict[str, Any], name: str, method: str) -> set[Error]:
    return {
        (error["status"], error["code"], None if error["subcode"] == "None" else error["subcode"])
        for error in documented[name]["operations"][method]["errors"]
    }


def declared(operation: Operation) -> set[Error]:
    refused = (*GENERIC, *WITH_TOKEN, refusals.AnonymousNotAllowed, *operation.refuses)
    rows = [wire_error(refusal) for refusal in refused]
    return {(row.status, row.code, row.subcode) for row in rows}


def never_sent(name: str, method: str) -> set[Error]:
    return {
        error
        for resource, operation, errors, _why in NEVER_SENT
        if resource in {"*", name} and operation in {"*", method}
        for error in errors
    }


@with_reference
async def test_the_events_that_are_raised_are_documented_ones(documented: dict[str, Any]) -> None:
    known = {
        (event["resource"], kind, event["sender"], event["priority"])
        for resource in documented.values()
        for kind, events in resource["events"].items()
        for event in events
    }
    assert compliance.events() <= known
