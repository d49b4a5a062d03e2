"""What every answer has to be, whatever was asked."""

import gzip
import json
import re
from typing import Any

from lxml import etree

from openucwa.api.errors import ERRORS
from tests.hostile.description import Description
from tests.hostile.requests import Request
from tests.hostile.stage import Answer

#: What an answer must not show of the server's inside: a traceback, a path, a statement, a Python object.
_INSIDE = re.compile(
    rb'Traceback \(most|File "/|/openucwa/|site-packages|\.py\b|sqlite|insert into|select .* from|<[\w.]+ object at 0x',
    re.IGNORECASE,
)
_CODES = {(row.status, row.code, row.subcode) for row in ERRORS.values()}
_STANDARD = ("x-ms-ucwaversion", "x-ms-server-fqdn", "x-content-type-options", "x-request-id", "cache-control")


def judge(request: Request, answer: Answer, description: Description) -> None:
    """AssertionError: the answer is not one that the description allows for this request, or is badly made."""
    said = f"{request}\n{answer}"
    assert answer.status < 500, said
    expected = description.expected(request.method, request.path)
    preflight = request.method == "OPTIONS" and answer.header("access-control-allow-methods") is not None
    assert answer.status in expected or (preflight and answer.status == 204), f"{sorted(expected)}\n{said}"
    _judge_headers(request, answer, said)
    body = gzip.decompress(answer.body) if answer.header("content-encoding") == "gzip" else answer.body
    if not body:
        assert answer.status in {201, 204, 304} or request.method == "HEAD", said
        return
    shown = _shown(answer, body, said)
    if answer.status >= 400:
        assert not _INSIDE.search(body), said
        _judge_reason(request, answer, shown, said)
    if isinstance(shown, dict):
        fault = description.fault(request.method, request.path, answer.status, shown)
        assert fault is None, f"{fault}\n{said}"


def _judge_headers(request: Request, answer: Answer, said: str) -> None:
    for name in _STANDARD:
        assert answer.header(name) is not None, f"{name}\n{said}"
    for name, value in answer.headers:
        assert re.fullmatch(r"[!#$%&'*+.^_`|~0-9a-z-]+", name), said
        assert re.fullmatch(r"[\t\x20-\x7e\x80-\xff]*", value), said
    length = answer.header("content-length")
    if answer.status in {204, 304}:
        assert (length, answer.body) == (None, b""), said
    elif request.method == "HEAD":
        assert answer.body == b"", said
    else:
        assert length == str(len(answer.body)), said
    assert [name for name, _ in answer.headers].count("www-authenticate") == (2 if answer.status == 401 else 0), said
    assert (answer.header("allow") is not None) == (answer.status == 405), said
    assert (answer.header("retry-after") is not None) == (answer.status in {429, 503}), said
    if answer.status == 201:
        assert answer.header("location"), said


def _shown(answer: Answer, body: bytes, said: str) -> Any:
    """The body as what its Content-Type says that it is."""
    content_type = answer.header("content-type")
    assert content_type is not None, said
    if content_type.partition(";")[0].endswith("json"):
        return json.loads(body, parse_constant=_no_constant)
    if content_type.partition(";")[0].endswith("xml"):
        return etree.fromstring(body)
    return body


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _judge_reason(request: Request, answer: Answer, shown: Any, said: str) -> None:
    if isinstance(shown, bytes):
        assert answer.status in {401, 404}, (
            said
        )  # pages: the challenge at `user`, and an address that a person mistyped
        return
    if isinstance(shown, dict):
        if "error" in shown:  # OAuth's form, which the schema of the token resource tells of
            return
        code, subcode, message = shown["code"], shown.get("subcode"), shown["message"]
    else:
        assert etree.QName(shown).localname == "reason", said
        code, subcode, message = (shown.findtext(f"{{*}}{name}") for name in ("code", "subcode", "message"))
    assert (answer.status, code, subcode) in _CODES, said
    assert message, said
