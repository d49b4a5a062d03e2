"""Which XML bodies are read, and what the others are told."""

from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from openucwa.model.refusals import DeserializationFailure, ParameterValidationFailure
from openucwa.model.values import Instant, UntypedText
from openucwa.representation import xml
from openucwa.representation.bodies import encoding_of, text_of
from openucwa.representation.limits import StructureLimits
from openucwa.representation.xml import NAMESPACE
from tests.work import at_most

LIMITS = StructureLimits()


def read(body: bytes) -> dict[str, object]:
    """As a body without a charset is read."""
    return xml.read(text_of(body, encoding_of(body, None, "xml")), LIMITS)


XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
XS = 'xmlns:xs="http://www.w3.org/2001/XMLSchema"'


def body_of(inner: str, root: str = "input") -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?><{root} xmlns="{NAMESPACE}" {XSI} {XS}>{inner}</{root}>'.encode()


def value_of(text: str, mark: str) -> object:
    return read(body_of(f'<property name="a" xsi:type="{mark}">{text}</property>'))["a"]


def test_untyped_properties_and_lists_are_texts() -> None:
    given = read(
        body_of('\n <property name="a"> x </property>\n <propertyList name="b"><item>1</item>\n<item/></propertyList>'
                '<propertyList name="c"/><property name="d"/>'),
    )  # fmt: skip
    assert given == {"a": " x ", "b": ["1", ""], "c": [], "d": ""}
    assert isinstance(given["a"], UntypedText)
    assert isinstance(given["d"], UntypedText)
    assert all(isinstance(item, UntypedText) for item in given["b"])  # type: ignore[attr-defined]


def test_representation_sent_back_is_read_with_links_but_without_embedded_resources() -> None:
    inner = (
        '<link rel="x" href="/x"/><property name="rel">r</property><resource rel="y"><property name="a">1</property>'
        '</resource><property name="a">2</property>'
    )
    assert read(body_of(inner, "resource")) == {"rel": "r", "a": "2", "_links": {"x": {"href": "/x"}}}


def test_body_without_the_namespace_is_read_too() -> None:
    assert read(b'<input><property name="a">1</property></input>') == {"a": "1"}


