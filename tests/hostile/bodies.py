"""Bodies of requests: what an operation takes in each of its media types, that with something wrong, and nonsense."""

import io
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape, quoteattr

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from PIL import Image

from tests.hostile.description import Description, Operation
from tests.hostile.values import any_json, seldom, texts, valid

JSON_TYPES = ("application/json", "application/vnd.microsoft.com.ucwa+json")
XML_TYPES = ("application/xml", "application/vnd.microsoft.com.ucwa+xml")
FORM = "application/x-www-form-urlencoded"

NAMESPACE = "http://schemas.microsoft.com/rtc/2012/03/ucwa"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_SCHEMA = "http://www.w3.org/2001/XMLSchema"

#: Content-Type and body; None: there is no such header.
Body = tuple[str | None, bytes]

_ODD_TYPES = [
    *(
        "",
        "a",
        "/",
        ";",
        "text/plain",
        "text/html; charset=x",
        "application/json; charset=utf-16",
        "application/json;;=",
    ),
    *("multipart/form-data", "multipart/batching", 'multipart/batching; boundary="', "multipart/batching;boundary=b"),
    *("APPLICATION/XML", "application/json, application/xml", "application/xml; boundary=é", FORM),
    *JSON_TYPES,
    *XML_TYPES,
]
_content_types = st.none() | st.sampled_from(_ODD_TYPES)

_ODD_JSON = [
    *(b"", b"{", b"}", b"[]", b"null", b'"a"', b"{}", b'{"a":1,"a":2}', b'{"id":"a","ID":"b"}', b'{"a":{"b":1,"b":2}}'),
    *(b'{"a":1e400}', b'{"a":-0.0}', b'{"a":NaN}', b'{"a":%s}' % (b"9" * 4001), b"[" * 5000, b'{"a":' * 5000),
    *(b'{"a":\xff}', b'{"a":"\\ud800"}', b'{"a":"\\', b"\xef\xbb\xbf{}", '{"a":1}'.encode("utf-16")),
]
_ODD_XML = [
    *(
        b"<",
        b"<a/>",
        b"<input/>",
        b"<input><property/></input>",
        b"<input>text</input>",
        b"<resource><item/></resource>",
    ),
    b'<input><property name="a">1</property><property name="a">2</property></input>',
    *(b"<!DOCTYPE a><input/>", b"<input>" * 5000, '<?xml version="1.0" encoding="utf-16"?><input/>'.encode("utf-16")),
    *(b'<?xml version="1.0" encoding="%s"?><input/>' % encoding for encoding in (b"nonsense", b"utf-16", b"utf-7")),
    b'<!DOCTYPE a [<!ENTITY b "c">]><input><property name="a">&b;</property></input>',
    b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><input><property name="a">&b;</property></input>',
]
_ODD_OTHERS = [
    *(b" " * 30_000, b"\x00", b"\xff\xfe", b"\x1f\x8b", b"grant_type=%zz&=&&", b"--b\r\n\r\n--b--"),
    b"--b\r\nContent-Type: application/http; msgtype=request\r\n\r\nGET / HTTP/1.1\r\n\r\n--b--",
    b"--b\r\nContent-Type: application/http\r\n\r\nBREW /%zz HTTP/1.1\r\nOrigin: a\rb\r\n\r\n--b",
]
_pieces = st.sampled_from([
    *("<input>", "</input>", "<input xmlns='a'>", "<property name='a'>", "</property>", "<propertyList name='b'>"),
    *("<item>", "</item>", "</propertyList>", "<!--", "-->", "<![CDATA[", "]]>", "<?a?>", "&#0;", "&#x41;", "&amp;"),
    *("a", " ", "<a:b/>"),
])  # fmt: skip
_nonsense = (
    st.sampled_from([*_ODD_JSON, *_ODD_XML, *_ODD_OTHERS])
    | st.binary(max_size=40)
    | any_json.map(lambda value: json.dumps(value).encode())
    | st.lists(_pieces, max_size=12).map(lambda pieces: "".join(pieces).encode())
)


def _png() -> bytes:
    """A picture of one pixel."""
    buffer = io.BytesIO()
    Image.new("RGB", (1, 1)).save(buffer, "PNG")
    return buffer.getvalue()


PICTURE = _png()

_MERGE, _JSON_PATCH = PATCH_TYPES = ("application/merge-patch+json", "application/json-patch+json")
_members = st.sampled_from(["subject", "type", "id", "etag", "seats", "rel", "_links", "attendees"]) | texts
_pointers = st.lists(_members.map(lambda name: "/" + name), max_size=2).map("".join) | texts
_operations = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]), "path": _pointers},
    optional={"from": _pointers, "value": any_json},
)
SCHEMA = "application/schema+json"
_keywords = st.sampled_from(["$ref", "$id", "$schema", "type", "pattern", "enum", "const", "required", "multipleOf"])
_references = st.sampled_from(
    ["#", "#/$defs/a", "#/$defs/none", "https://example.com/", "#/anyOf/0", "(a+)+$", "(?=a)"]
)
_schemas = st.recursive(
    st.booleans() | st.dictionaries(_keywords, _references | any_json, max_size=2),
    lambda inner: (
        st.dictionaries(st.sampled_from(["not", "items", "additionalProperties", "if", "then"]), inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["properties", "$defs", "patternProperties"]), st.dictionaries(_members, inner, max_size=2)
        )
        | st.dictionaries(st.sampled_from(["anyOf", "allOf", "prefixItems"]), st.lists(inner, max_size=2))
    ),
    max_leaves=8,
)
_change = st.fixed_dictionaries(
    {"operation": st.sampled_from(["add", "replace", "patch", "remove"])},
    optional={
        "id": st.sampled_from(["~extension_id~", "new"]) | texts,
        "ifMatch": st.sampled_from(["~etag~", "*", "0"]),
        "type": st.sampled_from(["RoamedParticipantData", "Undefined", "x"]),
        "properties": st.dictionaries(_members, any_json, max_size=2),
        "patch": st.dictionaries(_members, any_json, max_size=2) | st.lists(_operations, max_size=2),
    },
)
_change_sets = st.fixed_dictionaries(
    {"changes": st.lists(_change | any_json, max_size=3)},
    optional={"meeting": st.dictionaries(st.sampled_from(["patch", "ifMatch", "x"]), any_json, max_size=2)},
)
_patches: Mapping[str, SearchStrategy[Any]] = {
    _MERGE: st.dictionaries(_members, any_json, max_size=3),
    _JSON_PATCH: st.lists(_operations, max_size=4),
}


