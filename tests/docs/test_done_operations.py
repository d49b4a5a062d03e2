"""docs/compliance.md marks an operation as done only if a walk over a running server calls it with success, and
/openapi.json has a schema that its answers fit."""

import json
from collections.abc import Iterator

import jsonschema_rs
import pytest

from openucwa.api.openapi_resources import SHAPES, component_name
from tests.docs.called_operations import ELSEWHERE, POOL, CalledOperations, Json, visit
from tests.identity.directories.slapd import BASE, SEARCHER, SEARCHER_PASSWORD, DirectoryServer
from tests.needs import need_module
from tests.process.running import RunningServer
from tests.process.server import add_user
from tests.samples import compliance

REGION = '[{"name": "Denmark", "number": "tel:+4570000000"}]'


@pytest.fixture(scope="module")
def visits(tmp_path_factory: pytest.TempPathFactory) -> CalledOperations:
    """The walk over `openucwa serve`."""
    data = tmp_path_factory.mktemp("done") / "data"
    for address in ("lenea@contoso.com", "danab@contoso.com"):
        add_user(data, f"sip:{address}")
    add_user(data, f"sip:{ELSEWHERE}", "--pool", "north")
    need_module("ldap", "python-ldap")
    directory = DirectoryServer(tmp_path_factory.mktemp("slapd"))
    directory.start()
    table = {
        "url": directory.tls_url,
        "ca_file": directory.ca_file,
        "domains": "contoso.com",
        "base": BASE,
        "bind_dn": SEARCHER,
        "bind_password": SEARCHER_PASSWORD,
    }
    settings = {
        "OPENUCWA_DIAL_IN_REGIONS": REGION,
        "OPENUCWA_DIRECTORIES": json.dumps([table]),
        "OPENUCWA_POOLS": json.dumps([{"name": "north", "url": POOL}]),
    }
    try:
        with RunningServer(data, **settings) as server:
            return visit(server, "lenea@contoso.com", "danab@contoso.com")
    finally:
        directory.stop()


def test_every_done_operation_is_called_with_success(visits: CalledOperations) -> None:
    done = {operation for operation, state in compliance.operations().items() if state == "done"}
    assert done
    assert done - visits.seen == set()


def test_every_answer_fits_the_schema_of_its_rel(visits: CalledOperations) -> None:
    names = {rel: component_name(rel) for rel in SHAPES}
    names |= {shape.also: component_name(rel) for rel, shape in SHAPES.items() if shape.also}
    found: set[str] = set()
    faults: list[str] = []
    for schema, shown in visits.shown:
        if schema is not None and shown:
            validator = jsonschema_rs.Draft202012Validator({**schema, "components": visits.components})
            faults += [f"{shown.get('rel')}: {error}" for error in validator.iter_errors(shown)]
    for shown in resources([each for _, each in visits.shown]):
        if (name := names.get(shown["rel"])) is None:
            continue
        found.add(name)
        schema = {"$ref": f"#/components/schemas/{name}", "components": visits.components}
        validator = jsonschema_rs.Draft202012Validator(schema)
        faults += [f"{name}: {error}" for error in validator.iter_errors(shown)]
        described = visits.components["schemas"][name]["properties"]
        for part in ("_links", "_embedded"):
            listed = described.get(part, {}).get("properties", {})
            faults += [f"{name}: {part} {rel}" for rel in shown.get(part, {}) if rel not in listed]
        if not SHAPES[next(rel for rel in names if names[rel] == name)].custom:
            faults += [f"{name}: {each}" for each in shown if each not in described]
    assert faults == [], "\n".join(faults)
    assert len(found) > 25


def resources(part: object) -> Iterator[Json]:
    """All resources in answers, embedded ones and those of events too."""
    if isinstance(part, dict):
        if "rel" in part and "_links" in part:
            yield part
        for each in part.values():
            yield from resources(each)
    elif isinstance(part, list):
        for each in part:
            yield from resources(each)
