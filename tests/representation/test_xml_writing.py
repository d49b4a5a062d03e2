"""What documents, events and errors look like in XML."""

from lxml import etree

from openucwa.model.values import Instant
from openucwa.representation.document import Document, EventEntry, Events, Link, Reason, Sender
from openucwa.representation.xml import write, write_events, write_reason

DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'
NAMESPACE = ' xmlns="http://schemas.microsoft.com/rtc/2012/03/ucwa"'
MARKS = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xs="http://www.w3.org/2001/XMLSchema"'


def test_links_precede_properties_and_those_precede_embedded_resources() -> None:
    document = Document(
        rel="communication",
        href="/c",
        head={"guid": "please"},
        properties={"a": "1", "b": True, "c": None, "d": ("x", False), "e": 7, "f": ()},  # type: ignore[dict-item]
        custom=b'{"mine":"x"}',
        tail={"etag": "12"},
        links={"next": Link("/n", title="t", revision=2), "many": [Link("/1"), Link("/2")], "none": []},
        embedded={"one": Document("one", "/one"), "list": [Document("item", "/i")], "empty": []},
    )
    assert write(document).decode() == (
        f'{DECLARATION}<resource rel="communication" href="/c"{NAMESPACE}>'
        '<link rel="next" href="/n" title="t" revision="2"/><link rel="many" href="/1"/><link rel="many" href="/2"/>'
        '<property name="guid">please</property><property name="rel">communication</property>'
        '<property name="a">1</property><property name="b">True</property>'
        '<propertyList name="d"><item>x</item><item>False</item></propertyList><property name="e">7</property>'
        '<propertyList name="f"></propertyList>'
        '<property name="mine">x</property><property name="etag">12</property>'
        '<resource rel="one" href="/one"><property name="rel">one</property></resource>'
        '<resource rel="list" href="/i"><property name="rel">item</property></resource>'
        "</resource>"
    )


def test_embedded_resource_has_its_relation_as_rel() -> None:
    body = write(Document("invitation", "/i", embedded={"from": Document("participant", "/p")})).decode()
    assert '<resource rel="from" href="/p"><property name="rel">participant</property></resource>' in body


def test_documented_dates_are_iso_8601_with_an_offset_and_untyped() -> None:
    body = write(Document("r", "/h", properties={"when": Instant(1_474_932_029_038)})).decode()
    assert '<property name="when">2016-09-26T23:20:29.038+00:00</property>' in body
    assert "xsi" not in body


def test_every_custom_value_except_a_string_has_its_type() -> None:
    custom = b'{"s":"5","i":5,"n":0.5,"b":true,"d":"\\/Date(0)\\/","l":[1,2.5],"e":[]}'
    body = write(Document("r", "/h", custom=custom)).decode()
    assert body == (
        f'{DECLARATION}<resource rel="r" href="/h"{NAMESPACE}{MARKS}><property name="rel">r</property>'
        '<property name="s">5</property><property name="i" xsi:type="xs:integer">5</property>'
        '<property name="n" xsi:type="xs:double">0.5</property>'
        '<property name="b" xsi:type="xs:boolean">true</property>'
        '<property name="d" xsi:type="xs:dateTime">1970-01-01T00:00:00+00:00</property>'
        '<propertyList name="l"><item xsi:type="xs:integer">1</item>'
        '<item xsi:type="xs:double">2.5</item></propertyList>'
        '<propertyList name="e"></propertyList></resource>'
    )


def test_type_prefixes_are_declared_for_embedded_resources_and_events_too() -> None:
    inner = Document("item", "/i", custom=b'{"i":5}')
    events = Events("/e", {}, [Sender("s", "/s", [EventEntry("updated", "item", Link("/i"), embedded=inner)])])
    for body in (write(Document("r", "/h", embedded={"item": [inner]})), write_events(events)):
        marked = etree.fromstring(body).find(".//*[@{http://www.w3.org/2001/XMLSchema-instance}type]")
        assert marked is not None
        assert marked.nsmap["xs"] == "http://www.w3.org/2001/XMLSchema"


def test_text_that_looks_like_a_type_declares_nothing() -> None:
    assert b"XMLSchema" not in write(Document("r", "/h", properties={"t": ' xsi:type="xs:integer"'}))


def test_markup_and_blanks_in_texts_names_and_addresses_are_escaped() -> None:
    text = ' <a href="x">&amp;]]>\r\n\t'
    document = Document(text, text, properties={text: text, "l": [text]}, links={text: Link(text, title=text)})
    root = etree.fromstring(write(document))
    assert {root.get("rel"), root.get("href"), root[0].get("rel"), root[0].get("href"), root[0].get("title")} == {text}
    assert [root[1].text, root[2].get("name"), root[2].text, root[3][0].text] == [text] * 4


def test_characters_that_xml_excludes_are_replaced_in_errors() -> None:
    body = write_reason(Reason("BadRequest", "bad \x00\ud800\uffff", parameters={"\x1b": "no"}))
    root = etree.fromstring(body)
    assert root[1].text == "bad \ufffd\ufffd\ufffd"


def test_reason_shows_its_bags_even_if_empty() -> None:
    assert write_reason(Reason("Conflict", "It is there.", "AlreadyExists")).decode() == (
        f"{DECLARATION}<reason{NAMESPACE}><code>Conflict</code><subcode>AlreadyExists</subcode>"
        "<message>It is there.</message><debugInfo></debugInfo><parameters></parameters></reason>"
    )
    body = write_reason(Reason("BadRequest", "m", parameters={"id": "is bad"}, debug_info={"requestId": "1"})).decode()
    assert '<debugInfo><property name="requestId">1</property></debugInfo>' in body
    assert '<parameters><parameter name="id"><reason>is bad</reason></parameter></parameters>' in body


def test_events_are_elements_named_for_their_types() -> None:
    failed = EventEntry(
        "completed",
        "invitation",
        Link("/m"),
        embedded=Document("invitation", "/m"),
        status="Failure",
        reason=Reason("Gone", "It is over."),
    )
    arrived = EventEntry("added", "participant", Link("/p", title="Lene"), within=("lobby", "/lobby"))
    events = Events("/e?ack=1", {"next": Link("/e?ack=2&low=5")}, [Sender("conversation", "/c", [arrived, failed])])
    assert write_events(events).decode() == (
        f'{DECLARATION}<events href="/e?ack=1"{NAMESPACE}><link rel="next" href="/e?ack=2&amp;low=5"/>'
        '<sender rel="conversation" href="/c">'
        '<added rel="participant" href="/p" title="Lene"><in rel="lobby" href="/lobby"/></added>'
        '<completed rel="invitation" href="/m" status="Failure">'
        '<resource rel="invitation" href="/m"><property name="rel">invitation</property></resource>'
        "<reason><code>Gone</code><message>It is over.</message>"
        "<debugInfo></debugInfo><parameters></parameters></reason>"
        "</completed></sender></events>"
    )
