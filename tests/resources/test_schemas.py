"""openucwa:schemas: JSON Schemas that extensions have to fit, by their id."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from openucwa.config_options import ConfigError
from tests.client import JSON_PATCH, UcwaClient, extensions_of, if_match, self_of
from tests.resources.conftest import SignedIn
from tests.resources.messages import assert_invalid, assert_refused, xml_of

Resource = dict[str, Any]

SCHEMA_JSON = {"Content-Type": "application/schema+json"}
AGENDA: Resource = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "properties": {"seats": {"type": "integer", "minimum": 1}, "remark": {"type": "string", "maxLength": 20}},
    "required": ["seats"],
    "additionalProperties": False,
}


@pytest.fixture
def href(lene: UcwaClient) -> str:
    return f"{lene.app}/openucwa/schemas/agenda"


async def put(client: UcwaClient, href: str, schema: Any = AGENDA, **headers: str) -> httpx.Response:
    content = json.dumps(schema).encode()
    return await client.put(href, content=content, headers={**SCHEMA_JSON, **headers})


async def schema_of(client: UcwaClient, extension: Resource) -> str | None:
    """Where the extension's Link header leads."""
    for link in (await client.get(self_of(extension))).headers.get_list("Link"):
        if 'rel="openucwa:schema"' in link:
            return link.partition(">")[0][1:]
    return None


# Setting


async def test_index_leads_to_the_schemas(lene: UcwaClient, href: str) -> None:
    index = (await lene.get(f"{lene.app}/openucwa")).json()
    assert href.startswith(index["_links"]["openucwa:schemas"]["href"])


async def test_schema_is_read_as_set(lene: UcwaClient, href: str) -> None:
    answer = await put(lene, href)
    assert answer.status_code == 201
    assert answer.headers["Location"] == href
    assert answer.json()["version"] == 1
    read = await lene.get(href, headers={"Accept": "*/*"})
    assert read.headers["Content-Type"].startswith("application/schema+json")
    assert read.json() == AGENDA
    assert read.headers["ETag"] == answer.headers["ETag"]
    again = await put(lene, href, True)
    assert (again.status_code, again.json()["version"]) == (200, 2)
    assert (await lene.get(href, headers={"Accept": "application/json"})).json() is True


async def test_schemas_are_listed(lene: UcwaClient, href: str) -> None:
    await put(lene, href)
    await put(lene, f"{lene.app}/openucwa/schemas/a%2Fb")
    shown = (await lene.get(f"{lene.app}/openucwa/schemas")).json()
    schemas = shown["_embedded"]["openucwa:schema"]
    assert [(each["extensionId"], each["source"]) for each in schemas] == [("a/b", "user"), ("agenda", "user")]
    assert self_of(schemas[0]) == f"{lene.app}/openucwa/schemas/a%2Fb"
    answer = await lene.get(f"{lene.app}/openucwa/schemas", headers={"Accept": "application/xml"})
    assert xml_of(answer).get("rel") == "openucwa:schemas"


async def test_schema_that_is_not_accepted_is_refused(lene: UcwaClient, href: str) -> None:
    for schema in ({"type": "text"}, {"$ref": "https://example.com/"}, {"pattern": "(?=a)"}, 5):
        assert_invalid(await put(lene, href, schema), "schema")
    answer = await lene.put(href, content=b"{", headers=SCHEMA_JSON)
    assert_refused(answer, 400, "BadRequest", "DeserializationFailure")
    answer = await lene.put(href, content=b"<a/>", headers={"Content-Type": "application/xml"})
    assert_refused(answer, 415, "UnsupportedMediaType")
    assert_refused(await lene.get(href), 404, "NotFound", "ResourceNotFound")


async def test_conditions_protect_a_schema(lene: UcwaClient, href: str) -> None:
    assert_refused(await put(lene, href, **{"If-Match": '"1"'}), 412, "PreconditionFailed")
    first = (await put(lene, href)).headers["ETag"]
    assert (await put(lene, href, True, **{"If-Match": first})).status_code == 200
    assert_refused(await put(lene, href, **{"If-Match": first}), 412, "PreconditionFailed")
    assert_refused(await put(lene, href, **{"If-None-Match": "*"}), 412, "PreconditionFailed")
    assert_refused(await lene.delete(href, headers={"If-Match": first}), 412, "PreconditionFailed")


async def test_versions_are_kept(lene: UcwaClient, href: str) -> None:
    await put(lene, href)
    await put(lene, href, True)
    await lene.delete(href)
    shown = (await lene.get(f"{href}/versions")).json()
    versions = shown["_embedded"]["openucwa:schemaVersion"]
    assert [(each["version"], each["removed"]) for each in versions] == [(3, True), (2, False), (1, False)]
    assert (await lene.get(self_of(versions[2]), headers={"Accept": "*/*"})).json() == AGENDA
    assert_refused(await lene.get(self_of(versions[0])), 404, "NotFound", "ResourceNotFound")


