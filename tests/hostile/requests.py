"""Requests generated from the API description: valid, nearly valid, and nonsense.

They are drawn without knowledge of the server. Where one has to name something that is there it holds a name between
tildes, `~meeting_id~`, and whoever sends it puts in what that is at the time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from tests.hostile.bodies import bodies
from tests.hostile.description import Description, Operation
from tests.hostile.values import seldom, texts, valid

Header = tuple[str, str]


@dataclass(frozen=True)
class Request:
    """A request. `path`, `query`: as they are sent. `chunked`: the body comes without a length."""

    method: str
    path: str
    query: str = ""
    headers: tuple[Header, ...] = ()
    body: bytes = b""
    chunked: bool = False


_VISIBLE = "".join(map(chr, range(0x21, 0x7F)))
_SEGMENTS = [
    *("%", "%2", "%zz", "%2F", "%2f%2F", "%00", "%0d%0aX-Injected:%20y", "%C3%28", "%F0%9F%92%A9", "%ED%A0%80", "%FF"),
    *("..", ".", "%2e%2e", "%2E", "", "*", "-", "a;b=c", "a:b", "@", "'", "~", "{", "[", "|", "\\", "^", "`"),
    *(
        "A" * 300,
        "0",
        "1",
        "-1",
        "9" * 30,
        "%D9%A1",
        "me",
        "events",
        "%25",
        "%252F",
        "%u0041",
        "+",
        "&",
        "=",
        "%3F",
        "%23",
    ),
]
_segments = (
    st.sampled_from(_SEGMENTS)
    | st.text(max_size=8).map(lambda text: quote(text, safe=""))
    | st.text(alphabet="".join(sorted(set(_VISIBLE) - set("/?#"))), max_size=12)
)
_raw_queries = st.text(alphabet=_VISIBLE.replace("#", ""), max_size=40)
_header_values = st.sampled_from(["", " ", "a" * 3000, ",", ";", "=", '"', "\\", "é", "\t", "0", "-1", "*"]) | st.text(
    alphabet="".join(map(chr, range(0x20, 0x7F))) + "\t\x80\xa0\xe9\xff", max_size=20
)

_AUTHORIZATIONS = [
    *["Bearer ~token~"] * 60,
    *["Bearer ~guest~"] * 2,
    *(None, "", "Bearer", "Bearer ", "Bearer cwt=", "Bearer cwt=a.b.c", "Basic YTpi", "bearer x", "Bearer ~token~x"),
]
_ACCEPTS = [
    *[None, "application/json"] * 12,
    *("*/*", "application/json", "application/xml", "application/vnd.microsoft.com.ucwa+json", "text/html", "image/*"),
    *("application/vnd.microsoft.com.ucwa+xml", "multipart/batching", "application/xml;q=1, */*;q=0", "a/b", "q=,;"),
]
_ETAGS = [*['"~etag~"'] * 4, '"0"', "*", "", '"', "W/", "~etag~, *", 'W/"~etag~"']
_put_conditions = st.sampled_from([{}, *({"if-match": etags} for etags in _ETAGS)])
_conditions = st.sampled_from([
    *[{}] * 40, *({"if-match": etags} for etags in _ETAGS), *({"if-none-match": etags} for etags in _ETAGS)
])  # fmt: skip
_VERSIONS = ["2.0", "2", "3", "nan", "-inf", "1e999", "", "two", "１"]
_METHODS = [
    *("PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "MKCOL", "LOCK", "REPORT", "M-SEARCH", "SUBSCRIBE", "PURGE"),
    *("GET", "HEAD", "POST", "PUT", "DELETE"),
]


def requests(operation: Operation, description: Description) -> SearchStrategy[Request]:
    """Requests of this operation, most of which reach its resource."""
    return _requests(
        method=st.just(operation.method),
        paths=_paths(operation.path),
        queries=_queries(operation, description),
        conditions=_put_conditions if operation.method == "PUT" else _conditions,
        bodies=bodies(operation, description),
    )


def astray(description: Description) -> SearchStrategy[Request]:
    """Requests with undocumented methods or unknown paths."""
    anywhere = st.lists(_segments | st.sampled_from(["ucwa", "v1", "applications"]), max_size=6)
    return _requests(
        method=st.sampled_from(_METHODS),
        paths=st.sampled_from(description.operations).flatmap(lambda operation: _paths(operation.path))
        | anywhere.map(lambda segments: "/" + "/".join(segments)),
        queries=_raw_queries,
        conditions=_conditions,
        bodies=bodies(None, description),
    )


def whole_path(template: str) -> str:
    """A documented path with the names of existing things."""
    return template.replace("{", "~").replace("}", "~")


@st.composite
def _requests(
    draw: DrawFn,
    method: SearchStrategy[str],
    paths: SearchStrategy[str],
    queries: SearchStrategy[str],
    conditions: SearchStrategy[dict[str, str]],
    bodies: SearchStrategy[tuple[str | None, bytes]],
) -> Request:
    content_type, body = draw(bodies)
    drawn = {
        "host": "ucwa.example.com",
        "authorization": draw(st.sampled_from(_AUTHORIZATIONS)),
        "accept": draw(st.sampled_from(_ACCEPTS)),
        "content-type": content_type,
        **draw(conditions),
        **draw(_seldom_sent),
    }
    headers = tuple((name, value) for name, value in drawn.items() if value is not None)
    return Request(draw(method), draw(paths), draw(queries), headers, body, chunked=len(body) % 2 == 1)


_pairs = st.one_of(
    [
        st.tuples(st.just(name), strategy)
        for name, strategy in {
            "host": _header_values,
            "accept": _header_values,
            "x-ms-requiresminresourceversion": st.sampled_from(_VERSIONS).map(
                lambda text: text.encode().decode("latin-1")
            ),
            "accept-encoding": st.sampled_from(["gzip", "br", "*;q=0"]),
            "content-encoding": st.sampled_from(["gzip", "identity"]),
            "origin": st.sampled_from(["https://pages.example.com", "null"]) | _header_values,
            "access-control-request-method": st.just("PUT"),
            "expect": _header_values,
            "x-odd": _header_values,
        }.items()
    ]
)
_seldom_sent = seldom(st.just({}), st.lists(_pairs, min_size=1, max_size=3).map(dict), 2)


@st.composite
def _paths(draw: DrawFn, template: str) -> str:
    """The path with the names of what is there, or with one or all of them something else."""
    path = whole_path(template)
    kind = draw(st.sampled_from(["whole"] * 10 + ["one", "all"]))
    if kind == "whole":
        return path
    parts: Sequence[str] = path.split("/")
    if kind == "one":
        at = draw(st.integers(1, len(parts) - 1))
        parts = [*parts[:at], draw(_segments), *parts[at + 1 :]]
    else:
        parts = [draw(_segments) if part.startswith("~") else part for part in parts]
    path = "/".join(parts)
    return draw(st.sampled_from([path, path.upper(), path.replace("/ucwa/v1", "//ucwa/oauth//v1"), path + "/"]))


def _queries(operation: Operation, description: Description) -> SearchStrategy[str]:
    pairs = [
        st.tuples(st.just(described["name"]), seldom(valid(described["schema"], description, described["name"]), texts))
        for described in operation.query
    ]
    unknown = st.tuples(texts, texts)
    listed = st.lists(st.one_of(*pairs, unknown), max_size=3).map(
        lambda drawn: "&".join(f"{quote(name)}={quote(str(value), safe='~')}" for name, value in drawn)
    )
    required = [described["name"] for described in operation.query if described.get("required")]
    # A value that has to be there is there, most of the time.
    given = listed.map(lambda query: "&".join([*(f"{name}=a" for name in required), query]))
    if not operation.query:
        return st.sampled_from([""] * 9 + ["a", "a=b&a=b", "%zz=%00", "&&=;"])
    return seldom(given, _raw_queries, 20)
