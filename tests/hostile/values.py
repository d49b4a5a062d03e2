"""Values: what a schema of the description takes, and what nothing should be upset by."""

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.client import PASSWORD
from tests.hostile.description import Description

#: Values by which documented names get far, whatever else would be valid for them.
_KNOWN = {
    "onlineMeetingUri": "~onlineMeetingUri~",
    "ack": "~ack~",
    "username": "lenea@contoso.com",
    "password": PASSWORD,
    "grant_type": "password",
    "expirationTime": "/Date(1700000000000)/",
    "duration": 10,
    "presenceSubscriptionId": "~subscription~",
    "url": "https://crm.contoso.invalid/hook",
    "uris": ["sip:danab@contoso.com"],
}

_TEXTS = [
    *("", " ", "0", "-1", "a", "A" * 300, "null", "true", "NaN", "1e400", "9" * 4001, "1970-01-01T00:00:00Z"),
    *("/Date(0)/", "/Date(-99999999999999999999)/", "/Date(1+0000)/", "0001-01-01T00:00:00Z", "../../etc/passwd"),
    *("' or 1=1 --", '"; drop table users; --', "<script>alert(1)</script>", "&lol;", "%s%n", "{0}", "${a}"),
    *("a\r\nX: y", "a\x00b", "\x1b[31m", "\x7f", "\x85", "\ufeff", "\ufffe", "\ufffd", "\u202e"),
    *("é", "e\u0301", "ß", "İ", "💩", "𝒜"),
    *("sip:a@b", "sip:@", "sip:lenea@contoso.com", "SIP:LENEA@CONTOSO.COM;gruu", "tel:+1", "..", ".", "a/b", "a%2Fb"),
]
texts = st.sampled_from(_TEXTS) | st.text(max_size=12)
_scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts | st.sampled_from([10**30, 2**63, -(2**64)])
#: Any value of JSON, and NaN and the infinities, which are none.
any_json = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=6
)


def seldom(often: SearchStrategy[Any], rare: SearchStrategy[Any], times: int = 7) -> SearchStrategy[Any]:
    """`often`, and once in about `times` + 1 `rare`."""
    return st.integers(0, times).flatmap(lambda n: rare if n == times else often)


def valid(schema: Mapping[str, Any], description: Description, name: str = "") -> SearchStrategy[Any]:
    """Values that `schema` takes. `name`: of the parameter or property."""
    if name in _KNOWN:
        return seldom(st.just(_KNOWN[name]), valid(schema, description), 3)
    schema = description.resolve(schema)
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema:
        rest = {key: value for key, value in schema.items() if key != "anyOf"}
        return st.one_of([valid({**rest, **each}, description) for each in schema["anyOf"]])
    types = schema.get("type", "string")
    return st.one_of([_TYPES[each](schema, description) for each in ([types] if isinstance(types, str) else types)])


def _object(schema: Mapping[str, Any], description: Description) -> SearchStrategy[Any]:
    required = schema.get("required", ())
    members = {name: valid(each, description, name) for name, each in schema.get("properties", {}).items()}
    known = st.fixed_dictionaries(
        {name: member for name, member in members.items() if name in required or name in _KNOWN},
        optional={name: member for name, member in members.items() if name not in required and name not in _KNOWN},
    )
    if not schema.get("additionalProperties"):
        return known
    others = st.dictionaries(
        st.sampled_from(["a", "B", "größe", "x y", "rel", "Id"]) | st.text(min_size=1, max_size=10),
        valid(schema["additionalProperties"], description),
        max_size=4,
    )
    return st.tuples(others, known).map(lambda both: both[0] | both[1])


def _string(schema: Mapping[str, Any], _: Description) -> SearchStrategy[Any]:
    if "pattern" in schema:
        return _SIP if "@" in schema["pattern"] else st.from_regex(schema["pattern"])
    if schema.get("format") == "date-time":
        return st.datetimes().map(lambda moment: moment.isoformat(timespec="seconds") + "Z")
    return st.text(min_size=schema.get("minLength", 0), max_size=min(schema.get("maxLength", 10), 10)) | st.just("a")


_SIP = st.sampled_from(["sip:danab@contoso.com", "sip:lenea@contoso.com", "SIP:x.y-z@[::1]:5061;transport=tls"])

_TYPES: Mapping[str, Callable[[Mapping[str, Any], Description], SearchStrategy[Any]]] = {
    "null": lambda schema, _: st.none(),
    "boolean": lambda schema, _: st.booleans(),
    "integer": lambda schema, _: st.integers(schema.get("minimum"), schema.get("maximum")),
    "number": lambda schema, _: st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    "string": _string,
    "array": lambda schema, description: st.lists(valid(schema["items"], description), max_size=3),
    "object": _object,
}
