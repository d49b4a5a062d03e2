"""Checks of a request's head that HTTP demands, before a handler sees it (RFC 9112, 3 and 6)."""

import re
from collections.abc import MutableMapping

import httptools

#: host [":" port] of RFC 3986: a name, an IPv4 address, or an IPv6 address in brackets; nothing else, no user.
_HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]*)(?::[0-9]*)?")
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
_BAD_TARGET = "the request target must be a path or an absolute URL"

Headers = MutableMapping[bytes, bytes]


class RefusedRequestError(Exception):
    """A request that the connection itself answers with `status`; the text is for people."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def is_method(token: bytes) -> bool:
    """Whether this may be a method, known or not (RFC 9110, 9.1), of reasonable length."""
    return _TOKEN.fullmatch(token) is not None


def check_head(version: str, headers: Headers) -> None:
    """Checks version, Host and Transfer-Encoding. RefusedRequestError: one of them is invalid."""
    host = headers.get(b"host")
    if version != "1.1":
        if version != "1.0":
            raise RefusedRequestError(505, "only HTTP/1.0 and HTTP/1.1 are supported")
    elif host is None:
        raise RefusedRequestError(400, "the Host header is missing")
    # The values of repeated Host headers are joined by a blank, which is invalid in a host.
    if host is not None and _HOST.fullmatch(host) is None:
        raise RefusedRequestError(400, "the Host header must be one host, optionally with a port")
    coding = headers.get(b"transfer-encoding")
    if coding is None:
        return
    *others, last = coding.lower().split(b",")
    if last.strip() != b"chunked":
        raise RefusedRequestError(400, "the length of the request is unknown: its last transfer coding must be chunked")
    if others:
        raise RefusedRequestError(501, "the only supported transfer coding is chunked")


def read_target(target: bytes, method: bytes, headers: Headers) -> tuple[bytes, bytes]:
    """Path and query of a request's target, in any form (RFC 9112, 3.2). The host of an absolute URL replaces the Host
    header. RefusedRequestError: it is malformed.
    """
    if b"#" in target:
        target = target.partition(b"#")[0]
    if target.startswith(b"/"):
        path, _, query = target.partition(b"?")
        return path, query
    if method == b"CONNECT" or (target == b"*" and method == b"OPTIONS"):
        return b"/", b""
    try:
        url = httptools.parse_url(target)
    except httptools.HttpParserInvalidURLError:
        raise RefusedRequestError(400, _BAD_TARGET) from None
    if (url.schema or b"").lower() not in {b"http", b"https"} or not url.host:
        raise RefusedRequestError(400, _BAD_TARGET)
    if url.userinfo:
        raise RefusedRequestError(400, "the request target must not contain a user")
    host = b"[" + url.host + b"]" if b":" in url.host else url.host
    headers[b"host"] = host + b":%d" % url.port if url.port else host
    return url.path or b"/", url.query or b""
