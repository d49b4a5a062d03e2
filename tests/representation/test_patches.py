"""JSON Merge Patch and JSON Patch: the examples of the RFCs, and what they leave to the reader."""

from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openucwa.model.refusals import (
    Conflict,
    DeserializationFailure,
    EntityTooLarge,
    ParameterValidationFailure,
    Refusal,
)
from openucwa.representation.patches import JSON_PATCH, MERGE_PATCH, PatchLimits, equal, read_patch

LIMITS = PatchLimits(operations=1_000, copied_bytes=65_536)


def patched(target: Any, patch: Any, media_type: str = JSON_PATCH, limits: PatchLimits = LIMITS) -> Any:
    return read_patch(media_type, patch, limits).apply(target)


# RFC 7396


@pytest.mark.parametrize(
    ("original", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_examples_of_rfc_7396_appendix_a_have_the_documented_result(original: Any, patch: Any, result: Any) -> None:
    assert patched(original, patch, MERGE_PATCH) == result


def test_example_of_rfc_7396_section_3_has_the_documented_result() -> None:
    original = {
        "title": "Goodbye!",
        "author": {"givenName": "John", "familyName": "Doe"},
        "tags": ["example", "sample"],
        "content": "This will be unchanged",
    }
    patch = {
        "title": "Hello!",
        "phoneNumber": "+01-123-456-7890",
        "author": {"familyName": None},
        "tags": ["example"],
    }
    assert patched(original, patch, MERGE_PATCH) == {
        "title": "Hello!",
        "author": {"givenName": "John"},
        "tags": ["example"],
        "content": "This will be unchanged",
        "phoneNumber": "+01-123-456-7890",
    }


# RFC 6902, appendix A

EXAMPLES: list[tuple[str, Any, Any, Any]] = [
    (
        "A.1 adding an object member",
        {"foo": "bar"},
        [{"op": "add", "path": "/baz", "value": "qux"}],
        {"baz": "qux", "foo": "bar"},
    ),
    (
        "A.2 adding an array element",
        {"foo": ["bar", "baz"]},
        [{"op": "add", "path": "/foo/1", "value": "qux"}],
        {"foo": ["bar", "qux", "baz"]},
    ),
    (
        "A.3 removing an object member",
        {"baz": "qux", "foo": "bar"},
        [{"op": "remove", "path": "/baz"}],
        {"foo": "bar"},
    ),
    (
        "A.4 removing an array element",
        {"foo": ["bar", "qux", "baz"]},
        [{"op": "remove", "path": "/foo/1"}],
        {"foo": ["bar", "baz"]},
    ),
    (
        "A.5 replacing a value",
        {"baz": "qux", "foo": "bar"},
        [{"op": "replace", "path": "/baz", "value": "boo"}],
        {"baz": "boo", "foo": "bar"},
    ),
    (
        "A.6 moving a value",
        {"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
        [{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}],
        {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}},
    ),
    (
        "A.7 moving an array element",
        {"foo": ["all", "grass", "cows", "eat"]},
        [{"op": "move", "from": "/foo/1", "path": "/foo/3"}],
        {"foo": ["all", "cows", "eat", "grass"]},
    ),
    (
        "A.8 testing a value: success",
        {"baz": "qux", "foo": ["a", 2, "c"]},
        [{"op": "test", "path": "/baz", "value": "qux"}, {"op": "test", "path": "/foo/1", "value": 2}],
        {"baz": "qux", "foo": ["a", 2, "c"]},
    ),
    ("A.9 testing a value: error", {"baz": "qux"}, [{"op": "test", "path": "/baz", "value": "bar"}], Conflict),
    (
        "A.10 adding a nested member object",
        {"foo": "bar"},
        [{"op": "add", "path": "/child", "value": {"grandchild": {}}}],
        {"foo": "bar", "child": {"grandchild": {}}},
    ),
    (
        "A.11 ignoring unrecognized elements",
        {"foo": "bar"},
        [{"op": "add", "path": "/baz", "value": "qux", "xyz": 123}],
        {"foo": "bar", "baz": "qux"},
    ),
    (
        "A.12 adding to a nonexistent target",
        {"foo": "bar"},
        [{"op": "add", "path": "/baz/bat", "value": "qux"}],
        Conflict,
    ),
    (
        "A.14 ~ escape ordering",
        {"/": 9, "~1": 10},
        [{"op": "test", "path": "/~01", "value": 10}],
        {"/": 9, "~1": 10},
    ),
    (
        "A.15 comparing strings and numbers",
        {"/": 9, "~1": 10},
        [{"op": "test", "path": "/~01", "value": "10"}],
        Conflict,
    ),
    (
        "A.16 adding an array value",
        {"foo": ["bar"]},
        [{"op": "add", "path": "/foo/-", "value": ["abc", "def"]}],
        {"foo": ["bar", ["abc", "def"]]},
    ),
]  # A.13 is a repeated member, which no JSON body may have; see tests/resources/test_patch.py


@pytest.mark.parametrize(
    ("target", "patch", "result"), [each[1:] for each in EXAMPLES], ids=[each[0] for each in EXAMPLES]
)
def test_examples_of_rfc_6902_appendix_a_have_the_documented_result(target: Any, patch: Any, result: Any) -> None:
    if result is Conflict:
        with pytest.raises(Conflict):
            patched(target, patch)
    else:
        assert patched(target, patch) == result


# What the examples leave open


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": 1}, [{"op": "add", "path": "/a", "value": 2}], {"a": 2}),
        ({"a": 1}, [{"op": "add", "path": "", "value": [1]}], [1]),
        ({"a": 1}, [{"op": "replace", "path": "", "value": 2}], 2),
        ({"": 1}, [{"op": "replace", "path": "/", "value": 2}], {"": 2}),
        ({"a": [1]}, [{"op": "add", "path": "/a/1", "value": 2}], {"a": [1, 2]}),
        ({"a": [1, 2]}, [{"op": "add", "path": "/a/0", "value": 0}], {"a": [0, 1, 2]}),
        ({"a": [1]}, [{"op": "copy", "from": "/a", "path": "/b"}], {"a": [1], "b": [1]}),
        ({"a": 1}, [{"op": "copy", "from": "", "path": "/b"}], {"a": 1, "b": {"a": 1}}),
        ({"a": 1}, [{"op": "move", "from": "/a", "path": "/a"}], {"a": 1}),
        ({"a": 1, "aa": 2}, [{"op": "move", "from": "/a", "path": "/aa"}], {"aa": 1}),
        ({"a": None}, [{"op": "test", "path": "/a", "value": None}], {"a": None}),
        ({"a": 1.0}, [{"op": "test", "path": "/a", "value": 1}], {"a": 1.0}),
        ({"a/b": 1, "c~d": 2}, [{"op": "remove", "path": "/a~1b"}, {"op": "remove", "path": "/c~0d"}], {}),
        ([[1]], [{"op": "copy", "from": "/0", "path": "/1"}, {"op": "add", "path": "/1/-", "value": 2}], [[1], [1, 2]]),
        ({"1": 1}, [{"op": "replace", "path": "/1", "value": 2}], {"1": 2}),
        ({}, [], {}),
    ],
)  # fmt: skip
def test_patch_is_applied_as_the_rfc_says(target: Any, patch: Any, result: Any) -> None:
    assert patched(target, patch) == result


