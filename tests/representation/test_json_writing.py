"""What documents, events and errors look like in JSON."""

import json

from openucwa.model.values import Instant
from openucwa.representation.document import Document, EventEntry, Events, Link, Reason, Sender
from openucwa.representation.json import write, write_events, write_reason


def test_members_are_in_the_documented_order() -> None:
    document = Document(
        rel="communication",
        href="/c",
        head={"guid": "please"},
        properties={"a": "1", "b": True, "c": None, "d": ("x", "y"), "e": 7, "f": ()},  # type: ignore[dict-item]
        custom=b'{"mine":[1,2],"day":"\\/Date(5)\\/"}',
        tail={"etag": "12"},
        links={"next": Link("/n", title="t", revision=2), "many": [Link("/1")], "none": []},
        embedded={"one": Document("one", "/one"), "list": [Document("item", "/i")], "empty": []},
    )
    assert write(document).decode() == (
        '{"guid":"please","rel":"communication","a":"1","b":true,"d":["x","y"],"e":7,"f":[],'
        '"mine":[1,2],"day":"\\/Date(5)\\/","etag":"12",'
        '"_links":{"self":{"href":"/c"},"next":{"href":"/n","title":"t","revision":"2"},"many":[{"href":"/1"}]},'
        '"_embedded":{"one":{"rel":"one","_links":{"self":{"href":"/one"}}},'
        '"list":[{"rel":"item","_links":{"self":{"href":"/i"}}}],"empty":[]}}'
    )


def test_slashes_of_a_date_are_escaped_and_no_others() -> None:
    body = write(Document("r", "/h", properties={"when": Instant(1_474_932_029_004), "list": [Instant(1)], "s": "a/b"}))
    assert b'"when":"\\/Date(1474932029004)\\/","list":["\\/Date(1)\\/"],"s":"a/b"' in body


def test_document_without_embedded_resources_shows_no_member_for_them() -> None:
    assert json.loads(write(Document("r", "/h"))) == {"rel": "r", "_links": {"self": {"href": "/h"}}}


def test_text_is_utf_8_and_not_escaped() -> None:
    assert '"t":"Grüße 🎉"'.encode() in write(Document("r", "/h", properties={"t": "Grüße 🎉"}))


def test_digits_of_custom_numbers_are_preserved() -> None:
    custom = b'{"long":' + b"9" * 4000 + b',"list":[' + b"8" * 4000 + b',1e22],"zero":-0.0}'
    assert custom[1:-1] in write(Document("r", "/h", custom=custom))


def test_events_are_shown_sender_by_sender() -> None:
    events = Events(
        href="/events?ack=1",
        links={"next": Link("/events?ack=2")},
        senders=[
            Sender(
                "conversation",
                "/c",
                [
                    EventEntry("added", "participant", Link("/p", title="Lene"), within=("lobby", "/lobby")),
                    EventEntry(
                        "completed",
                        "messagingInvitation",
                        Link("/m"),
                        embedded=Document("messagingInvitation", "/m"),
                        status="Failure",
                        reason=Reason("Gone", "It is over.", subcode="Ended"),
                    ),
                ],
            )
        ],
    )
    assert write_events(events).decode() == (
        '{"_links":{"self":{"href":"/events?ack=1"},"next":{"href":"/events?ack=2"}},'
        '"sender":[{"rel":"conversation","href":"/c","events":['
        '{"link":{"rel":"participant","href":"/p","title":"Lene"},"in":{"rel":"lobby","href":"/lobby"},"type":"added"},'
        '{"link":{"rel":"messagingInvitation","href":"/m"},"type":"completed",'
        '"_embedded":{"messagingInvitation":{"rel":"messagingInvitation","_links":{"self":{"href":"/m"}}}},'
        '"status":"Failure","reason":{"code":"Gone","subcode":"Ended","message":"It is over."}}]}]}'
    )


def test_answer_without_events_shows_an_empty_sender() -> None:
    assert write_events(Events("/e", {})) == b'{"_links":{"self":{"href":"/e"}},"sender":[]}'


def test_reason_omits_missing_members() -> None:
    assert write_reason(Reason("Conflict", "It is there.")) == b'{"code":"Conflict","message":"It is there."}'
    full = Reason("BadRequest", "m", "ParameterValidationFailure", {"id": "is bad"}, {"requestId": "1"})
    assert json.loads(write_reason(full)) == {
        "code": "BadRequest",
        "subcode": "ParameterValidationFailure",
        "message": "m",
        "parameters": [{"name": "id", "reason": "is bad"}],
        "debugInfo": {"requestId": "1"},
    }