def test_comments_cdata_and_references_are_parts_of_one_text() -> None:
    given = read(body_of('<!-- x --><property name="a">1<!-- y -->&lt;<![CDATA[<&]]>&#13;<?p i?>2</property>'))
    assert given == {"a": "1<<&\r2"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252", "shift_jis"])
def test_any_encoding_that_the_declaration_names_is_read(encoding: str) -> None:
    text = "あ" if encoding == "shift_jis" else "é"
    body = f'<?xml version="1.0" encoding="{encoding}"?><input><property name="a">{text}</property></input>'
    assert read(body.encode(encoding)) == {"a": text}


@pytest.mark.parametrize(
    ("text", "mark", "value"),
    [
        (" 5 ", "xs:integer", 5),
        ("-0012", "xs:int", -12),
        ("+7", "xs:long", 7),
        ("9" * 4000, "xs:integer", int("9" * 4000)),
        ("1e22", "xs:double", 1e22),
        (".5", "xs:float", 0.5),
        ("5", "xs:decimal", 5.0),
        ("true", "xs:boolean", True),
        ("0", "xs:boolean", False),
        ("2016-09-26T16:20:29.038-07:00", "xs:dateTime", Instant(1_474_932_029_038)),
        ("0001-01-01T00:00:00", "xs:dateTime", Instant(-62_135_596_800_000)),
        (" 5 ", "xs:string", " 5 "),
        ("2027-01-01", "xs:date", Instant(1_798_761_600_000)),
        ("2027-01-01Z", "xs:date", Instant(1_798_761_600_000)),
        (" 2027-01-01+01:00 ", "xs:date", Instant(1_798_758_000_000)),
        ("http://contoso.com/a", "xs:anyURI", "http://contoso.com/a"),
        ("P1D", "xs:duration", "P1D"),
        ("x", "xs:unheardOf", "x"),
    ],
)
def test_xsi_type_decides_the_type(text: str, mark: str, value: object) -> None:
    found = value_of(text, mark)
    assert found == value
    assert type(found) is type(value)


def test_any_prefix_bound_to_xml_schema_is_accepted_in_properties_and_items() -> None:
    prefix = XS.replace("xs", "q", 1)
    inner = f'<propertyList name="a"><item {prefix} xsi:type="q:int">1</item><item>2</item></propertyList>'
    given = read(body_of(inner))["a"]
    assert given == [1, "2"]


@pytest.mark.parametrize("prefix", ["xs", "xsd"])
def test_usual_prefixes_of_xml_schema_need_no_declaration(prefix: str) -> None:
    body = f'<input {XSI}><property name="a" xsi:type="{prefix}:integer">5</property></input>'
    assert read(body.encode()) == {"a": 5}


@pytest.mark.parametrize("declaration", ["xmlns:xs='urn:other'", "xmlns:xsd='urn:other'"])
def test_usual_prefix_that_is_bound_to_something_else_means_that(declaration: str) -> None:
    inner = "".join(f'<property name="{p}" xsi:type="{p}:integer">5</property>' for p in ("xs", "xsd"))
    with pytest.raises(ParameterValidationFailure):
        read(f"<input {XSI} {declaration}>{inner}</input>".encode())


def test_prefix_has_its_innermost_binding() -> None:
    schema, other = "http://www.w3.org/2001/XMLSchema", "urn:other"
    inner = (
        f'<propertyList name="a" xmlns:q="{other}"><item xmlns:q="{schema}" xsi:type="q:int">1</item></propertyList>'
        f'<property name="b" xmlns:q="{schema}" xsi:type="q:int">2</property>'
    )
    assert read(f'<input xmlns:q="{other}" {XSI}>{inner}</input>'.encode()) == {"a": [1], "b": 2}
    with pytest.raises(ParameterValidationFailure):
        read(f'<input xmlns:q="{schema}" {XSI}><property name="a" xmlns:q="{other}" xsi:type="q:int">1</property>'
             "</input>".encode())  # fmt: skip


def test_nil_is_null() -> None:
    inner = '<property name="a" xsi:nil="true"/><propertyList name="b"><item xsi:nil="1"/></propertyList>'
    assert read(body_of(inner)) == {"a": None, "b": [None]}


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("5.0", "xs:integer"),
        ("1_0", "xs:integer"),
        ("٥", "xs:integer"),
        ("", "xs:integer"),
        ("9" * 4001, "xs:integer"),
        ("1e400", "xs:double"),
        ("INF", "xs:double"),
        ("NaN", "xs:double"),
        ("infinity", "xs:double"),
        ("1_0", "xs:double"),
        ("True", "xs:boolean"),
        ("yesterday", "xs:dateTime"),
        ("/Date(x)/", "xs:dateTime"),
        ("2027-13-01", "xs:date"),
        ("2027-01-01T00:00:00", "xs:date"),
        ("0001-01-01T00:00:00+01:00", "xs:dateTime"),
        ("5", "integer"),
        ("5", "xsi:integer"),
        ("5", "unbound:integer"),
        ("5", ""),
    ],
)
def test_text_that_does_not_match_its_type_is_refused_by_name(text: str, mark: str) -> None:
    with pytest.raises(ParameterValidationFailure) as caught:
        value_of(text, mark)
    assert list(caught.value.parameters) == ["a"]