@pytest.mark.parametrize(
    ("target", "operation"),
    [
        ({"a": True}, {"op": "test", "path": "/a", "value": 1}),
        ({"a": 0}, {"op": "test", "path": "/a", "value": False}),
        ({"a": [1, 2]}, {"op": "test", "path": "/a", "value": [2, 1]}),
        ({"a": [True]}, {"op": "test", "path": "/a", "value": [1]}),
        ({"a": {"b": 1}}, {"op": "test", "path": "/a", "value": {"b": True}}),
        ({"a": {"b": 1}}, {"op": "test", "path": "/a", "value": {}}),
        ({"a": "1"}, {"op": "test", "path": "/a/0", "value": "1"}),
        ({}, {"op": "test", "path": "/a", "value": None}),
        ({}, {"op": "remove", "path": "/a"}),
        ({}, {"op": "replace", "path": "/a", "value": 1}),
        ({}, {"op": "move", "from": "/a", "path": "/b"}),
        ({}, {"op": "copy", "from": "/a", "path": "/b"}),
        ({"a": [1]}, {"op": "add", "path": "/a/2", "value": 1}),
        ({"a": [1]}, {"op": "add", "path": "/a/01", "value": 1}),
        ({"a": [1]}, {"op": "add", "path": "/a/+1", "value": 1}),
        ({"a": [1]}, {"op": "add", "path": "/a/٠", "value": 1}),
        ({"a": [1]}, {"op": "add", "path": "/a/" + "9" * 100_000, "value": 1}),
        ({"a": [1]}, {"op": "remove", "path": "/a/-"}),
        ({"a": [1]}, {"op": "remove", "path": "/a/-1"}),
        ({"a": [1]}, {"op": "replace", "path": "/a/1", "value": 1}),
        ({"a": [1]}, {"op": "test", "path": "/a/-", "value": 1}),
        ({"a": "b"}, {"op": "add", "path": "/a/0", "value": 1}),
        ({"a": None}, {"op": "remove", "path": "/a/b"}),
        ({"a": 1}, {"op": "replace", "path": "/a/b", "value": 1}),
        ({"a": 1}, {"op": "move", "from": "/a/b", "path": "/c"}),
    ],
)
def test_patch_that_does_not_fit_the_target_is_a_conflict(target: Any, operation: Any) -> None:
    with pytest.raises(Conflict, match=f"operation 0 .{operation['op']} "):
        patched(target, [operation])


