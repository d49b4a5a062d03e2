"""The official test suite of JSON Schema 2020-12, by the same check as extensions."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from openucwa.meetings.json_schema import check_properties, check_schema
from openucwa.model.refusals import ParameterValidationFailure
from openucwa.model.values import InvalidValue

SUITE = Path(__file__).with_name("json_schema_suite")
WORK = 4_000_000


def groups() -> Iterator[Any]:
    for file in sorted(SUITE.glob("*.json")):
        for group in json.loads(file.read_text("utf-8")):
            yield pytest.param(group["schema"], group["tests"], id=f"{file.stem}: {group['description']}")


GROUPS = list(groups())


def accepted(schema: Any) -> bool:
    try:
        check_schema(schema, WORK)
    except InvalidValue:
        return False
    return True


@pytest.mark.parametrize(("schema", "tests"), [each for each in GROUPS if accepted(each.values[0])])
def test_accepted_schema_decides_as_the_suite_says(schema: Any, tests: list[dict[str, Any]]) -> None:
    for test in tests:
        try:
            check_properties(json.dumps(schema).encode(), json.dumps(test["data"]).encode(), WORK)
            valid = True
        except ParameterValidationFailure:
            valid = False
        assert valid == test["valid"], test["description"]


def test_only_schemas_with_refused_features_are_left_out() -> None:
    refused = {each.id: str(_refusal(each.values[0])) for each in GROUPS if not accepted(each.values[0])}
    reasons = ("$id or $schema", "refers to itself", "only references within", "$schema other", "not supported")
    assert [name for name, why in refused.items() if not any(reason in why for reason in reasons)] == []
    assert len(refused) < len(GROUPS) / 8


def _refusal(schema: Any) -> InvalidValue:
    with pytest.raises(InvalidValue) as caught:
        check_schema(schema, WORK)
    return caught.value
