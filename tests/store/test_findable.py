"""The texts that stand for values in the index: they order as the values do."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openucwa.model.filters import Comparable
from openucwa.model.meeting import Extension, ExtensionType
from openucwa.model.values import FIRST_INSTANT, LAST_INSTANT, Instant
from openucwa.representation.custom import encode
from openucwa.store.findable import MAX_DIGITS, PREFIX, extension_values, prefix_bounds, text_of, type_bounds

TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.one_of(
    st.integers().map(Decimal),
    st.floats(allow_nan=False, allow_infinity=False).map(repr).map(Decimal),
    st.decimals(min_value=-20, max_value=20, places=2),
)


@given(NUMBERS, NUMBERS)
def test_numbers_order_by_value(one: Decimal, other: Decimal) -> None:
    assert (one < other) == (text_of(one) < text_of(other))
    assert (one == other) == (text_of(one) == text_of(other))


@given(st.integers(FIRST_INSTANT.ms, LAST_INSTANT.ms), st.integers(FIRST_INSTANT.ms, LAST_INSTANT.ms))
def test_instants_order_by_time(one: int, other: int) -> None:
    assert (one < other) == (text_of(Instant(one)) < text_of(Instant(other)))


@given(TEXTS, TEXTS)
def test_texts_order_by_code_points(one: str, other: str) -> None:
    assert (one < other) == (text_of(one).encode() < text_of(other).encode())


@given(st.one_of(TEXTS, NUMBERS, st.booleans()), st.one_of(TEXTS, NUMBERS, st.booleans()))
def test_bounds_of_type_contain_exactly_its_values(one: Comparable, other: Comparable) -> None:
    begin, end = type_bounds(one)
    assert (begin <= text_of(other) < end) == (type(one) is type(other))


@given(TEXTS, TEXTS)
def test_bounds_of_prefix_contain_exactly_what_begins_with_it(prefix: str, other: str) -> None:
    begin, end = prefix_bounds(prefix)
    assert begin <= text_of(prefix + other) < end
    assert (begin <= text_of(other) < end) == other.startswith(prefix)


@pytest.mark.parametrize("last", ["\ud7ff", "\U0010ffff", "\uffff"])
def test_bounds_of_prefix_end_behind_last_characters(last: str) -> None:
    begin, end = prefix_bounds("a" + last)
    assert begin.encode() < end.encode()
    assert begin <= text_of(f"a{last}\U0010ffff") < end


def test_long_texts_are_equal_only_to_themselves() -> None:
    long = "x" * 10_000
    assert text_of(long) == text_of("x" * 10_000)
    assert len({text_of(long), text_of(long + "x"), text_of(long[:PREFIX]), text_of(text_of(long)[1:])}) == 4
    assert text_of(long[:PREFIX]) < text_of(long) < text_of(long[: PREFIX - 1] + "y")


def test_integer_of_many_digits_orders_between_its_neighbours() -> None:
    below, above = Decimal("1" * MAX_DIGITS + "0"), Decimal("1" * (MAX_DIGITS - 1) + "20")
    for sign in (1, -1):
        texts = [text_of(sign * each) for each in (below, Decimal("1" * (MAX_DIGITS + 1)), above)]
        assert sorted(texts, reverse=sign < 0) == texts


def test_values_of_extension_are_limited_in_the_order_stored() -> None:
    properties = encode({"a": 1, "tags": ["x", "x", "y", "z"], "b": 2})
    extension = Extension("crm", ExtensionType.UNDEFINED, "1", properties)
    fixed = {"id": ("crm",), "type": ("Undefined",)}
    assert extension_values(extension, 9) == fixed | {"a": (1,), "tags": ("x", "y", "z"), "b": (2,)}
    assert extension_values(extension, 3) == fixed | {"a": (1,), "tags": ("x", "y")}


def test_true_and_one_are_different_values() -> None:
    values = extension_values(Extension("a", ExtensionType.UNDEFINED, "1", b'{"a":true,"b":1}'), 9)
    assert [type(value) for name in "ab" for value in values[name]] == [bool, Decimal]
