"""Bodies that mean no good: the documented refusal, at once, and nothing of them is kept."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.client import UcwaClient, extensions_of
from tests.conftest import Connect, Make
from tests.resources.messages import NAMESPACE, assert_invalid, assert_refused
from tests.work import at_most

XML = {"Content-Type": "application/xml"}
JSON = {"Content-Type": "application/json"}

#: Calls in which the largest body has to be dealt with, whatever it is: a few for each of its 40,000 elements.
MOST_CALLS = 1_000_000
#: The same for a body of which almost nothing is read.
FEW_CALLS = 10_000
MEBIBYTE = 1_048_576


@pytest.fixture
async def extensions(lene: UcwaClient) -> AsyncIterator[str]:
    """The extensions of a meeting; after the test it takes one, and has no other."""
    href = extensions_of(await lene.schedule())
    yield href
    assert (await lene.post(href, json={"id": "last"})).status_code == 201
    answer = await lene.get(href)
    assert [each["id"] for each in answer.json()["_embedded"]["onlineMeetingExtension"]] == ["last"]


def input_xml(inner: str, before: str = "") -> bytes:
    return f'{before}<input xmlns="{NAMESPACE}">{inner}</input>'.encode()


async def post(
    client: UcwaClient, href: str, body: bytes, headers: dict[str, str], calls: int = MOST_CALLS
) -> httpx.Response:
    """The response to a POST that must not cost more than `calls`."""
    with at_most(calls):
        return await client.post(href, content=body, headers=headers)


def assert_malformed(answer: Any) -> None:
    assert_refused(answer, 400, "BadRequest", "DeserializationFailure")


# XML's own

_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "body",
    [
        input_xml('<property name="a">&l9;</property>', f'<!DOCTYPE input [<!ENTITY l0 "ha">{_LAUGHS}]>'),
        input_xml('<property name="&l9;">a</property>', f'<!DOCTYPE input [<!ENTITY l0 "ha">{_LAUGHS}]>'),
        input_xml(
            '<property name="a">&l;</property>', f'<!DOCTYPE a [<!ENTITY l "{"ha" * 50_000}">]>' + "<?a?>" * 1000
        ),
        input_xml("&l;" * 100_000, f'<!DOCTYPE a [<!ENTITY l "{"ha" * 50_000}">]>'),
    ],
    ids=["text", "attribute", "quadratic", "quadratic at the root"],
)
async def test_billion_laughs_attack_is_refused(lene: UcwaClient, extensions: str, body: bytes) -> None:
    assert_malformed(await post(lene, extensions, body, XML))


@pytest.mark.parametrize(
    "declaration",
    [
        '<!ENTITY e SYSTEM "file:///etc/passwd">',
        '<!ENTITY e SYSTEM "http://127.0.0.1:9/">',
        '<!ENTITY e PUBLIC "-//A//B" "file:///etc/passwd">',
        '<!ENTITY % p SYSTEM "file:///etc/passwd"> %p; <!ENTITY e "">',
        '<!ENTITY e "inside">',
    ],
)
async def test_external_entity_is_not_resolved(lene: UcwaClient, extensions: str, declaration: str) -> None:
    body = input_xml('<property name="a">&e;</property>', f"<!DOCTYPE input [{declaration}]>")
    answer = await post(lene, extensions, body, XML)
    assert_malformed(answer)
    assert "root:" not in answer.text


async def test_external_dtd_subset_is_not_read(lene: UcwaClient, extensions: str) -> None:
    assert_malformed(await post(lene, extensions, input_xml("", '<!DOCTYPE input SYSTEM "file:///etc/passwd">'), XML))


@pytest.mark.parametrize(
    "inner",
    [
        "<property name='a'>&#0;</property>",
        "<property name='a'>&#xD800;</property>",
        "<property name='a'>\x0b</property>",
        "<property name='a' name='b'>c</property>",
        "<property xmlns:x='' x:name='a'>b</property>",
        "<property name='a'>]]></property>",
        "<property name='a'>b</property",
        "<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='file:///etc/passwd' parse='text'/>",
    ],
)
async def test_malformed_xml_is_refused(lene: UcwaClient, extensions: str, inner: str) -> None:
    assert_malformed(await post(lene, extensions, input_xml(inner), XML))


# Depth


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"a":[', b'[{"":'])
@pytest.mark.parametrize("closed", [False, True])
async def test_deeply_nested_json_is_refused(lene: UcwaClient, extensions: str, opening: bytes, closed: bool) -> None:
    depth = MEBIBYTE // len(opening) // 2
    body = opening * depth
    if closed:
        body += b"0" + bytes({ord("["): ord("]"), ord("{"): ord("}")}[each] for each in body[::-1] if each in b"[{")
    assert_malformed(await post(lene, extensions, body[:MEBIBYTE], JSON))


@pytest.mark.parametrize("outer", ["", '<property name="a">'])
async def test_deeply_nested_xml_is_refused(lene: UcwaClient, extensions: str, outer: str) -> None:
    depth = MEBIBYTE // len("<a></a>") - 100
    assert_malformed(await post(lene, extensions, input_xml(f"{outer}{'<a>' * depth}{'</a>' * depth}"), XML))


async def test_brackets_in_a_string_are_not_nesting(lene: UcwaClient) -> None:
    extension = await lene.extend(await lene.schedule(), a="[" * 1000 + '"{' * 1000)
    assert extension["a"] == "[" * 1000 + '"{' * 1000


# Numbers


@pytest.mark.parametrize(
    "number", ["9" * 4001, "-" + "9" * 4001, "1e400", "-1e400", "1" + "0" * 400 + ".0", "9" * 900_000]
)
async def test_huge_number_is_refused_by_name(lene: UcwaClient, extensions: str, number: str) -> None:
    assert_invalid(await post(lene, extensions, f'{{"a":{number}}}'.encode(), JSON), "a")
    assert_invalid(await post(lene, extensions, f'{{"a":[1,{number}]}}'.encode(), JSON), "a")
    kind = "double" if "." in number or "e" in number else "integer"
    marked = f'<property name="a" xmlns:x="{_XSI}" xmlns:s="{_XS}" x:type="s:{kind}">{number}</property>'
    assert_invalid(await post(lene, extensions, input_xml(marked), XML), "a")


_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_XS = "http://www.w3.org/2001/XMLSchema"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "01", "+1", "1.", ".5", "0x1", "1_0", "١"])
async def test_nan_and_infinity_are_refused(lene: UcwaClient, extensions: str, number: str) -> None:
    assert_malformed(await post(lene, extensions, f'{{"a":{number}}}'.encode(), JSON))


async def test_integer_with_the_maximum_number_of_digits_keeps_every_digit(lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    digits = "1234567890" * 400
    answer = await post(lene, extensions_of(meeting), f'{{"a":{digits}}}'.encode(), JSON)
    assert answer.status_code == 201
    assert f'"a":{digits}' in answer.text


# Names that are given twice


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"a":1,"a":1}', "a"),
        (b'{"a":1,"\\u0061":2}', "a"),
        (b'{"type":"Undefined","type":"RoamedParticipantData"}', "type"),
        (b'{"a":{"b":1,"b":2}}', "b"),
    ],
)
async def test_repeated_name_in_json_is_refused(lene: UcwaClient, extensions: str, body: bytes, name: str) -> None:
    assert_invalid(await post(lene, extensions, body, JSON), name)


async def test_repeated_name_in_xml_is_refused(lene: UcwaClient, extensions: str) -> None:
    twice = '<property name="a">1</property><propertyList name="a"/>'
    assert_invalid(await post(lene, extensions, input_xml(twice), XML), "a")


async def test_documented_name_in_two_spellings_is_refused(lene: UcwaClient, extensions: str) -> None:
    assert_invalid(await post(lene, extensions, b'{"id":"a","ID":"b"}', JSON), "id")


# Encodings


@pytest.mark.parametrize(
    "body",
    [
        '{"a":"é"}'.encode("utf-16"),
        '{"a":"é"}'.encode("utf-16-le"),
        '{"a":"é"}'.encode("utf-32"),
        '{"a":"é"}'.encode("latin-1"),
        b'{"a":"\xc0\x80"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\xf4\x90\x80\x80"}',
        b'{"\xff":1}',
        b'{"a":1}\xff',
        b'{"a":1}\x00',
        b"\xff" * 1000,
        b"+AHsAIgBh-",
    ],
)
async def test_json_that_is_not_utf_8_is_refused(lene: UcwaClient, extensions: str, body: bytes) -> None:
    assert_malformed(await post(lene, extensions, body, {"Content-Type": "application/json; charset=utf-8"}))


@pytest.mark.parametrize("text", ["\\ud800", "\\udc00\\ud800", "\\u0000", "\\ufffe", "\\u001f"])
async def test_unrepresentable_text_is_refused_by_name(lene: UcwaClient, extensions: str, text: str) -> None:
    assert_invalid(await post(lene, extensions, f'{{"a":"{text}"}}'.encode(), JSON), "a")


@pytest.mark.parametrize(
    "body",
    [
        input_xml("", '<?xml version="1.0" encoding="utf-16"?>'),
        input_xml('<property name="a">é</property>', '<?xml version="1.0" encoding="ascii"?>'),
        input_xml("", '<?xml version="1.0" encoding="../../etc/passwd"?>'),
        input_xml('<property name="a">é</property>').decode().encode("latin-1"),
        b"\xef\xbb\xbf" + input_xml("").decode().encode("utf-16-le"),
    ],
)
async def test_xml_in_an_undeclared_encoding_is_refused(lene: UcwaClient, extensions: str, body: bytes) -> None:
    assert_malformed(await post(lene, extensions, body, XML))


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "utf-8"])
async def test_xml_in_its_declared_encoding_is_read(lene: UcwaClient, encoding: str) -> None:
    href = extensions_of(await lene.schedule())
    declared = input_xml('<property name="a">é</property>', f'<?xml version="1.0" encoding="{encoding}"?>')
    answer = await post(lene, href, declared.decode().encode(encoding), XML)
    assert answer.status_code == 201, answer.text
    assert answer.json()["a"] == "é"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip", "nonsense"])
async def test_compressed_body_is_not_decompressed(lene: UcwaClient, extensions: str, encoding: str) -> None:
    answer = await post(lene, extensions, b"\x1f\x8b" + b"a" * 1000, {**JSON, "Content-Encoding": encoding})
    assert_refused(answer, 415, "UnsupportedMediaType")


async def test_body_with_identity_encoding_is_read(lene: UcwaClient) -> None:
    href = extensions_of(await lene.schedule())
    answer = await lene.post(href, content=b"{}", headers={**JSON, "Content-Encoding": "Identity"})
    assert answer.status_code == 201


# As large as a body can be


def _filled(start: str, piece: str, end: str) -> bytes:
    return (start + piece * ((MEBIBYTE - 200) // len(piece)) + end).encode()


_MANY = f'xmlns:x="{_XSI}" xmlns:s="{_XS}" ' + " ".join(f'xmlns:n{number}="u{number}"' for number in range(12_000))


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (("{" + ",".join(f'"a{number}":1' for number in range(80_000)) + "}").encode(), JSON),
        (("{" + ",".join(f'"a{number}":{{}}' for number in range(70_000)) + "}").encode(), JSON),
        (("{" + ",".join(f'"{number * 2**61}":""' for number in range(30_000)) + "}").encode(), JSON),
        (_filled('{"a":[', "1,", "1]}"), JSON),
        (_filled('{"a":[', "{},", "1]}"), JSON),
        (_filled('{"a":"', "\\u0041", '"}'), JSON),
        (_filled('{"a":"', '\\"', '"}'), JSON),
        (_filled('{"a":"', "\\\\", ""), JSON),
        (_filled("{", '"', "}"), JSON),
        (_filled("", " ", "{}"), JSON),
        (_filled('{"a":"/Date(', "1", ')/"}'), JSON),
        (_filled('{"a":0.', "0", "1}"), JSON),
        (_filled('{"id":"', "a", '"}'), JSON),
        (_filled('{"', "a", '":1}'), JSON),
        (_filled('{"type":"', "a", '"}'), JSON),
        (input_xml("".join(f"<property name='a{number}'/>" for number in range(35_000))), XML),
        (input_xml("<property name='a' " + " ".join(f"b{number}=''" for number in range(80_000)) + "/>"), XML),
        (input_xml("<property name='a' " + " ".join(f"xmlns:b{number}='c'" for number in range(50_000)) + "/>"), XML),
        (input_xml("".join(f"<resource xmlns:b{number}='c{number}'/>" for number in range(25_000))), XML),
        (_filled(f'<input xmlns="{NAMESPACE}"><propertyList name="a">', "<item/>", "</propertyList></input>"), XML),
        (_filled(f'<input xmlns="{NAMESPACE}"><property name="a">', "&amp;", "</property></input>"), XML),
        (_filled(f'<input xmlns="{NAMESPACE}"><property name="a">', "&#65;", "</property></input>"), XML),
        (_filled(f'<input xmlns="{NAMESPACE}"><property name="a"><![CDATA[', "]]", "]]></property></input>"), XML),
        (_filled(f'<input xmlns="{NAMESPACE}">', "<!---->", "</input>"), XML),
        (_filled("<", "a", "/>"), XML),
        (_filled("<!DOCTYPE a [<!ATTLIST a ", 'b CDATA "" ', ">]><a/>"), XML),
        (("<!DOCTYPE a [<!ATTLIST a" + "".join(f' b{n} CDATA ""' for n in range(60_000)) + ">]><a/>").encode(), XML),
        (
            input_xml(
                f"<propertyList name='a' {_MANY}>" + "<item x:type='s:int'>1</item>" * 19_000 + "</propertyList>"
            ),
            XML,
        ),
        (_filled("<input ", "a", "='b'/>"), XML),
    ],
)
async def test_largest_body_costs_a_few_calls_for_each_element(
    lene: UcwaClient, body: bytes, headers: dict[str, str]
) -> None:
    meeting = await lene.schedule()
    answer = await post(lene, extensions_of(meeting), body, headers)
    assert answer.status_code in {201, 400, 413}
    assert len(answer.content) < 100_000
    put = {"If-Match": "*", **headers}
    with at_most(MOST_CALLS):
        answer = await lene.put(meeting["_links"]["self"]["href"], content=body, headers=put)
    assert answer.status_code in {400, 413}
    assert len(answer.content) < 100_000


@pytest.mark.parametrize(
    "properties",
    [
        {"attendees": ["sip:" + "a." * 250_000 + "@"]},
        {"attendees": ["sip:a@" + "a." * 250_000 + "!"]},
        {"attendees": ["sip:a@" + "a-" * 250_000 + "!"]},
        {"attendees": ["sip:a@b;" + ";" * 500_000 + "<"]},
        {"attendees": ["sip:a@[" + ":" * 500_000]},
        {"attendees": ["sip:a@b"] * 39_000},
        {"leaders": ["x"] * 39_000},
        {"expirationTime": "/Date(" + "1" * 500_000},
        {"expirationTime": "2" * 500_000},
        {"description": "a" * 500_000},
        {"accessLevel": "E" * 500_000},
    ],
    ids=lambda properties: next(iter(properties)),
)
async def test_invalid_meeting_values_are_refused_in_few_calls(lene: UcwaClient, properties: dict[str, Any]) -> None:
    answer = await post(lene, lene.meetings, json.dumps(properties).encode(), JSON)
    assert_invalid(answer, *properties)
    assert len(answer.content) < 2_000


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (_filled("", "a=b&", ""), "application/x-www-form-urlencoded"),
        (_filled("", "&", ""), "application/x-www-form-urlencoded"),
        (_filled("", "--b\r\n", ""), "multipart/form-data; boundary=b"),
        (_filled("", "--b \n", ""), "multipart/form-data; boundary=b"),
        (_filled("--b", " ", ""), "multipart/form-data; boundary=b"),
        (_filled("--b\r\n", "\r", ""), "multipart/form-data; boundary=b"),
        (_filled("--b\n", "\n", "--b--"), "multipart/form-data; boundary=b"),
        (_filled("--b\nContent-Disposition: form-data; name=", '"', "\n\n--b--"), "multipart/form-data; boundary=b"),
        (_filled("--b\nContent-Disposition: form-data", ";a=b", "\n\n--b--"), "multipart/form-data; boundary=b"),
        (_filled("", "--b\r\n\r\n", "--b--"), "multipart/form-data; boundary=b"),
        (_filled("--b\r\n", "A: b\r\n", "\r\n\r\n--b--"), "multipart/form-data; boundary=b"),
        (_filled("", "\r\n--", ""), "multipart/form-data; boundary=-"),
    ],
)
async def test_hostile_forms_cost_few_calls(
    make_service: Make, connect: Connect, body: bytes, content_type: str
) -> None:
    client = connect(await make_service(max_body_bytes_without_token=MEBIBYTE))
    answer = await post(client, "/WebTicket/oauthtoken", body, {"Content-Type": content_type}, FEW_CALLS)
    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_request"} or answer.json() == {"error": "unsupported_grant_type"}


async def test_field_of_escapes_costs_a_call_or_two_for_each(make_service: Make, connect: Connect) -> None:
    client = connect(await make_service())
    body = b"grant_type=" + b"%41" * 20_000
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await post(client, "/WebTicket/oauthtoken", body, form, 3 * 20_000)
    assert answer.json() == {"error": "unsupported_grant_type"}


async def test_maximum_of_query_parameters_costs_a_few_calls_for_each(lene: UcwaClient) -> None:
    with at_most(50 * 30_000):  # those of the client that makes the URL are among them
        answer = await lene.post(f"{lene.meetings}?{'&'.join(['a'] * 30_000)}", json={})
    assert answer.status_code == 201


_PART = "\r\n--b\r\nContent-Type: application/http; msgtype=request\r\n\r\nGET / HTTP/1.1\r\n\r\n"


@pytest.mark.parametrize(
    "body",
    [
        _filled("", _PART, "--b--"),
        _filled("", "\r\n--b", "--"),
        _filled("\r\n--b", " ", "x\r\n--b--"),
        _filled("\r\n--b\r\n", "\r\n", "\r\n--b--"),
        _filled("\r\n--b\r\n", "\n", "\r\n--b--"),
        _filled(_PART.removesuffix("\r\n\r\n") + "\r\nA: ", "\r", "\r\n--b--"),
        _filled("\r\n--b\r\nContent-Type: application/http;", ";", "\r\n--b--"),
        _filled("\r\n--b\r\nContent-Type: application/http\r\n\r\nGET", " ", "\r\n--b--"),
        _filled("\r\n--b\r\nContent-Type: application/http\r\n\r\nGET ", "a", "\r\n--b--"),
        _filled("\r\n--b\r\nContent-Type: application/http\r\n\r\nGET http://", "[", " HTTP/1.1\r\n--b--"),
        _filled("\r\n--b\r\nContent-Type: application/http\r\n\r\nGET / HTTP/1.1\r\n", "A: b\r\n", "\r\n--b--"),
    ],
)
async def test_hostile_batches_cost_few_calls(lene: UcwaClient, body: bytes) -> None:
    headers = {"Content-Type": "multipart/batching; boundary=b", "Accept": "*/*"}
    answer = await post(lene, f"{lene.app}/batch", body, headers, FEW_CALLS)
    assert answer.status_code in {200, 400, 429}
