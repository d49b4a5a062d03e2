"""The description of the API, as far as it says what each operation is, and as generators of clients need it."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from openucwa.api.openapi_examples import EXAMPLES
from openucwa.app import Service
from openucwa.representation.parameters import read
from tests.client import UcwaClient, extensions_of, self_of
from tests.conftest import Connect

SCHEMAS = "#/components/schemas/"


@pytest.fixture
async def described(service: Service, connect: Connect) -> dict[str, Any]:
    found: dict[str, Any] = (await connect(service).get("/openapi.json")).json()
    return found


def inside(part: Any) -> Iterator[dict[str, Any]]:
    """All objects in a part of the description."""
    if isinstance(part, dict):
        yield part
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from inside(each)


async def test_every_operation_has_a_summary_of_its_own(described: dict[str, Any]) -> None:
    summaries = Counter(
        operation["summary"]
        for path in described["paths"].values()
        for method, operation in path.items()
        if method != "parameters"
    )
    assert [summary for summary, times in summaries.items() if times > 1] == []


async def test_no_summary_contains_a_placeholder(described: dict[str, Any]) -> None:
    assert "{rel}" not in json.dumps(described)


async def test_every_reference_leads_somewhere(described: dict[str, Any]) -> None:
    schemas = {SCHEMAS + name for name in described["components"]["schemas"]}
    named = {each["$ref"] for each in inside(described) if isinstance(each.get("$ref"), str)}
    assert {each for each in named if each.startswith(SCHEMAS)} <= schemas


async def test_enums_are_named_and_there_once(described: dict[str, Any]) -> None:
    assert [each for each in inside(described["paths"]) if "enum" in each] == []
    enums = [tuple(each["enum"]) for each in described["components"]["schemas"].values() if "enum" in each]
    assert len(enums) > 10
    assert len(set(enums)) == len(enums)


async def test_bodies_are_named_after_their_resource_and_there_once(described: dict[str, Any]) -> None:
    schemas = described["components"]["schemas"]
    assert [name for name in schemas if name[-1].isdigit()] == []
    inputs = [json.dumps(schema) for name, schema in schemas.items() if name.endswith("Input")]
    assert len(inputs) > 10
    assert len(set(inputs)) == len(inputs)


async def test_input_of_a_post_is_not_described_as_query_too(described: dict[str, Any]) -> None:
    meetings = described["paths"]["/ucwa/v1/applications/{application_id}/onlineMeetings/myOnlineMeetings"]["post"]
    assert [each["name"] for each in meetings["parameters"] if each["in"] == "query"] == []


async def test_server_and_reference_are_named(described: dict[str, Any]) -> None:
    assert described["servers"] == [{"url": "https://ucwa.example.com"}]
    pages = {tag["name"]: tag.get("externalDocs", {}).get("url", "") for tag in described["tags"]}
    assert pages["myOnlineMeeting"] == "https://learn.microsoft.com/en-us/skype-sdk/ucwa/myonlinemeeting_ref"
    assert pages["openucwa:lobby"] == ""


async def test_shortest_path_has_the_plain_operation_id(described: dict[str, Any]) -> None:
    meeting = "/ucwa/v1/applications/{application_id}/onlineMeetings/myOnlineMeetings/{meeting_id}"
    found = described["paths"][f"{meeting}/onlineMeetingExtensions"]["get"]["operationId"]
    assert found == "getOnlineMeetingExtensions"


async def test_bodies_that_are_no_resource_are_texts(described: dict[str, Any]) -> None:
    application = "/ucwa/v1/applications/{application_id}"
    batch = described["paths"][f"{application}/batch"]["post"]
    assert batch["requestBody"]["content"]["multipart/batching"]["schema"]["type"] == "string"
    assert batch["responses"]["200"]["content"]["multipart/batching"]["schema"]["type"] == "string"
    messages = f"{application}/communication/conversations/{{conversation}}/messaging/messages"
    sending = described["paths"][messages]["post"]["requestBody"]["content"]
    assert {kind: header["schema"]["type"] for kind, header in sending.items()} == {
        "text/plain": "string",
        "text/html": "string",
    }


def bodies_of(described: dict[str, Any]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """The operations with a body of properties: path, method, rel and the schema of the body."""
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}) if method != "parameters" else {}
            if (name := content.get("application/json", {}).get("schema", {}).get("$ref")) is not None:
                (rel,) = operation["tags"]
                yield path, method.upper(), rel, described["components"]["schemas"][name.removeprefix(SCHEMAS)]


async def test_every_body_with_properties_has_an_example(described: dict[str, Any]) -> None:
    for path, method, rel, schema in bodies_of(described):
        if schema["properties"]:
            (example,) = schema["examples"]
            assert EXAMPLES[rel, method].items() <= example.items(), path
    assert EXAMPLES.keys() <= {(rel, method) for _, method, rel, _ in bodies_of(described)}


async def test_every_example_is_what_its_operation_takes(service: Service) -> None:
    for _, resource in service.routes:
        for method, responder in resource.responders.items():
            if (example := EXAMPLES.get((resource.rel, method))) is not None:
                taken = read(responder.operation.takes or (), example)
                assert responder.operation.additional_properties or taken.keys() == example.keys()


#: Examples with ids or passwords that nobody has.
OF_OTHERS = {
    "addToContactList",
    "joinOnlineMeeting",
    "openucwa:password",
    "openucwa:signOut",  # of the test itself
    "presenceSubscription",
    "presenceSubscriptionMemberships",
    "removeFromContactList",
}


def last(href: str) -> str:
    return href.rpartition("/")[2]


async def test_examples_work_as_they_stand(lene: UcwaClient, described: dict[str, Any]) -> None:
    available = await lene.post(f"{lene.app}/me/makeMeAvailable", json=EXAMPLES["makeMeAvailable", "POST"])
    assert available.status_code == 204
    sent = {("makeMeAvailable", "POST")}  # the first, which others need
    group = (await lene.post(f"{lene.app}/people/groups", json={"displayName": "Others"})).headers["Location"]
    webhooks = f"{lene.app}/openucwa/webhooks"
    webhook = (await lene.post(webhooks, json=EXAMPLES["openucwa:webhooks", "POST"])).headers["Location"]
    ids = {"{address}": "danab@contoso.com", "{group}": last(group), "{webhook_id}": last(webhook)}
    for path, method, rel, schema in bodies_of(described):
        href = path.replace("/ucwa/v1/applications/{application_id}", lene.app)
        for name, value in ids.items():
            href = href.replace(name, value)
        if "{meeting_id}" in href:
            meeting = await lene.schedule()
            href = href.replace("{meeting_id}", meeting["onlineMeetingId"])
        if "{extension_id}" in href:
            href = href.replace("{extension_id}", "agenda")
            await lene.post(extensions_of(meeting), json=EXAMPLES["onlineMeetingExtensions", "POST"])
        if "{" in href or rel in OF_OTHERS or "examples" not in schema or (rel, method) in sent:
            continue
        (example,) = schema["examples"]
        headers = {"If-Match": (await lene.get(href)).headers["ETag"]} if method == "PUT" else {}
        answer = await lene.request(method, href, json=example, headers=headers)
        assert answer.status_code in {200, 201, 204}, (method, path, answer.text)
        sent.add((rel, method))
    unsent = {rel for rel, _ in EXAMPLES.keys() - sent}
    assert unsent - OF_OTHERS == {"addMessaging", "addParticipant", "continueMessaging", "decline"}


async def test_xml_example_works_as_it_stands(lene: UcwaClient, described: dict[str, Any]) -> None:
    (example,) = described["components"]["schemas"]["XmlInput"]["examples"]
    scheduled = await lene.post(lene.meetings, content=example, headers={"Content-Type": "application/xml"})
    assert scheduled.status_code == 201
    assert scheduled.json()["subject"] == "Standup"


async def test_example_of_a_batch_works_as_it_stands(lene: UcwaClient, described: dict[str, Any]) -> None:
    application = "/ucwa/v1/applications/{application_id}"
    content = described["paths"][f"{application}/batch"]["post"]["requestBody"]["content"]["multipart/batching"]
    (example,) = content["schema"]["examples"]
    batch = example.replace("/ucwa/v1/applications/103", lene.app)
    headers = {"Content-Type": "multipart/batching; boundary=b"}
    answer = await lene.post(f"{lene.app}/batch", content=batch, headers=headers)
    assert answer.status_code == 200
    assert "HTTP/1.1 200 OK" in answer.text


async def test_schema_of_a_resource_is_that_of_its_answers(lene: UcwaClient, described: dict[str, Any]) -> None:
    meeting = await lene.schedule()
    path = "/ucwa/v1/applications/{application_id}/onlineMeetings/myOnlineMeetings/{meeting_id}"
    content = described["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
    schema = described["components"]["schemas"][content["schema"]["$ref"].removeprefix(SCHEMAS)]
    shown = (await lene.get(self_of(meeting))).json()
    assert shown.keys() == schema["properties"].keys()
