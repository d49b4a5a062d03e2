"""Headers whose value is a list: bounded, whoever writes them."""

import pytest

from openucwa.config import Config
from openucwa.http import compression, conditions, cors, lists, negotiation
from openucwa.http.message import Request
from openucwa.http.negotiation import UCWA_TYPES
from openucwa.model.refusals import NotAcceptable
from tests.work import at_most

LONGEST = 65_536


def test_elements_are_separated_by_commas() -> None:
    assert lists.elements(' a , b;q="1",, c') == ["a", 'b;q="1"', "c"]


def test_elements_beyond_the_limit_are_ignored() -> None:
    many = ",".join(map(str, range(1_000)))
    assert lists.elements(many) == [str(number) for number in range(lists.MAX_ELEMENTS)]
    assert len(",".join(lists.elements("x" * 100 + "," + "y" * LONGEST))) <= lists.MAX_LENGTH


def test_limits_are_settings_with_the_same_defaults() -> None:
    limits = Config().part(lists.ListLimits)
    assert (limits.max_list_elements, limits.max_list_length) == (lists.MAX_ELEMENTS, lists.MAX_LENGTH)


def test_configured_limits_bound_every_list() -> None:
    limits = lists.ListLimits(max_list_elements=2, max_list_length=30)
    accept = "a/b, c/d, application/xml"
    assert lists.elements(accept, limits) == ["a/b", "c/d"]
    assert lists.elements("x" * 20 + "," + "y" * 20, limits) == ["x" * 20]
    assert negotiation.choose(accept, UCWA_TYPES) == "application/xml"
    with pytest.raises(NotAcceptable):
        negotiation.choose(accept, UCWA_TYPES, limits)
    assert conditions.parse('"1", "2", "3"', limits) == {"1", "2"}
    assert compression.accepts_gzip("br, gzip", limits)
    assert not compression.accepts_gzip("br, zstd, gzip", limits)


@pytest.mark.parametrize("text", ["a/b;q=0.1,", "*/*,", ",", ";", "a,", '"x",', "a/b;", "W/", "x-a, "])
def test_hostile_lists_cost_a_few_calls_for_each_element_that_is_read(text: str) -> None:
    header = text * (LONGEST // len(text))
    request = Request(
        method="OPTIONS",
        path=b"/",
        headers={
            b"origin": b"https://a.example",
            b"access-control-request-method": b"PUT",
            b"access-control-request-headers": header.encode(),
            b"accept": header.encode(),
        },
    )
    with at_most(100 * lists.MAX_ELEMENTS):
        negotiation.weighted(header)
        negotiation.kind_of(header)
        compression.accepts_gzip(header)
        conditions.parse(header)
        negotiation.wants_page(request)
        cors.Cors(["https://a.example"]).preflight(request)


def test_long_accept_is_still_answered() -> None:
    assert negotiation.choose("application/xml," + "a/b;q=0.1," * 10_000, UCWA_TYPES) == "application/xml"