def bodies(operation: Operation | None, description: Description) -> SearchStrategy[Body]:
    """Bodies for the operation; None: for nothing in particular."""
    nonsense = st.tuples(_content_types, _nonsense)
    described = operation.body if operation is not None else {}
    if not described:
        return seldom(st.just((None, b"")), nonsense)
    good = st.one_of([_good(media_type, described, description) for media_type in described])
    nonsense |= st.tuples(st.sampled_from(list(described)), _nonsense)
    return seldom(good, nonsense, 3)


def _good(media_type: str, described: Mapping[str, Any], description: Description) -> SearchStrategy[Body]:
    """Bodies of this type. What takes XML takes the same properties in JSON, whose schema tells of them."""
    if media_type == "multipart/batching":
        return _batches(description)
    if media_type.startswith("text/"):
        return texts.map(lambda text: (media_type, text.encode()))
    if media_type.startswith("image/"):
        return (st.just(PICTURE) | st.binary(max_size=40)).map(lambda content: (media_type, content))
    if (known := _known(media_type, described)) is not None:
        return known.map(lambda value: (media_type, json.dumps(value).encode()))
    schema = description.resolve(described["application/json"] if media_type in XML_TYPES else described[media_type])
    write = _WRITERS[media_type]
    properties = valid(schema, description)
    names = list(schema.get("properties", ()))
    spoiled = st.tuples(properties, st.sampled_from(names) | texts if names else texts, any_json).map(
        lambda drawn: {**drawn[0], drawn[1]: drawn[2]}
    )
    return seldom(properties, spoiled, 4).map(write)


def _known(media_type: str, described: Mapping[str, Any]) -> SearchStrategy[Any] | None:
    """Bodies of JSON that their schema says too little of."""
    if SCHEMA in described:
        return _schemas
    if media_type == "application/json" and "changes" in described[media_type].get("properties", {}):
        return _change_sets
    return _patches.get(media_type)


def _xml(properties: Mapping[str, Any], media_type: str = XML_TYPES[0]) -> Body:
    """An <input> with the properties, each marked with its type."""
    inner = "".join(_property(name, value) for name, value in properties.items())
    body = f'<input xmlns="{NAMESPACE}" xmlns:xsi="{_INSTANCE}" xmlns:xs="{_SCHEMA}">{inner}</input>'
    return media_type, body.encode()


def _property(name: str, value: object) -> str:
    if isinstance(value, list):
        items = "".join(f"<item{_mark(item)}>{escape(_text(item))}</item>" for item in value)
        return f"<propertyList name={quoteattr(name)}>{items}</propertyList>"
    return f"<property name={quoteattr(name)}{_mark(value)}>{escape(_text(value))}</property>"


def _mark(value: object) -> str:
    if value is None:
        return ' xsi:nil="true"'
    kinds = {bool: "boolean", int: "integer", float: "double"}
    return f' xsi:type="xs:{kinds[type(value)]}"' if type(value) in kinds else ""


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _json(properties: Mapping[str, Any], media_type: str = JSON_TYPES[0]) -> Body:
    return media_type, json.dumps(properties, ensure_ascii=len(properties) % 2 == 0).encode()


def _urlencoded(properties: Mapping[str, Any]) -> Body:
    return FORM, urlencode({name: value for name, value in properties.items() if value is not None}).encode()


def _multipart(properties: Mapping[str, Any]) -> Body:
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in properties.items()
    ]
    return "multipart/form-data; boundary=b", "".join([*parts, "--b--\r\n"]).encode()


_WRITERS: Mapping[str, Callable[[Mapping[str, Any]], Body]] = {
    **{media_type: partial(_json, media_type=media_type) for media_type in JSON_TYPES},
    **{media_type: partial(_xml, media_type=media_type) for media_type in XML_TYPES},
    FORM: _urlencoded,
    "multipart/form-data": _multipart,
}


def _batches(description: Description) -> SearchStrategy[Body]:
    parts = st.sampled_from(
        [str(operation).replace("{", "~").replace("}", "~") for operation in description.operations]
    )

    def write(lines: list[str]) -> Body:
        head = "--b\r\nContent-Type: application/http; msgtype=request\r\n\r\n"
        drawn = [f"{head}{line} HTTP/1.1\r\nIf-Match: *\r\n\r\n" for line in lines]
        return "multipart/batching; boundary=b", "".join([*drawn, "--b--\r\n"]).encode()

    return st.lists(parts, min_size=1, max_size=3).map(write)