@pytest.mark.parametrize(
    "inner",
    [
        '<property name="a">1</property><property name="a">1</property>',
        '<property name="a">1</property><propertyList name="a"/>',
        '<property name="a"><b/></property>',
        '<propertyList name="a"><property name="x"/></propertyList>',
        '<propertyList name="a"><item><item>1</item></item></propertyList>',
        '<propertyList name="a"><item xsi:type="xs:int">x</item></propertyList>',
    ],
)
def test_unsupported_property_is_refused_by_name(inner: str) -> None:
    with pytest.raises(ParameterValidationFailure) as caught:
        read(body_of(inner))
    assert list(caught.value.parameters) == ["a"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "well-formed"),
        (b"{}", "well-formed"),
        (b"<input>", "well-formed"),
        (b"<input>&nbsp;</input>", "well-formed"),
        (b"<input>\xff</input>", "not UTF-8: byte 8"),
        (b"<input>&#0;</input>", "well-formed"),
        (b'<?xml version="1.0" encoding="utf-8"><input/>', "declaration"),
        (b'<?xml encoding="utf-8"?><input/>', "declaration"),
        (b"\xef\xbb\xbf\xef\xbb\xbf<input/>", "well-formed"),
        (b"<?p i<input/>", "well-formed"),
        (b"<!-- <input/>", "well-formed"),
        (b"<output/>", "root element <output>"),
        (b'<input xmlns="urn:other"/>', "root element <input>"),
        (body_of("<propety name='a'/>"), "element <propety>"),
        (body_of("<property>1</property>"), "element <property>"),
        (body_of("<x:property xmlns:x='urn:x' name='a'/>"), "element <property>"),
        (body_of("text"), "text in <input>"),
        (body_of('<property name="a"/>text'), "text in <input>"),
        (body_of('<propertyList name="a">text</propertyList>'), "text in <propertyList>"),
        (body_of("<resource>" * 32 + "</resource>" * 32), "32 levels"),
        (body_of("<resource>" * 100_000), "well-formed"),
    ],
)
def test_malformed_input_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(DeserializationFailure, match=words):
        read(body)


DOCTYPES = [
    "<!DOCTYPE input>",
    "<!DOCTYPE input SYSTEM 'http://127.0.0.1:9/x.dtd'>",
    "<!DOCTYPE input [<!ENTITY a 'x'>]>",
    "<!DOCTYPE input [<!ENTITY % p SYSTEM 'http://127.0.0.1:9/x'> %p;]>",
    " \n<!DOCTYPE input>",
    "<!-- <input> --><?p <input> ?>\n<!-- > --><!DOCTYPE input>",
]
MARKED = {
    "utf-8": b"\xef\xbb\xbf",
    "utf-16-le": b"\xff\xfe",
    "utf-16-be": b"\xfe\xff",
    "utf-32-le": b"\xff\xfe\0\0",
    "utf-32-be": b"\0\0\xfe\xff",
}


@pytest.mark.parametrize("doctype", DOCTYPES)
@pytest.mark.parametrize("declaration", ["", '<?xml version="1.0"?>', "<?xml version='1.0' encoding='{}' ?>\n"])
@pytest.mark.parametrize("encoding", [*MARKED, "iso-8859-1", "shift_jis"])
def test_doctype_is_refused_in_every_encoding(doctype: str, declaration: str, encoding: str) -> None:
    body = f"{declaration.format(encoding)}{doctype}<input/>".encode(encoding)
    with pytest.raises(DeserializationFailure, match="DOCTYPE"):
        read(MARKED.get(encoding, b"") + body)
    if encoding.startswith(("utf-16", "utf-32")) and declaration:
        with pytest.raises(DeserializationFailure, match="DOCTYPE"):
            read(body)


@pytest.mark.parametrize(
    "before",
    [
        "\ufeff",
        '<?xml version="1.0">',
        '<?xml version="1.0" encoding="utf-8" x>',
        "<?xml?>",
        "<!-- -- -->",
        "<!-- -->\0",
        "<?xml version='1.0'?><?xml version='1.0'?>",
        "x",
    ],
)
def test_no_prefix_hides_a_doctype_from_the_check_but_not_from_the_parser(before: str) -> None:
    attributes = " ".join(f'b{number} CDATA ""' for number in range(30_000))
    body = f"{before}<!DOCTYPE a [<!ATTLIST a {attributes}>]><a/>"
    for more in ("", "?>", "-->"):
        for mark in (b"", b"\xef\xbb\xbf"):
            with at_most(100), pytest.raises(DeserializationFailure):
                read(mark + f"{body}{more}".encode())


