"""Batches, as clients send them and as they must be answered."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openucwa.http.message import Response
from openucwa.http.multipart import PartRequest, build, content_type, parse
from openucwa.model.refusals import DeserializationFailure, TooManyRequests

BATCHING = "multipart/batching; boundary=B"
PART = "--B\r\nContent-Type: application/http; msgtype=request\r\n\r\n"
GET = PartRequest(
    "GET", "/ucwa/v1/applications/103/me", [("host", "lync.contoso.com"), ("accept", "application/json")], b""
)


def batch(*requests: str, end: str = "--B--\r\n") -> bytes:
    return ("".join(f"{PART}{request}\r\n" for request in requests) + end).encode()


def lines(*texts: str) -> str:
    return "\r\n".join(texts) + "\r\n"


ME = lines("GET /ucwa/v1/applications/103/me HTTP/1.1", "Host: lync.contoso.com", "Accept: application/json")
POST = "POST /ucwa/v1/applications HTTP/1.1\r\nContent-Type: application/json\r\n\r\n"


def test_requests_of_a_batch_are_read_in_order() -> None:
    people = ME.replace("/me", "/people")
    parts = parse(batch(people, ME), BATCHING)
    assert [part.target for part in parts] == ["/ucwa/v1/applications/103/people", "/ucwa/v1/applications/103/me"]
    assert parts[1] == GET


@pytest.mark.parametrize(
    "body",
    [
        batch(ME),
        batch(ME + "\r\n"),
        batch(ME + "\r\n\r\n"),
        b"\r\n" + batch(ME),
        b"ignored\r\n" + batch(ME) + b"ignored\r\n--B\r\nas well",
        batch(ME, end="--B--"),
        batch(ME, end="--B"),
        batch(ME, end="--B\r\n"),
        batch(ME, end="--B  \r\n\r\n"),
        batch(ME).replace(b"\r\n", b"\n"),
        b"\n" + batch(ME + "\r\n").replace(b"\r\n", b"\n"),
        batch(ME).replace(b"; msgtype", b";msgtype"),
        batch(ME).replace(b"Content-Type: application/http; msgtype=request", b"content-type:APPLICATION/HTTP"),
        batch(ME).replace(b"msgtype=request\r\n", b"msgtype=request\r\nContent-Length: 201\r\n"),
        batch(ME.replace("\r\nHost", "\r\nContent-Length: 0\r\nHost")),
        batch("\r\n" + ME),
        batch(ME.replace("GET ", "Get ")),
        batch(ME.replace("GET /", "GET https://fe1.contoso.com:443/")),
        batch(ME.replace("HTTP/1.1", "HTTP/1.0")),
    ],
)
def test_many_spellings_of_a_request_are_accepted(body: bytes) -> None:
    assert parse(body, BATCHING) == [GET]


@pytest.mark.parametrize(
    "header",
    [
        "multipart/batching;boundary=B",
        'multipart/batching;boundary="B"',
        'Multipart/Batching; charset=utf-8; Boundary="B"',
    ],
)
def test_boundary_may_be_quoted(header: str) -> None:
    assert parse(batch(ME), header) == [GET]


def test_boundary_is_not_treated_as_a_pattern() -> None:
    body = batch(ME).replace(b"--B", b"--(.*)+")
    assert parse(body, 'multipart/batching; boundary="(.*)+"') == [GET]


def test_body_is_preserved_and_its_declared_length_ignored() -> None:
    request = POST.replace("json\r\n", "json\r\nContent-Length: 3\r\n") + '{"culture":"dä-DK"}'
    (part,) = parse(batch(request), BATCHING)
    assert part.body == '{"culture":"dä-DK"}'.encode()
    assert part.headers == [("content-type", "application/json"), ("content-length", "20")]


def test_body_may_contain_empty_lines_and_lookalikes_of_the_boundary() -> None:
    (part,) = parse(batch(POST + "a\r\n\r\nb --B c\r\n--Bee\r\n"), BATCHING)
    assert part.body == b"a\r\n\r\nb --B c\r\n--Bee\r\n"


def test_body_in_a_data_header_is_read() -> None:
    request = lines("POST /ucwa/v1/applications HTTP/1.1", "Content-Type: application/json", 'Data: {"culture": "da"}')
    (part,) = parse(batch(request), BATCHING)
    assert part.body == b'{"culture": "da"}'
    assert part.headers == [("content-type", "application/json"), ("content-length", "17")]


def test_real_body_takes_precedence_over_data() -> None:
    (part,) = parse(batch(POST.replace("\r\n\r\n", '\r\nData: {"a":1}\r\n\r\n') + "{}"), BATCHING)
    assert part.body == b"{}"


def test_headers_of_the_connection_are_left_out() -> None:
    request = ME + lines("Connection: close", "Transfer-Encoding: chunked", "Expect: 100-continue")
    assert parse(batch(request), BATCHING) == [GET]


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("/a%2Fb?x=%20&y", "/a%2Fb?x=%20&y"),
        ("//ucwa/v1", "//ucwa/v1"),
        ("http://h/a%2Fb?x=1", "/a%2Fb?x=1"),
        ("http://h", "/"),
        ("https://h//x", "//x"),
    ],
)
def test_target_is_preserved_except_for_its_host(target: str, kept: str) -> None:
    (part,) = parse(batch(f"GET {target} HTTP/1.1\r\n"), BATCHING)
    assert part.target == kept


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "no part"),
        (b"nonsense", "no part"),
        (b"--B--\r\n", "no part"),
        (batch(ME, end=""), "no part"),
        (batch(ME, ME, end=""), "part 2 is incomplete"),
        (batch(ME, "nonsense"), "part 2: .* request line"),
        (batch(ME, ""), "part 2: .* request line"),
        (batch("GET /x"), "part 1: .* request line"),
        (batch("GET /x y HTTP/1.1"), "part 1: .* request line"),
        (batch("GET /ä HTTP/1.1"), "part 1: .* request line"),
        (batch("G?T /x HTTP/1.1"), "part 1: .* request line"),
        (batch("GET x HTTP/1.1"), "part 1: the request target"),
        (batch("GET mailto:x HTTP/1.1"), "part 1: the request target"),
        (batch("GET https://[x HTTP/1.1"), "part 1: the request target"),
        (batch("OPTIONS * HTTP/1.1"), "part 1: the request target"),
        (batch("GET / HTTP/1.1\r\nnonsense\r\n"), "part 1: a line is not"),
        (batch("GET / HTTP/1.1\r\nbad name: x\r\n"), "part 1: a line is not"),
        (batch("GET / HTTP/1.1\r\n: x\r\n"), "part 1: a line is not"),
        (batch(ME, ME).replace(b"request", b"response"), "part 1: the Content-Type"),
        (batch(ME).replace(b"application/http", b"text/plain"), "part 1: the Content-Type"),
        (b"--B\r\n\r\nGET / HTTP/1.1\r\n--B--", "part 1: the Content-Type"),
        (b"--B\r\n--B--", "part 1: the Content-Type"),
    ],
)
def test_malformed_part_is_refused_by_number(body: bytes, what: str) -> None:
    with pytest.raises(DeserializationFailure, match=what):
        parse(body, BATCHING)


@pytest.mark.parametrize(
    "header", ["multipart/batching", "multipart/batching; boundary=", 'multipart/batching;boundary=""']
)
def test_batch_needs_a_boundary(header: str) -> None:
    with pytest.raises(DeserializationFailure, match="boundary"):
        parse(batch(ME), header)


def test_batch_has_a_maximum_of_parts() -> None:
    assert len(parse(batch(ME, ME), BATCHING, max_parts=2)) == 2
    with pytest.raises(TooManyRequests, match="at most 2"):
        parse(batch(ME, ME, ME), BATCHING, max_parts=2)


@given(st.binary())
def test_any_body_is_parsed_or_refused(body: bytes) -> None:
    for text in (
        body,
        PART.encode() + body + b"\r\n--B--",
        PART.encode() + b"GET / HTTP/1.1\r\n" + body + b"\r\n--B--",
    ):
        with contextlib.suppress(DeserializationFailure):
            parse(text, BATCHING)


TOKENS = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1).filter(
    lambda name: name not in {"connection", "content-length", "data", "expect", "keep-alive", "transfer-encoding"}
)
VALUES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="\x7f\x85\xa0\xad"))
#: A body of nothing but white space is none.
BODIES = st.binary().filter(lambda body: b"--B" not in body and (not body or body.strip(b" \t\r\n") != b""))
REQUESTS = st.builds(
    PartRequest,
    st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E)).map("/".__add__),
    st.lists(st.tuples(TOKENS, VALUES)),
    BODIES,
)


@given(st.lists(REQUESTS, min_size=1, max_size=5))
def test_batches_round_trip(requests: list[PartRequest]) -> None:
    body = b""
    expected = []
    for request in requests:
        head = [f"{request.method} {request.target} HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers)]
        body += PART.encode() + "\r\n".join([*head, "", ""]).encode("latin-1") + request.body + b"\r\n"
        length = [("content-length", str(len(request.body)))] if request.body else []
        expected.append(PartRequest(request.method, request.target, request.headers + length, request.body))
    assert parse(body + b"--B--", BATCHING) == expected


def test_answer_has_the_documented_form() -> None:
    parts = [
        Response(
            status=200,
            headers=(
                (b"Content-Type", b"application/json; charset=utf-8"),
                (b"ETag", b'"7"'),
                (b"Cache-Control", b"no-cache"),
            ),
            body=b'{"rel":"me"}',
        ),
        Response(status=204, headers=((b"X-MS-UcwaVersion", b"2.0"),)),
    ]
    assert build(parts, "3968fb75").decode() == lines(
        "--3968fb75",
        "Content-Type: application/http; msgtype=response",
        "",
        "HTTP/1.1 200 OK",
        'ETag: "7"',
        "Cache-Control: no-cache",
        "Content-Type: application/json; charset=utf-8",
        "",
        '{"rel":"me"}',
        "--3968fb75",
        "Content-Type: application/http; msgtype=response",
        "",
        "HTTP/1.1 204 No Content",
        "X-MS-UcwaVersion: 2.0",
        "",
        "",
        "--3968fb75--",
    )


def test_answers_boundary_is_quoted() -> None:
    assert content_type("3968fb75") == 'multipart/batching; boundary="3968fb75"'


def test_batch_begins_behind_a_byte_order_mark() -> None:
    assert len(parse(b"\xef\xbb\xbf" + batch(ME), BATCHING)) == 1


def test_part_with_too_many_headers_is_refused() -> None:
    many = lines("GET / HTTP/1.1", *["A: b"] * 101)
    with pytest.raises(DeserializationFailure, match="part 1 has more than 100 header lines"):
        parse(batch(many), BATCHING)


def test_data_line_without_a_type_is_json() -> None:
    (part,) = parse(batch(lines("POST /ucwa/v1/applications HTTP/1.1", 'Data: {"a": 1}')), BATCHING)
    assert part.body == b'{"a": 1}'
    assert ("content-type", "application/json") in part.headers