async def test_limits_of_schemas_hold(signed_in: SignedIn) -> None:
    client = await signed_in(max_schemas=1, max_schema_bytes=100, max_schema_versions=2)
    href = f"{client.app}/openucwa/schemas"
    for _ in range(3):
        assert (await put(client, f"{href}/a", True)).status_code in {200, 201}
    versions = (await client.get(f"{href}/a/versions")).json()["_embedded"]["openucwa:schemaVersion"]
    assert [each["version"] for each in versions] == [3, 2]
    assert_refused(await put(client, f"{href}/b", True), 409, "Conflict", "LimitExceeded")
    assert_refused(await put(client, f"{href}/a", {"title": "x" * 100}), 413, "EntityTooLarge")
    await client.delete(f"{href}/a")
    assert (await put(client, f"{href}/b", True)).status_code == 201


async def test_schemas_are_each_users_own(lene: UcwaClient, dana: UcwaClient, href: str) -> None:
    await put(lene, href)
    assert_refused(await dana.get(f"{dana.app}/openucwa/schemas/agenda"), 404, "NotFound", "ResourceNotFound")
    assert (await dana.extend(await dana.schedule(), id="agenda", seats="many"))["seats"] == "many"


# Checking


async def test_every_way_of_writing_is_checked(lene: UcwaClient, meeting: Resource, href: str) -> None:
    await put(lene, href)
    collection = extensions_of(meeting)
    assert_invalid(await lene.post(collection, json={"id": "agenda", "seats": 0}), "seats")
    assert_invalid(await lene.post(collection, json={"id": "agenda", "colour": "red"}), "seats", "colour")
    agenda = await lene.extend(meeting, id="agenda", seats=12)
    assert_invalid(await lene.replace(agenda, seats="x"), "seats")
    assert_invalid(await lene.patch(self_of(agenda), {"seats": None}), "seats")
    operation = {"op": "add", "path": "/remark", "value": "x" * 21}
    assert_invalid(await lene.patch(self_of(agenda), [operation], JSON_PATCH), "remark")
    changes = [
        {"operation": "patch", "id": "agenda", "patch": {"seats": 0}},
        {"operation": "replace", "id": "other", "properties": {}},
    ]
    answer = await lene.post(f"{self_of(meeting)}/changeSet", json={"changes": changes})
    assert_invalid(answer, "/changes/0/patch")
    changes[0] = {"operation": "replace", "id": "agenda", "properties": {"seats": 0}}
    answer = await lene.post(f"{self_of(meeting)}/changeSet", json={"changes": changes})
    assert_invalid(answer, "/changes/0/properties/seats")
    assert (await lene.get(self_of(agenda))).json() == agenda


async def test_what_fits_is_stored(lene: UcwaClient, meeting: Resource, href: str) -> None:
    await put(lene, href)
    agenda = await lene.extend(meeting, id="agenda", seats=12)
    assert (await lene.replace(agenda, seats=13, remark="a")).status_code == 200
    assert (await lene.patch(self_of(agenda), {"seats": 14})).status_code == 200
    await lene.extend(meeting, id="other", seats="any")


async def test_restored_version_is_checked(lene: UcwaClient, meeting: Resource, href: str) -> None:
    agenda = await lene.extend(meeting, id="agenda", seats="many")
    await lene.patch(self_of(agenda), {"seats": 5})
    await put(lene, href)
    versions = (await lene.get(f"{self_of(agenda)}/versions")).json()["_embedded"]["openucwa:version"]
    assert_invalid(await lene.post(f"{self_of(versions[-1])}/restore"), "seats")


async def test_dates_are_checked_as_json_shows_them(lene: UcwaClient, meeting: Resource, href: str) -> None:
    await put(lene, href, {"properties": {"doors": {"type": "string", "pattern": r"^/Date\(-?[0-9]+\)/$"}}})
    await lene.extend(meeting, id="agenda", doors="/Date(1894696200000)/")
    answer = await lene.post(extensions_of(await lene.schedule()), json={"id": "agenda", "doors": "tomorrow"})
    assert_invalid(answer, "doors")


async def test_xml_is_checked_as_well(lene: UcwaClient, meeting: Resource, href: str) -> None:
    await put(lene, href)
    body = (
        '<input xmlns="http://schemas.microsoft.com/rtc/2012/03/ucwa"><property name="id">agenda</property>'
        '<property name="seats">12</property></input>'
    )
    answer = await lene.post(extensions_of(meeting), content=body, headers={"Content-Type": "application/xml"})
    assert_invalid(answer, "seats")