@pytest.mark.parametrize(
    ("operation", "member"),
    [
        ("add", ""),
        ({}, "/op"),
        ({"op": "Add", "path": ""}, "/op"),
        ({"op": ["add"], "path": ""}, "/op"),
        ({"op": "add", "value": 1}, "/path"),
        ({"op": "add", "path": None, "value": 1}, "/path"),
        ({"op": "add", "path": "a", "value": 1}, "/path"),
        ({"op": "add", "path": "/~2", "value": 1}, "/path"),
        ({"op": "add", "path": "/~", "value": 1}, "/path"),
        ({"op": "add", "path": "/a"}, "/value"),
        ({"op": "test", "path": "/a"}, "/value"),
        ({"op": "replace", "path": "/a"}, "/value"),
        ({"op": "copy", "path": "/a"}, "/from"),
        ({"op": "move", "path": "/a", "from": 1}, "/from"),
        ({"op": "move", "path": "/a/b", "from": "/a"}, "/from"),
        ({"op": "move", "path": "/a", "from": ""}, "/from"),
    ],
)
def test_malformed_operation_is_refused_by_its_pointer(operation: Any, member: str) -> None:
    with pytest.raises(ParameterValidationFailure) as caught:
        read_patch(JSON_PATCH, [{"op": "remove", "path": "/a"}, operation], LIMITS)
    assert list(caught.value.parameters) == [f"/1{member}"]


@pytest.mark.parametrize("body", [{}, None, "add", 1, {"op": "remove", "path": "/a"}])
def test_json_patch_must_be_an_array(body: Any) -> None:
    with pytest.raises(DeserializationFailure):
        read_patch(JSON_PATCH, body, LIMITS)


@pytest.mark.parametrize("operation", ["add", "replace"])
def test_patch_can_be_applied_again(operation: str) -> None:
    patch = read_patch(
        JSON_PATCH, [{"op": operation, "path": "/a", "value": []}, {"op": "add", "path": "/a/-", "value": 1}], LIMITS
    )
    assert patch.apply({"a": 0}) == {"a": [1]}
    assert patch.apply({"a": 0}) == {"a": [1]}


# Limits


def test_patch_with_too_many_operations_is_refused() -> None:
    operations = [{"op": "test", "path": "", "value": {}}] * 11
    limits = PatchLimits(operations=10, copied_bytes=0)
    assert patched({}, operations[:10], limits=limits) == {}
    with pytest.raises(EntityTooLarge):
        read_patch(JSON_PATCH, operations, limits)


def test_doubling_by_copies_ends_at_the_limit() -> None:
    doubling = [{"op": "copy", "from": "", "path": f"/{number}"} for number in range(1_000)]
    with pytest.raises(EntityTooLarge):
        patched({"a": "x" * 100}, doubling)


def test_copies_of_a_large_text_end_at_the_limit() -> None:
    copies = [{"op": "copy", "from": "/a", "path": f"/{number}"} for number in range(7)]
    assert len(patched({"a": "x" * 10_000}, copies[:6])) == 7
    with pytest.raises(EntityTooLarge):
        patched({"a": "x" * 10_000}, copies)


def test_value_that_moves_nested_too_deep_cannot_be_copied() -> None:
    deeper = [
        operation
        for number in range(400)
        for operation in (
            {"op": "add", "path": f"/{number + 1}", "value": {}},
            {"op": "move", "from": f"/{number}", "path": f"/{number + 1}/in"},
        )
    ]
    with pytest.raises(EntityTooLarge):
        patched({"0": {}}, [*deeper, {"op": "copy", "from": "/400", "path": "/x"}])


# Properties

_scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3)
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)
_pointers = st.lists(st.sampled_from(["a", "b", "0", "1", "-", "~0", "~1", ""]), max_size=3).map(
    lambda tokens: "".join(f"/{token}" for token in tokens)
)
_patches = st.lists(
    st.fixed_dictionaries(
        {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]), "path": _pointers},
        optional={"value": _values, "from": _pointers},
    ),
    max_size=6,
)


@given(_values)
def test_value_equals_itself_only(value: Any) -> None:
    assert equal(value, value)
    assert not equal(value, [value])


@given(_values, _values)
def test_merging_the_result_again_changes_nothing(target: Any, patch: Any) -> None:
    once = patched(target, patch, MERGE_PATCH)
    assert equal(patched(deepcopy(once), patch, MERGE_PATCH), once)


@given(_values, _patches)
def test_any_patch_is_applied_or_refused(target: Any, patch: Any) -> None:
    with suppress(Refusal):
        patched(target, patch)