def test_external_entity_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    for use in ('<property name="a">&x;</property>', '<property name="&x;"/>'):
        body = f"<!DOCTYPE input [<!ENTITY x SYSTEM '{secret.as_uri()}'>]><input>{use}</input>".encode()
        with pytest.raises(DeserializationFailure) as caught:
            read(body)
        assert "the secret" not in str(caught.value)


@pytest.mark.parametrize("use", ['<property name="a">&z;</property>', '<property name="&z;"/>'])
def test_billion_laughs_attack_is_refused_before_it_is_parsed(use: str) -> None:
    names = "abcdefghijz"
    laughs = "".join(f'<!ENTITY {name} "{(f"&{before};") * 10}">' for before, name in pairwise(names))
    body = f'<!DOCTYPE input [<!ENTITY a "haha">{laughs}]><input>{use}</input>'.encode()
    with at_most(100), pytest.raises(DeserializationFailure):
        read(body)


@pytest.mark.parametrize(
    "inner",
    [
        '<propertyList name="a">' + "<item/>" * 40_000 + "</propertyList>",
        "<link/>" * 40_000,
        "<link " + " ".join(f'a{number}=""' for number in range(40_001)) + "/>",
        "<link " + " ".join(f'xmlns:a{number}="b"' for number in range(40_001)) + "/>",
        "<link xmlns:a='b'/>" * 39_999 + "<link xmlns:a='b' xmlns:c='d'/>",
    ],
    ids=["items", "links", "attributes", "declarations", "elements with declarations"],
)
def test_elements_attributes_and_declarations_are_bounded(inner: str) -> None:
    with pytest.raises(DeserializationFailure, match="more than 40,000 elements"):
        read(body_of(inner))


def test_as_many_typed_items_as_an_extension_can_hold_are_read() -> None:
    items = '<item xsi:type="xs:int">1</item>' * 32_000
    assert read(body_of(f'<propertyList name="a">{items}</propertyList>')) == {"a": [1] * 32_000}


_MANY = " ".join(f'xmlns:n{number}="u{number}"' for number in range(12_000))


@pytest.mark.parametrize(
    "inner",
    [
        "".join(f'<property name="{n}">x</property>' for n in range(30_000)),
        '<propertyList name="a">' + "<item/>" * 140_000 + "</propertyList>",
        '<property name="a" xsi:type="xs:integer">' + "9" * 1_000_000 + "</property>",
        '<property name="a">' + "&amp;" * 200_000 + "</property>",
        f'<propertyList name="a" {_MANY}>' + '<item xsi:type="xs:int">1</item>' * 19_000 + "</propertyList>",
        f'<propertyList name="a" {_MANY}>' + '<item xsi:type="n7:int">1</item>' * 19_000 + "</propertyList>",
        '<propertyList name="a">' + f'<item xmlns:q="{"u" * 20}" xsi:type="q:i">1</item>' * 15_000 + "</propertyList>",
        '<propertyList name="a">' + '<item xsi:type="xs:double">1e999</item>' * 25_000 + "</propertyList>",
        '<property name="a">' + "a<!---->" * 120_000 + "</property>",
        "<?p?>" * 180_000,
        "<link " + " ".join(f'xmlns:a{n}="b" a{n}:a=""' for n in range(22_000)) + "/>",
    ],
    ids=["properties", "items", "digits", "references", "types", "unknown types", "own types", "not numbers",
         "comments", "instructions", "attributes"],
)  # fmt: skip
def test_worst_body_of_a_mebibyte_costs_a_few_calls_for_each_element(inner: str) -> None:
    body = body_of(inner)
    with at_most(25 * LIMITS.elements), suppress(ParameterValidationFailure, DeserializationFailure):
        read(body)
