"""JSON Schemas of extensions: which are refused, what a check costs, and how faults are named."""

import json
from typing import Any

import pytest

from openucwa.meetings.json_schema import check_properties, check_schema
from openucwa.model.refusals import EntityTooLarge, ParameterValidationFailure
from openucwa.model.values import InvalidValue
from tests.work import at_most

WORK = 4_000_000


def refused(schema: Any) -> str:
    with pytest.raises(InvalidValue) as caught:
        check_schema(schema, WORK)
    return str(caught.value)


def faults(schema: Any, properties: Any, work: int = WORK) -> dict[str, str]:
    check_schema(schema, WORK)
    try:
        check_properties(json.dumps(schema).encode(), json.dumps(properties).encode(), work)
    except ParameterValidationFailure as invalid:
        return dict(invalid.parameters)
    return {}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (5, "not a JSON Schema"),
        ({"type": "text"}, "not a JSON Schema: at /type"),
        ({"properties": []}, "not a JSON Schema"),
        ({"pattern": "("}, "regex"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "$schema other than"),
        ({"$ref": "https://example.com/schema"}, "only references within"),
        ({"$ref": "file:///etc/passwd"}, "only references within"),
        ({"properties": {"a": {"$ref": "other.json"}}}, "only references within"),
        ({"$ref": "#/$defs/none"}, "does not exist"),
        ({"$ref": "#none"}, "does not exist"),
        ({"$dynamicRef": "#a"}, "$dynamicRef"),
        ({"unknown": {"$dynamicAnchor": "a"}, "$ref": "#/unknown"}, "$dynamicAnchor"),
        ({"properties": {"a": {"$id": "https://example.com/"}}}, "$id"),
        ({"$ref": "#"}, "refers to itself"),
        ({"properties": {"a": {"$ref": "#"}}}, "refers to itself"),
        ({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"not": {"$ref": "#/$defs/a"}}}}, "refers to itself"),
    ],
)
def test_schema_that_is_not_accepted_is_refused_with_the_reason(schema: Any, words: str) -> None:
    assert words in refused(schema)


@pytest.mark.parametrize("pattern", ["(?=a)b", "(?<!a)b", "(a)\\1", "(a{1000}){1000}"])
def test_pattern_that_needs_more_than_linear_time_is_refused(pattern: str) -> None:
    assert "regex" in refused({"pattern": pattern})
    assert "regex" in refused({"patternProperties": {pattern: True}})


@pytest.mark.parametrize("pattern", ["^.{1,1000}$", "(?=a)b", "("])
def test_refusal_of_a_pattern_says_what_it_may_be(pattern: str) -> None:
    why = refused({"properties": {"a": {"pattern": pattern}}})
    assert "at /properties/a/pattern" in why
    assert "look-around" in why
    assert "too large" in why


@pytest.mark.parametrize(
    "schema",
    [
        True,
        False,
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://example.com/agenda"},
        {"properties": {"a": {"$ref": "#/$defs/a"}, "b": {"$ref": "#a"}}, "$defs": {"a": {"$anchor": "a"}}},
        {"enum": [{"$ref": "https://example.com/"}]},
        {"properties": {"$ref": {"type": "string"}}},
        {"properties": {"a": {"pattern": "^(a+)+$", "format": "email"}}},
    ],
)
def test_schema_within_the_limits_is_accepted(schema: Any) -> None:
    check_schema(schema, WORK)


def test_catastrophic_pattern_is_matched_at_once() -> None:
    assert faults({"properties": {"a": {"pattern": "^(a+)+$"}}}, {"a": "a" * 60_000 + "b"}) != {}


