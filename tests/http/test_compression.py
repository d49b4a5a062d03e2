"""gzip, asked for and done."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openucwa.http.compression import accepts_gzip, compress


@pytest.mark.parametrize(
    "header",
    ["gzip", "GZIP", "x-gzip", "deflate, gzip", "gzip;q=0.1, identity", "*", "br;q=1, *;q=0.1", "gzip, *;q=0"],
)
def test_gzip_is_accepted(header: str) -> None:
    assert accepts_gzip(header)


@pytest.mark.parametrize(
    "header", [None, "", "identity", "deflate, br", "gzip;q=0", "gzip; q=0.0, *", "*;q=0", "x-gzip;q=0", "gzipped"]
)
def test_gzip_is_not_accepted(header: str | None) -> None:
    assert not accepts_gzip(header)


@given(st.binary())
def test_compression_round_trips(body: bytes) -> None:
    assert gzip.decompress(compress(body)) == body


def test_compressed_bytes_contain_no_time() -> None:
    assert compress(b"{}")[4:8] == bytes(4)
