"""Dates in their two forms."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openucwa.model.values import FIRST_INSTANT, LAST_INSTANT, Instant, InvalidValue
from openucwa.representation import dates

SAMPLE = Instant(1_474_932_029_038)
instants = st.integers(FIRST_INSTANT.ms, LAST_INSTANT.ms).map(Instant)


def test_json_date_counts_milliseconds() -> None:
    assert dates.json_date(SAMPLE) == "/Date(1474932029038)/"


def test_xml_date_shows_an_offset_and_milliseconds_only_where_there_are_any() -> None:
    assert dates.xml_date(SAMPLE) == "2016-09-26T23:20:29.038+00:00"
    assert dates.xml_date(Instant(1_474_932_029_000)) == "2016-09-26T23:20:29+00:00"
    assert dates.xml_date(FIRST_INSTANT) == "0001-01-01T00:00:00+00:00"


@settings(max_examples=300)
@given(instants)
def test_every_moment_survives_both_forms(instant: Instant) -> None:
    assert dates.parse_json_date(dates.json_date(instant)) == instant
    assert dates.parse_date(dates.xml_date(instant)) == instant


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("/Date(1474932029038)/", 1_474_932_029_038),
        ("/Date(1474932029038+0200)/", 1_474_932_029_038),
        ("/Date(1474932029038-0700)/", 1_474_932_029_038),
        ("/Date(-1)/", -1),
        ("/Date(0)/", 0),
        ("2016-09-26T23:20:29Z", 1_474_932_029_000),
        ("2016-09-26T23:20:29", 1_474_932_029_000),
        ("2016-09-26T23:20:29.0Z", 1_474_932_029_000),
        ("2016-09-26T23:20:29.5", 1_474_932_029_500),
        ("2016-09-26T16:20:29.6249403-07:00", 1_474_932_029_624),
        ("2016-09-27T04:50:29.038+05:30", 1_474_932_029_038),
        ("2016-09-27T04:50:29.038+0530", 1_474_932_029_038),
        ("1969-12-31T23:59:59.999Z", -1),
        ("2016-09-26 23:20:29Z", 1_474_932_029_000),
        ("2016-09-26t23:20:29z", 1_474_932_029_000),
        ("2016-09-26T23:20", 1_474_932_000_000),
        ("2016-09-26T23:20Z", 1_474_932_000_000),
        ("2016-09-26T23:20:29.624940312", 1_474_932_029_624),
        ("2016-09-26T23:20:29.9999999999999999Z", 1_474_932_029_999),
        ("2016-09-27T01:20:29+02", 1_474_932_029_000),
        ("2016-09-27T13:20:29+14:00", 1_474_932_029_000),
        ("2016-09-26T09:20:29-1400", 1_474_932_029_000),
        ("2016-09-26T24:00:00Z", 1_474_934_400_000),
        ("2016-09-26T24:00", 1_474_934_400_000),
        ("2016-12-31T24:00:00.000+00:00", 1_483_228_800_000),
        ("/Date(5+1400)/", 5),
    ],
)
def test_both_forms_are_read(text: str, ms: int) -> None:
    assert dates.parse(text) == Instant(ms)


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+08:00",
        "0001-01-01T00:00:00.0000000-08:00",
        "/Date(-62135596800000)/",
        "/Date(-62135568000000-0800)/",
    ],
)
def test_year_one_means_that_no_date_is_supplied(text: str) -> None:
    assert dates.parse(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2016-09-26",
        "2016-09-26T23",
        "2016-09-26  23:20:29Z",
        "2016-02-30T00:00:00Z",
        "2016-09-26T24:00:01Z",
        "2016-09-26T24:00:00.001Z",
        "2016-09-26T24:01Z",
        "2016-09-26T25:00:00Z",
        "2016-09-26T23:60Z",
        "2016-09-26T23:20:60Z",
        "2016-09-26T10:00:00+99:59",
        "2016-09-26T10:00:00+24:00",
        "2016-09-26T10:00:00+14:01",
        "2016-09-26T10:00:00-15",
        "2016-09-26T10:00:00+01:60",
        "/Date(1+2400)/",
        "/Date(1+1401)/",
        "/Date(1-0060)/",
        "2016-09-26T23:20:29.Z",
        "2016-09-26T23:20:29+5",
        "٢٠١٦-09-26T23:20:29Z",
        "0000-01-01T00:00:00Z",
        "/Date()/",
        "/Date(1.5)/",
        "/Date(1)",
        "x/Date(1)/",
        "/Date(1)/\n",
        "/Date(253402300800000)/",
        "/Date(-62135596800001)/",
        f"/Date({'9' * 100_000})/",
        "9999-12-31T23:59:59-00:01",
    ],
)
def test_dates_out_of_years_1_to_9999_are_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        dates.parse(text)


def test_text_around_a_json_date_makes_it_a_string() -> None:
    assert dates.parse_json_date("x/Date(1)/") is None
    assert dates.parse_json_date("/Date(1)/ ") is None