def test_references_that_double_are_counted_and_refused() -> None:
    doubling = {f"a{n}": {"anyOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(30)}
    with at_most(100_000):
        assert "too complex" in refused({"$ref": "#/$defs/a0", "$defs": {**doubling, "a30": True}})


def test_long_chain_of_references_is_refused() -> None:
    chain = {f"a{n}": {"$ref": f"#/$defs/a{n + 1}"} for n in range(400)}
    assert "levels" in refused({"$ref": "#/$defs/a0", "$defs": {**chain, "a400": True}})


def test_check_that_would_cost_too_much_is_refused() -> None:
    schema = {"properties": {"a": {"items": {"enum": list(range(1_000))}}}}
    assert faults(schema, {"a": [5] * 100}) == {}
    with pytest.raises(EntityTooLarge):
        faults(schema, {"a": [5] * 20_000})


def test_long_integers_count_for_what_they_cost() -> None:
    schema = {"properties": {"a": {"items": {"multipleOf": 7}}}}
    assert faults(schema, {"a": [7 * 10**3_000]}) == {}
    with pytest.raises(EntityTooLarge):
        faults(schema, {"a": [7 * 10**3_000] * 20}, 1_000_000)


def test_integers_that_must_be_unique_count_for_what_they_cost() -> None:
    schema = {"properties": {"a": {"allOf": [{"uniqueItems": True}] * 20}}}
    with pytest.raises(EntityTooLarge):
        faults(schema, {"a": [10**300 + n for n in range(100)]})


@pytest.mark.parametrize(
    ("factor", "value"), [(5e-324, 1), (1e-300, 1), (0.001, 1.1e308), (5e-324, 1.1e308), (5e-324, 1e-7)]
)
def test_fractions_of_many_digits_count_for_what_they_cost(factor: float, value: float) -> None:
    schema = {"properties": {"a": {"items": {"allOf": [{"multipleOf": factor}] * 100}}}}
    with pytest.raises(EntityTooLarge):
        faults(schema, {"a": [value] * 400})


def test_ordinary_fractions_cost_no_more_than_other_numbers() -> None:
    schema = {"properties": {"a": {"items": {"allOf": [{"multipleOf": 0.5}] * 100}}}}
    assert faults(schema, {"a": [2.5, 1e6, 0.5, -19.5] * 1_000}) == {}


@pytest.mark.parametrize(("keyword", "inner"), [("unevaluatedProperties", "properties"), ("unevaluatedItems", "items")])
def test_unevaluated_keywords_at_many_levels_are_refused(keyword: str, inner: str) -> None:
    schema: Any = {keyword: False, "anyOf": [True]}
    for _ in range(16):
        schema = {keyword: False, "anyOf": [schema]}
    assert "too complex" in refused(schema)
    assert "too complex" in refused({inner: {"a": schema} if inner == "properties" else schema})


@pytest.mark.parametrize(
    ("schema", "properties", "named"),
    [
        ({"properties": {"seats": {"type": "integer"}}}, {"seats": "x"}, ["seats"]),
        ({"required": ["a", "b"]}, {"b": 1}, ["a"]),
        ({"properties": {"a": True}, "additionalProperties": False}, {"a": 1, "b": 2, "c": 3}, ["b", "c"]),
        ({"patternProperties": {"^x": True}, "unevaluatedProperties": False}, {"x": 1, "y": 2}, ["y"]),
        ({"properties": {"a": {"items": {"type": "string"}}}}, {"a": ["x", 1]}, ["a"]),
        ({"minProperties": 2}, {"a": 1}, ["properties"]),
        ({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, {}, ["properties"]),
        (False, {"a": 1}, ["properties"]),
        ({"properties": {"a": {"type": "string"}, "b": {"type": "string"}}}, {"a": 1, "b": 2}, ["a", "b"]),
    ],
)
def test_fault_is_named_by_its_property(schema: Any, properties: Any, named: list[str]) -> None:
    assert sorted(faults(schema, properties)) == named


def test_fault_in_an_array_names_the_item() -> None:
    assert faults({"properties": {"a": {"items": {"type": "string"}}}}, {"a": ["x", 1]})["a"].startswith("item 1: ")


def test_message_does_not_repeat_the_value() -> None:
    (why,) = faults({"properties": {"a": {"maxLength": 3}}}, {"a": "secret" * 1_000}).values()
    assert "secret" not in why
    assert "3 characters" in why


def test_integers_of_any_length_are_checked() -> None:
    schema = {"properties": {"a": {"type": "integer", "maximum": 10}}}
    assert faults(schema, {"a": 10**1_000}) != {}
    assert faults(schema, {"a": -(10**1_000)}) == {}
