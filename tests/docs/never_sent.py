"""The table of docs/compliance.md of documented errors that are never sent, made from the reference and the resources.

    python -m tests.docs.never_sent

updates it. An operation's documented errors are in the reference; those that it can send are what it declares.
"""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from openucwa.api.errors import wire_error
from openucwa.api.openapi import GENERIC, WITH_INPUT, WITH_TOKEN
from openucwa.api.resource import Operation
from openucwa.app import Service
from openucwa.config import Config
from openucwa.model import refusals
from openucwa.model.world import RealWorld
from tests.samples import compliance

REFERENCE = Path(__file__).parents[3] / "shared" / "spec" / "ucwa-resources.json"

Error = tuple[int, str, str | None]
Call = tuple[str, str]

#: Documented resources by what serves them, where that has another name.
SERVED_BY: dict[str, tuple[str, ...]] = {
    "invitation": ("onlineMeetingInvitation", "messagingInvitation", "participantInvitation"),
    "myOnlineMeeting": ("myOnlineMeeting", "myAssignedOnlineMeeting"),
    "contact": ("contact", "acceptedByContact", "to"),
    "participant": ("participant", "localParticipant", "acceptedByParticipant", "failedDeliveryParticipant", "from"),
    "startMessaging": ("startMessaging", "startMessaging2"),
    "makeMeAvailable": ("makeMeAvailable", "makeMeAvailable2"),
}
#: The same by method: a message is sent by a POST to what holds messages; second versions of resources can do more.
METHODS_SERVED_BY: dict[Call, tuple[str, ...]] = {
    ("applications", "GET"): ("applications2",),
    ("applications", "POST"): ("applications", "anonApplications", "applications2"),
    ("applications", "OPTIONS"): ("applications", "anonApplications"),
    ("messages", "POST"): ("sendMessage",),
    ("message", "POST"): ("sendMessage",),
    ("contactPrivacyRelationship", "GET"): ("contactPrivacyRelationship", "contactPrivacyRelationship2"),
    ("contactPrivacyRelationship", "PUT"): ("contactPrivacyRelationship2",),
    ("group", "GET"): ("distributionGroup", "group", "group2"),
    ("group", "PUT"): ("group2",),
    ("group", "DELETE"): ("group2",),
    ("myContacts", "GET"): ("myContacts", "groupContacts"),
    ("myGroups", "GET"): ("myGroups", "myGroups2"),
    ("myGroups", "POST"): ("myGroups2",),
    ("myGroupMembership", "GET"): ("myGroupMembership", "myGroupMembership2"),
    ("myGroupMembership", "DELETE"): ("myGroupMembership2",),
    ("myGroupMemberships", "GET"): ("myGroupMemberships", "myGroupMemberships2"),
    ("myGroupMemberships", "POST"): ("myGroupMemberships2",),
    ("removeContactFromAllGroups", "POST"): ("removeContactFromAllGroups", "removeContactFromAllGroups2"),
    ("presenceSubscriptionMemberships", "GET"): ("presenceSubscriptionMemberships", "memberships"),
    ("presenceSubscriptionMemberships", "POST"): (
        "presenceSubscriptionMemberships",
        "memberships",
        "addToPresenceSubscription",
    ),
    ("presenceSubscriptions", "POST"): ("presenceSubscriptions", "subscribeToGroupPresence"),
    ("search", "GET"): ("search", "search2"),
}

#: Declared because the reference lists it, but the server chooses the ids, and the limit has an error of its own.
IMPOSSIBLE: Mapping[Call, set[Error]] = {
    ("myOnlineMeetings", "POST"): {
        (409, "Conflict", "AlreadyExists"),
        (409, "Conflict", "TooManyGroups"),
        (409, "Conflict", None),
    }
}
WHY: Mapping[str, str] = {
    "BadRequest": "A read has no input that could be wrong.",
    "Conflict": "Nothing can conflict.",
    "Conflict/AlreadyExists": "Nothing is created under an id that the client chose.",
    "Conflict/TooManyGroups": "It is sent for too many extensions of a meeting, and too many groups, only.",
    "GatewayTimeout": "Photos are on this server.",
    "Gone": "An invitation that is over can still be read.",
    "Gone/CannotRedirect": "The resource does not depend on where the user is homed.",
    "NotFound": "It is sent with its subcode, ResourceNotFound.",
    "ServiceFailure/CallbackChannelError": "No event is raised.",
    "ServiceFailure/MigrationInProgress": "Contacts are always in the same place.",
    "ServiceFailure/ProvisioningDataUnavailable": "Policies come with the server.",
}


def names_of(rel: str, method: str) -> tuple[str, ...]:
    """The documented resources that an operation of a resource of the server is."""
    return METHODS_SERVED_BY.get((rel, method)) or SERVED_BY.get(rel, (rel,))


_HEAD = "| never sent | by | why |\n|---|---|---|\n"


def reference() -> dict[str, Any]:
    """The resources of the reference."""
    found: dict[str, Any] = json.loads(REFERENCE.read_text("utf-8"))["resources"]
    return found


def documented(resources: Mapping[str, Any], call: Call) -> set[Error]:
    """The errors that the reference lists for an operation."""
    name, method = call
    operations = resources.get(name, {"operations": {}})["operations"]
    return {
        (error["status"], error["code"], None if error["subcode"] == "None" else error["subcode"])
        for error in operations.get(method, {"errors": []})["errors"]
    }


def declared(operation: Operation) -> set[Error]:
    """The errors that an operation can send."""
    generic = (*GENERIC, *WITH_TOKEN, *WITH_INPUT, refusals.Forbidden, refusals.AnonymousNotAllowed)
    rows = [wire_error(refusal) for refusal in (*generic, *operation.refuses)]
    return {(row.status, row.code, row.subcode) for row in rows}


def never_sent(service: Service) -> dict[str, set[Call]]:
    """By error, the operations that document it and never send it."""
    resources = reference()
    missing: dict[Call, set[Error]] = {}
    for _, resource in service.routes:
        for method, responder in resource.responders.items():
            for call in ((name, method) for name in names_of(resource.rel, method)):
                found = documented(resources, call) - (declared(responder.operation) - IMPOSSIBLE.get(call, set()))
                # Several routes serve some resources: an error counts that any of them can send.
                missing[call] = missing.get(call, found) & found
    by_error: dict[str, set[Call]] = defaultdict(set)
    for call, errors in missing.items():
        for _, code, subcode in errors:
            by_error[f"{code}/{subcode}" if subcode else code].add(call)
    return dict(by_error)


def table(service: Service) -> str:
    """The table, as it stands on the page."""
    return _HEAD + "".join(
        f"| {error} | {_calls(calls)} | {WHY[error]} |\n" for error, calls in sorted(never_sent(service).items())
    )


def _calls(calls: set[Call]) -> str:
    """`every GET; POST of accept, cancel`."""
    parts = []
    for method in sorted({method for _, method in calls}):
        names = {name for name, each in calls if each == method}
        offered = {name for name, each in compliance.offered() if each == method}
        parts.append(f"every {method}" if names == offered else f"{method} of {', '.join(sorted(names))}")
    return "; ".join(parts)


def brought_up_to_date(page: str, service: Service) -> str:
    """The page with a new table."""
    return re.sub(re.escape(_HEAD) + r"(\|.*\n)*", lambda _: table(service), page)


if __name__ == "__main__":
    compliance.PATH.write_text(
        brought_up_to_date(compliance.PATH.read_text("utf-8"), Service(Config(), RealWorld())), "utf-8"
    )
