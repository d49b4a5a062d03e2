"""docs/compliance.md agrees with the server's routes, and with the reference where that is at hand."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from openucwa.api.resource import Operation, Resource
from openucwa.app import Service
from tests.client import UcwaClient
from tests.conftest import Connect, Make
from tests.docs.never_sent import REFERENCE, brought_up_to_date, names_of, reference
from tests.samples import compliance
from tests.samples.stage import TOLD

with_reference = pytest.mark.skipif(not REFERENCE.is_file(), reason="the reference is not at hand")

#: Several documented resources have one place, and with it one set of scopes: the strictest.
OTHER_SCOPES = {
    "addToPresenceSubscription",
    "failedDeliveryParticipant",
    "memberships",
    "messagingInvitation",
    "myGroupMemberships2",
    "removeContactFromAllGroups",
    "subscribeToGroupPresence",
}

#: Resources that are offered and have no operation of their own.
WITHOUT_OPERATIONS = {"invitation", "participants", "typingParticipants"}

#: Events that the concept pages and captures show, and no resource's page lists: operations end so.
FROM_CAPTURES = {
    ("onlineMeetingInvitation", "completed", "communication", "High"),
    ("participantInvitation", "completed", "communication", "High"),
    ("message", "completed", "conversation", "High"),
}


def served(service: Service) -> Iterator[tuple[str, str, str, Resource[Any], Operation]]:
    """All that is routed: the resource by its documented name, the method, the template, what serves it."""
    for template, resource in service.routes:
        for method, responder in resource.responders.items():
            operation = responder.operation
            for name in names_of(resource.rel, method):
                yield name, method, template, resource, operation


def routed(service: Service) -> set[tuple[str, str]]:
    return {(name, method) for name, method, *_ in served(service)}


@pytest.fixture(scope="module")
def documented() -> dict[str, Any]:
    """The resources of the reference."""
    return reference()


async def test_every_route_is_listed(service: Service) -> None:
    assert routed(service) - compliance.offered() - compliance.besides() == set()


async def test_every_offered_operation_has_a_route(service: Service) -> None:
    assert (compliance.offered() | compliance.besides()) - routed(service) == set()


async def test_no_operation_is_both_documented_and_beyond_the_reference() -> None:
    assert compliance.besides() & set(compliance.operations()) == set()


async def test_every_offered_operation_answers(make_service: Make, connect: Connect) -> None:
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
    schema = {"Content-Type": "application/schema+json"}
    await client.put(f"{client.app}/openucwa/schemas/x", content=b"true", headers=schema)
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
    group = await client.post(f"{client.app}/people/groups", json={"displayName": "Family"})
    await client.post(f"{client.app}/people/groupMemberships", json={"contactUri": "sip:danab@contoso.com"})
    return {
        "group": last(group.headers["Location"]),
        "membership": "defaultGroup,danab@contoso.com",
        "level": "Workgroup",
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
    order = ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]
    found = set()
    for name, method, template, resource, _operation in served(service):
        # Only an invitation that came from somebody can be answered, and only a directory's group be expanded; only
        # users of other pools are redirected.
        elsewhere = {"accept", "decline", "expandDistributionGroup", "myOrganizationGroup", "redirect"}
        if set(re.findall(r"{(\w+)}", template)) <= set(names) and name not in elsewhere:
            # A poll with an ack that is none is refused; any other would wait.
            query = "?ack=none" if resource.rel == "events" else ""
            found.add((template.format(**names) + query, method))
    return sorted(found, key=lambda call: (order.index(call[1]), -len(call[0])))


@with_reference
async def test_every_documented_resource_and_operation_is_listed(documented: dict[str, Any]) -> None:
    assert compliance.resources() == set(documented)
    assert set(compliance.operations()) == {
        (name, method) for name, resource in documented.items() for method in resource["operations"]
    }


@with_reference
async def test_what_is_beyond_the_reference_is_not_in_it(documented: dict[str, Any]) -> None:
    assert not {(name, method) for name, method in compliance.besides() if method in operations_of(documented, name)}


def operations_of(documented: dict[str, Any], name: str) -> dict[str, Any]:
    operations: dict[str, Any] = documented.get(name, {"operations": {}})["operations"]
    return operations


@with_reference
async def test_scopes_are_the_documented_ones(service: Service, documented: dict[str, Any]) -> None:
    for name, method, _template, resource, _operation in served(service):
        if method in operations_of(documented, name) and name not in OTHER_SCOPES:
            assert resource.scopes == set(documented[name]["scopes"]), name


@with_reference
async def test_errors_that_are_never_sent_are_listed(service: Service) -> None:
    page = compliance.PATH.read_text("utf-8")
    assert page == brought_up_to_date(page, service), "python -m tests.docs.never_sent updates the table"


@with_reference
async def test_events_are_documented_ones(documented: dict[str, Any]) -> None:
    known = {
        (name, kind, event["sender"], event["priority"])
        for name, resource in documented.items()
        for kind, events in resource["events"].items()
        for event in events
    }
    assert compliance.events() - known == FROM_CAPTURES


@with_reference
async def test_events_that_are_never_raised_are_listed(documented: dict[str, Any]) -> None:
    offered = compliance.resources() - {name for name, _ in compliance.offered()}
    raised = {(name, kind) for name, kind, *_ in compliance.events()}
    expected = {
        (name, kind)
        for name, resource in documented.items()
        for kind in resource["events"]
        if name not in offered or name in WITHOUT_OPERATIONS
    }
    assert compliance.never_raised() == expected - raised
    assert not compliance.never_raised() & raised
