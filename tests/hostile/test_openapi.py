"""The API's description: a valid document, whole, and told by every server."""

import json
from pathlib import Path
from typing import Any

import pytest
import schemathesis

from openucwa.app import Service
from tests.hostile.requests import Request
from tests.hostile.stage import ask

MEETINGS = "/ucwa/v1/applications/{application_id}/onlineMeetings/myOnlineMeetings"
EXTENSIONS = f"{MEETINGS}/{{meeting_id}}/onlineMeetingExtensions"


@pytest.fixture
async def document(service: Service) -> dict[str, Any]:
    answer = await ask(service, Request("GET", "/openapi.json", headers=(("host", "a"),)))
    assert answer.header("content-type") == "application/json"
    description: dict[str, Any] = json.loads(answer.body)
    return description


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (path, method.upper()): description
        for path, item in document["paths"].items()
        for method, description in item.items()
        if method != "parameters"
    }


def test_description_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    schemathesis.openapi.from_dict(document).validate()


def test_every_route_and_every_operation_is_in_it(service: Service, document: dict[str, Any]) -> None:
    served = {(path, method) for path, resource in service.routes for method in resource.operations}
    assert set(operations(document)) == served


def test_tool_can_read_every_operation(document: dict[str, Any]) -> None:
    read = [str(found) for found in schemathesis.openapi.from_dict(document).get_all_operations()]
    assert len(read) == len(operations(document))
    assert not any("InvalidSchema" in each for each in read)


def test_every_operation_has_a_unique_id_and_a_summary(document: dict[str, Any]) -> None:
    description = operations(document).values()
    assert len({each["operationId"] for each in description}) == len(description)
    tags = {tag["name"]: tag["description"] for tag in document["tags"]}
    for each in description:
        assert each["operationId"].isidentifier()
        assert each["summary"].endswith(".")
        assert all(tags[tag] for tag in each["tags"])


def test_every_name_in_a_path_is_described(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        names = [parameter["name"] for parameter in item["parameters"]]
        assert [f"{{{name}}}" for name in names] == [each for each in path.split("/") if each.startswith("{")]
        assert all(parameter["description"] for parameter in item["parameters"])


def test_body_may_come_in_each_of_the_four_media_types(document: dict[str, Any]) -> None:
    description = operations(document)["/ucwa/v1/applications", "POST"]
    types = {
        f"application/{name}" for name in ("json", "xml", "vnd.microsoft.com.ucwa+json", "vnd.microsoft.com.ucwa+xml")
    }
    assert set(description["requestBody"]["content"]) == types
    assert set(description["responses"]["201"]["content"]) == types


def test_put_has_if_match_and_the_pass_through_property(document: dict[str, Any]) -> None:
    puts = [
        description
        for (path, method), description in operations(document).items()
        # A picture has neither, nor has what is no part of UCWA.
        if method == "PUT" and "application/json" in description["requestBody"]["content"] and "/openucwa/" not in path
    ]
    assert puts
    for description in puts:
        assert next(each for each in description["parameters"] if each["name"] == "If-Match")["required"]
        name = description["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        schema = document["components"]["schemas"][name]
        assert schema["properties"][schema["required"][-1]]["const"] == "please pass this in a PUT request"


def test_operations_that_require_a_token_say_so(document: dict[str, Any]) -> None:
    description = operations(document)
    assert description["/", "GET"]["security"] == []
    assert "401" not in description["/", "GET"]["responses"]
    meetings = description[MEETINGS, "POST"]
    assert meetings["security"] == [{"token": ["Meetings.ReadWrite"]}]
    assert "401" in meetings["responses"]


@pytest.mark.parametrize(
    ("path", "method", "statuses"),
    [
        ("/", "GET", "200 400 404 406 408 413 500 503"),
        ("/WebTicket/oauthtoken", "POST", "200 400 404 408 413 415 429 500 503"),
        (
            f"{EXTENSIONS}/{{extension_id}}",
            "PUT",
            "200 400 401 403 404 406 408 410 412 413 415 428 429 500 503",
        ),
    ],
)
def test_operation_lists_exactly_its_possible_answers(
    document: dict[str, Any], path: str, method: str, statuses: str
) -> None:
    assert " ".join(operations(document)[path, method]["responses"]) == statuses


def test_refusal_lists_its_codes_with_their_meanings(document: dict[str, Any]) -> None:
    description = operations(document)[EXTENSIONS, "POST"]["responses"]["409"]["$ref"].rpartition("/")[2]
    described = document["components"]["responses"][description]["description"]
    assert "`Conflict/AlreadyExists`: The id is taken." in described
    assert "`Conflict/TooManyGroups`: The meeting has the maximum number of extensions" in described


def test_description_reveals_nothing_about_the_machine(document: dict[str, Any]) -> None:
    assert str(Path(__file__).parents[2]) not in json.dumps(document)


def test_scopes_are_described_as_oauth_2(document: dict[str, Any]) -> None:
    flow = document["components"]["securitySchemes"]["token"]["flows"]["password"]
    assert flow["tokenUrl"].endswith("/WebTicket/oauthtoken")
    declared = [each for operation in operations(document).values() for each in operation["security"]]
    named = {scope for each in declared for scope in each["token"]}
    assert named == set(flow["scopes"])
