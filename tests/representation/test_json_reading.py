"""Which JSON bodies are read, and what the others are told."""

from contextlib import suppress

import pytest

from openucwa.model.refusals import DeserializationFailure, ParameterValidationFailure
from openucwa.representation import json
from openucwa.representation.bodies import encoding_of, text_of
from openucwa.representation.limits import StructureLimits
from tests.work import at_most

LIMITS = StructureLimits()
MEBIBYTE = 1_048_576


def read(body: bytes) -> dict[str, object]:
    """As a body without a charset is read."""
    return json.read(text_of(body, encoding_of(body, None, "json")), LIMITS)


def test_object_is_read_as_it_is() -> None:
    body = b' {"a": "x", "b": [1, 2.5, true, null], "c": {"d": {}}, "e": -0.0} '
    assert read(body) == {"a": "x", "b": [1, 2.5, True, None], "c": {"d": {}}, "e": -0.0}


def test_byte_order_mark_is_tolerated() -> None:
    assert read(b'\xef\xbb\xbf{"a":1}') == {"a": 1}


def test_escaped_pairs_of_surrogates_are_characters() -> None:
    assert read(b'{"a":"\\ud83c\\udf89"}') == {"a": "🎉"}


def test_integers_of_4000_digits_keep_every_digit() -> None:
    digits = "1234567890" * 400
    assert read(f'{{"a":{digits},"b":[-{digits}]}}'.encode()) == {"a": int(digits), "b": [-int(digits)]}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "line 1, column 1"),
        (b'{"a":1,\n"b":}', "line 2, column 5"),
        (b'{"UserAgent":"x","Culture":"en-US",}', "column 3[56]"),  # from Python 3.13 on, that of the comma
        (b"{'a':1}", "not JSON"),
        (b'{"a":1} x', "Extra data"),
        (b'{"a":01}', "not JSON"),
        (b'{"a":"\x01"}', "control character"),
        (b'{"a":NaN}', "NaN"),
        (b'{"a":-Infinity}', "-Infinity"),
        (b'{"a":"\xff"}', "byte 7"),
        ('{"a":1}'.encode("utf-16"), "UTF-8"),
        (b"[1]", "not an object"),
        (b'"text"', "not an object"),
        (b"null", "not an object"),
    ],
)
def test_malformed_json_is_refused_with_the_position(body: bytes, words: str) -> None:
    with pytest.raises(DeserializationFailure, match=words):
        read(body)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"a":1,"a":1}', "a"),
        (b'{"a":{"b":1,"c":2,"b":3}}', "b"),
        (b'{"a":1e400}', "a"),
        (b'{"x":1,"list":[1,-1e999]}', "list"),
        (b'{"a":' + b"1" * 4001 + b"}", "a"),
        (b'{"a":[' + b"1" * 9000 + b"]}", "a"),
        (b'{"a":"\\ud800"}', "a"),
        (b'{"a":{"b":["\\udc00x"]}}', "a"),
        (b'{"\\ud800":1}', "?"),
        (b'{"\\ud800":1,"\\ud800":2}', "?"),
        (b'{"a":{"\\ud800":1}}', "a"),
    ],
)
def test_unsupported_value_is_refused_by_name(body: bytes, name: str) -> None:
    with pytest.raises(ParameterValidationFailure) as caught:
        read(body)
    assert list(caught.value.parameters) == [name]
    str(caught.value).encode()


def test_nesting_is_bounded() -> None:
    at_the_bound = b'{"a":' + b"[" * 31 + b"]" * 31 + b"}"
    assert "a" in read(at_the_bound)
    for body in (
        b'{"a":' + b"[" * 32 + b"]" * 32 + b"}",
        b"[" * 500_000,
        b'{"a":' * 100_000,
        b'{"a":"\\"",' + b'"b":[' * 100_000,
    ):
        with pytest.raises(DeserializationFailure, match=r"32 levels|40,000 elements"):
            read(body)


def test_brackets_side_by_side_and_in_strings_are_not_nesting() -> None:
    body = b'{"a":[' + b",".join([b"[]"] * 1000) + b'],"b":"' + b"[{" * 100 + b'\\"[[","c":"\\\\"}'
    assert len(read(body)) == 3


@pytest.mark.parametrize(
    ("body", "taken"),
    [
        (b'{"a":[' + b"1," * 39_997 + b"1]}", True),
        (b'{"a":[' + b"1," * 39_998 + b"1,1]}", False),
        (b'{"a":[' + b"{}," * 20_000 + b"{}]}", False),
        (b'{"a":"' + b"," * 100_000 + b'"}', True),
        (("{" + ",".join(f'"{number}":1' for number in range(40_001)) + "}").encode(), False),
    ],
)
def test_elements_are_counted_before_anything_is_built(body: bytes, taken: bool) -> None:
    if taken:
        read(body)
    else:
        with pytest.raises(DeserializationFailure, match="more than 40,000 elements"):
            read(body)


def largest(start: str, piece: str, end: str) -> bytes:
    """A body of 1 MiB."""
    return (start + piece * ((MEBIBYTE - len(start) - len(end)) // len(piece)) + end).encode()


def most(start: str, piece: str, end: str) -> bytes:
    """A body with as many of `piece` as there may be elements."""
    return (start + piece * 39_990 + end).encode()


@pytest.mark.parametrize(
    "body",
    [
        largest('{"a":', "9", "}"),
        largest('{"a":0.', "9", "}"),
        largest("[" * 40 + '"', '\\"', ""),
        largest('{"a":[', "[],", "[]]}"),
        largest('{"a":[', "1,", "1]}"),
        largest('{"a":"', "\\u00e9", '"}'),
        largest('{"a":["', '{","', '"]}'),
        largest('{"a":[', '"\\ud800",', "1]}"),
        most('{"a":[', "1e9999,", "1]}"),
        most('{"a":[', "{},", "1]}"),
        most('{"a":[', '"\\ud800",', "1]}"),
        most('{"a":[', f"{10**24},", "1]}"),
        ("{" + ",".join(f'"a{number}":{{"b":1}}' for number in range(19_000)) + "}").encode(),
    ],
)
def test_worst_body_of_a_mebibyte_costs_a_few_calls_for_each_element(body: bytes) -> None:
    with at_most(20 * LIMITS.elements), suppress(DeserializationFailure, ParameterValidationFailure):
        read(body)
