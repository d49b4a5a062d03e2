"""Headers whose value is a list: bounded, whoever writes them."""

import time

import pytest

from openucwa.http import compression, conditions, cors, lists, negotiation
from openucwa.http.message import Request
from openucwa.http.negotiation import UCWA_TYPES

LONGEST = 65_536


def test_elements_are_separated_by_commas() -> None:
    assert lists.elements(' a , b;q="1",, c') == ["a", 'b;q="1"', "c"]


def test_elements_beyond_the_limit_are_ignored() -> None:
    many = ",".join(map(str, range(1_000)))
    assert lists.elements(many) == [str(number) for number in range(lists.MAX_ELEMENTS)]
    assert len(",".join(lists.elements("x" * 100 + "," + "y" * LONGEST))) <= lists.MAX_LENGTH


@pytest.mark.parametrize("text", ["a/b;q=0.1,", "*/*,", ",", ";", "a,", '"x",', "a/b;", "W/", "x-a, "])
def test_hostile_lists_are_parsed_quickly(text: str) -> None:
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
    began = time.process_time()
    for number in range(100):
        varied = f"{number}{header}"
        negotiation.weighted(varied)
        negotiation.kind_of(varied)
        compression.accepts_gzip(varied)
        conditions.parse(varied)
        negotiation.wants_page(request)
        cors.Cors(["https://a.example"]).preflight(request)
    assert (time.process_time() - began) / 100 < 0.01


def test_long_accept_is_still_answered() -> None:
    assert negotiation.choose("application/xml," + "a/b;q=0.1," * 10_000, UCWA_TYPES) == "application/xml"