async def test_removed_schema_is_checked_no_longer(lene: UcwaClient, meeting: Resource, href: str) -> None:
    await put(lene, href)
    assert (await lene.delete(href)).status_code == 204
    await lene.extend(meeting, id="agenda", seats="many")
    assert_refused(await lene.delete(href), 404, "NotFound", "ResourceNotFound")


# What is stored


async def test_extension_links_to_the_version_of_its_schema(lene: UcwaClient, meeting: Resource, href: str) -> None:
    agenda = await lene.extend(meeting, id="agenda", seats=12)
    assert await schema_of(lene, agenda) is None
    await put(lene, href)
    assert await schema_of(lene, agenda) == f"{href}/versions/1"
    await put(lene, href, True)
    assert await schema_of(lene, agenda) == f"{href}/versions/2"
    await lene.delete(href)
    assert await schema_of(lene, agenda) is None


async def test_stored_extensions_that_do_not_fit_are_reported_and_stay(
    lene: UcwaClient, meeting: Resource, href: str
) -> None:
    agenda = await lene.extend(meeting, id="agenda", seats="many")
    await lene.extend(await lene.schedule(), id="agenda", seats=12)
    await put(lene, href)
    report = (await lene.get(f"{href}/violations")).json()
    (violation,) = report["_embedded"]["openucwa:violation"]
    assert (report["checked"], report["version"]) == (2, 1)
    assert violation["onlineMeetingId"] == meeting["onlineMeetingId"]
    assert violation["violations"][0].startswith("seats: ")
    assert violation["_links"]["onlineMeetingExtension"]["href"] == self_of(agenda)
    assert (await lene.get(self_of(agenda))).json() == agenda
    assert (await lene.delete(self_of(agenda), headers=if_match(agenda))).status_code == 204


async def test_report_has_pages(lene: UcwaClient, href: str) -> None:
    for _ in range(101):
        await lene.extend(await lene.schedule(), id="agenda")
    await put(lene, href)
    first = (await lene.get(f"{href}/violations")).json()
    second = (await lene.get(first["_links"]["next"]["href"])).json()
    assert (first["checked"], second["checked"]) == (100, 1)
    assert "next" not in second["_links"]
    found = [each["onlineMeetingId"] for page in (first, second) for each in page["_embedded"]["openucwa:violation"]]
    assert len(set(found)) == 101


# The server's


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "schemas"
    folder.mkdir()
    (folder / "agenda.json").write_text(json.dumps(AGENDA), "utf-8")
    (folder / "README.txt").write_text("no schema", "utf-8")
    return folder


async def test_schemas_of_the_server_are_for_everybody(signed_in: SignedIn, folder: Path) -> None:
    client = await signed_in(schemas=str(folder))
    meeting = await client.schedule()
    href = f"{client.app}/openucwa/schemas/agenda"
    assert_invalid(await client.post(extensions_of(meeting), json={"id": "agenda", "seats": 0}), "seats")
    agenda = await client.extend(meeting, id="agenda", seats=12)
    assert await schema_of(client, agenda) == href
    assert (await client.get(href, headers={"Accept": "*/*"})).json() == AGENDA
    (shown,) = (await client.get(f"{client.app}/openucwa/schemas")).json()["_embedded"]["openucwa:schema"]
    assert (shown["extensionId"], shown["source"]) == ("agenda", "server")
    assert_refused(await client.delete(href), 404, "NotFound", "ResourceNotFound")


async def test_schemas_of_server_and_user_hold_both(signed_in: SignedIn, folder: Path) -> None:
    client = await signed_in(schemas=str(folder))
    href = f"{client.app}/openucwa/schemas/agenda"
    assert (await put(client, href, {"properties": {"seats": {"maximum": 20}}})).status_code == 201
    meeting = await client.schedule()
    for seats in (0, 21):
        assert_invalid(await client.post(extensions_of(meeting), json={"id": "agenda", "seats": seats}), "seats")
    agenda = await client.extend(meeting, id="agenda", seats=20)
    assert await schema_of(client, agenda) == f"{href}/versions/1"


@pytest.mark.parametrize("content", ["{", '{"type": "text"}', '{"$ref": "https://example.com/"}'])
async def test_faulty_schema_of_the_server_is_named_at_start(signed_in: SignedIn, folder: Path, content: str) -> None:
    (folder / "notes.json").write_text(content, "utf-8")
    with pytest.raises(ConfigError, match=r"notes\.json"):
        await signed_in(schemas=str(folder))


async def test_missing_folder_is_named_at_start(signed_in: SignedIn, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"schemas: .*nowhere"):
        await signed_in(schemas=str(tmp_path / "nowhere"))
