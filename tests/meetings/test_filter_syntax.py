"""The filter language: what can be written, and what an error names."""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openucwa.meetings.filter_syntax import FilterLimits, read_filter, read_order
from openucwa.model.filters import And, AnyExtension, Compare, Filter, Has, Not, Operator, Or, Order
from openucwa.model.refusals import ParameterValidationFailure
from openucwa.model.values import Instant

LIMITS = FilterLimits(length=1_000, depth=8, terms=20)

ONE = Compare(Operator.EQ, Decimal(1))
SUBJECT = Has("subject", Compare(Operator.EQ, "a"))
NEW_YEAR = Instant(1_767_225_600_000)


def crm(name: str, test: Filter | None) -> Filter:
    return AnyExtension("crm", Has(name, test))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("subject eq 'a'", SUBJECT),
        ("subject eq 'it''s'", Has("subject", Compare(Operator.EQ, "it's"))),
        ("subject ne 'a'", Not(SUBJECT)),
        ("startswith(subject, 'a')", Has("subject", Compare(Operator.STARTSWITH, "a"))),
        ("expirationTime ge 2026-01-01T00:00:00Z", Has("expirationTime", Compare(Operator.GE, NEW_YEAR))),
        ("expirationTime lt 2026-01-01", Has("expirationTime", Compare(Operator.LT, NEW_YEAR))),
        ("expirationTime eq null", Not(Has("expirationTime", None))),
        ("extensions('crm') ne null", AnyExtension("crm", None)),
        ("extensions('crm') eq null", Not(AnyExtension("crm", None))),
        ("extensions('crm')/case eq 1", crm("case", ONE)),
        ("extensions('crm')/case ne null", crm("case", None)),
        ("extensions('crm')/case gt -1.5e3", crm("case", Compare(Operator.GT, Decimal(-1500)))),
        ("extensions('crm')/'order id' eq 1", crm("order id", ONE)),
        ("extensions('crm')/com.contoso.order-id eq 1", crm("com.contoso.order-id", ONE)),
        ("extensions('crm')/open eq true", crm("open", Compare(Operator.EQ, True))),
        ("extensions('crm')/case in (1)", crm("case", ONE)),
        ("extensions('crm')/case in (1, 'a')", crm("case", Or((ONE, Compare(Operator.EQ, "a"))))),
        ("extensions('crm')/tags/any(t: t eq 1)", crm("tags", ONE)),
        ("extensions('crm')/tags/any(t: t eq 1 and not (t in (1)))", crm("tags", And((ONE, Not(ONE))))),
        ("extensions/any()", AnyExtension(None, None)),
        ("extensions/any(e: e/case eq 1)", AnyExtension(None, Has("case", ONE))),
        ("extensions/any(e: startswith(e/id, 'c'))", AnyExtension(None, Has("id", Compare(Operator.STARTSWITH, "c")))),
        (
            "extensions/any(e: e/case eq 1 and e/tags/any(t: t eq 1))",
            AnyExtension(None, And((Has("case", ONE), Has("tags", ONE)))),
        ),
        ("subject eq 'a' and subject eq 'a' or subject eq 'a'", Or((And((SUBJECT, SUBJECT)), SUBJECT))),
        ("subject eq 'a' and (subject eq 'a' or subject eq 'a')", And((SUBJECT, Or((SUBJECT, SUBJECT))))),
        ("not (subject eq 'a')", Not(SUBJECT)),
        ("not subject eq 'a' and subject eq 'a'", And((Not(SUBJECT), SUBJECT))),
        ("  ( subject\teq\n'a' )  ", SUBJECT),
    ],
)
def test_filter_means_what_is_written(text: str, meant: Filter) -> None:
    assert read_filter(text, LIMITS) == meant


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "must be a name, not the end (at character 1)"),
        ("subject", "must be a name, not the end (at character 8)"),
        (
            "subject eq",
            "must be a text in single quotes, a number, a date, true or false, not the end (at character 11)",
        ),
        ("subject eq 'a", "a text without closing quote (at character 12)"),
        ("subject eq 'a' 'b'", "unexpected \"'b'\" (at character 16)"),
        ('subject eq "a"', "unexpected '\"' (at character 12)"),
        ("subject like 'a'", "must be eq, ne, gt, ge, lt, le or in, not 'like' (at character 9)"),
        ("subject eq 1", "subject must be compared with a text in single quotes (at character 1)"),
        (
            "expirationTime gt '2026'",
            "expirationTime must be compared with a date, such as 2026-01-31T12:00:00Z (at character 1)",
        ),
        ("expirationTime gt 2026-13-01", "is not a date (at character 19)"),
        ("expirationTime gt null", "null can only be compared by eq and ne (at character 19)"),
        ("contains(subject, 'a')", "contains() is not supported; there is startswith() (at character 1)"),
        ("startswith(subject, 1)", "startswith() needs a text in single quotes (at character 21)"),
        (
            "title eq 'a'",
            "must be extensions or one of accessLevel, creationTime, expirationTime, onlineMeetingId, organizerUri, ",
        ),
        ("extensions(1)/a eq 1", "must be a text in single quotes, not '1' (at character 12)"),
        ("extensions('a')/b gt true", "true and false can only be compared by eq, ne and in (at character 22)"),
        (f"extensions('a')/b gt '{'x' * 129}'", "has 129 characters; 128 are allowed, except by eq, ne and in"),
        (f"extensions('a')/b eq {'1' * 65}", "has 65 digits; at most 64 are allowed (at character 22)"),
        ("extensions('a')/b eq 1e9999", "is out of range (at character 22)"),
        ("extensions('a')/b eq 1x", "unexpected '1' (at character 22)"),
        ("extensions/all(e: e/a eq 1)", "must be any(VARIABLE: CONDITION), or write extensions('ID')/NAME"),
        ("extensions/any(e: subject eq 'a')", "must begin with e/, the variable of any() (at character 19)"),
        ("extensions/any(e: extensions/any(f: f/a eq 1))", "extensions/any cannot be nested (at character 19)"),
        ("extensions/any(e: e/a/any(t: e/b eq 1))", "must be t, the variable of any() (at character 30)"),
        ("extensions/any(not: not/a eq 1)", "not cannot be a variable (at character 16)"),
        ("extensions('a')/b/any(t: t eq null)", "an array contains no null (at character 31)"),
        ("extensions('a')/b eq '\x00'", "contains a character that no property can contain (at character 22)"),
        ("(" * 9 + "subject eq 'a'" + ")" * 9, "is nested too deeply: at most 8 levels are allowed (at character 9)"),
        ("not " * 9 + "subject eq 'a'", "is nested too deeply: at most 8 levels are allowed (at character 33)"),
        (" or ".join(["subject eq 'a'"] * 21), "is one comparison too many: at most 20 are allowed (at character 369)"),
        (f"subject in ({','.join(['0'] * 21)})", "is one comparison too many: at most 20 are allowed"),
        ("subject eq '" + "a" * 1_000, "has 1,012 characters; at most 1,000 are allowed"),
    ],
)
def test_error_names_what_is_wrong_and_where(text: str, wrong: str) -> None:
    with pytest.raises(ParameterValidationFailure) as refused:
        read_filter(text, LIMITS)
    assert refused.value.parameters["$filter"].startswith(wrong)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("subject", Order("subject")),
        ("subject asc", Order("subject")),
        ("creationTime desc", Order("creationTime", descending=True)),
        ("extensions('crm')/'a b' desc", Order("a b", "crm", descending=True)),
    ],
)
def test_order_is_by_a_property_of_meeting_or_extension(text: str, meant: Order) -> None:
    assert read_order(text, LIMITS) == meant


@pytest.mark.parametrize("text", ["", "title", "subject up", "subject,creationTime", "extensions('a')", "a" * 1_001])
def test_other_orders_are_refused(text: str) -> None:
    with pytest.raises(ParameterValidationFailure):
        read_order(text, LIMITS)


@given(st.text(alphabet="()'/:, andorteqi1.2026-Z", max_size=60))
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    with suppress(ParameterValidationFailure):
        assert read_filter(text, LIMITS) is not None


def test_deepest_nesting_that_a_setting_could_allow_is_read() -> None:
    limits = FilterLimits(length=10_000, depth=50, terms=200)
    assert read_filter("(" * 50 + "subject eq 'a'" + ")" * 50, limits) == SUBJECT
