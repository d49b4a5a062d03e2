"""What an extension may hold, and what it is stored as."""

import pytest

from openucwa.meetings.extension import ExtensionDraft, ExtensionLimits, custom_values, read_extension
from openucwa.model.meeting import Extension, ExtensionType
from openucwa.model.refusals import EntityTooLarge, ParameterValidationFailure
from openucwa.model.values import Instant, UntypedText

GUID = "56de7bbf-1081-43e6-bbf2-1cabf3224c83"
HREF = "/ucwa/v1/applications/1/onlineMeetings/myOnlineMeetings/AAAAAAAA/onlineMeetingExtensions/x"
STORED = Extension(
    "x",
    ExtensionType.ROAMED_PARTICIPANT_DATA,
    "1",
    b'{"int":5,"num":0.5,"bool":true,"day":"\\/Date(1000)\\/","str":"5","ints":[1,2],"empty":[]}',
)


def post(given: dict[str, object], properties: int = 300, size: int = 65_536) -> ExtensionDraft:
    limits = ExtensionLimits(properties, size)
    return read_extension(given, href=None, pass_through=GUID, stored=None, limits=limits)


def put(given: dict[str, object]) -> ExtensionDraft:
    limits = ExtensionLimits(300, 65_536)
    return read_extension(given, href=HREF, pass_through=GUID, stored=STORED, limits=limits)


def faults_of_post(given: dict[str, object]) -> dict[str, str]:
    with pytest.raises(ParameterValidationFailure) as caught:
        post(given)
    return caught.value.parameters


def test_properties_are_stored_as_compact_json_in_the_order_they_came_in() -> None:
    draft = post(
        {
            "z": "Grüße",
            "id": "917823",
            "n": 5,
            "type": "RoamedParticipantData",
            "f": 1.0,
            "b": False,
            "d": "/Date(-5+0200)/",
            "l": [1, 2.5],
            "e": [],
        }
    )
    assert draft.id == "917823"
    assert draft.type is ExtensionType.ROAMED_PARTICIPANT_DATA
    assert draft.properties.decode() == (
        '{"z":"Grüße","n":5,"f":1.0,"b":false,"d":"\\/Date(-5)\\/","l":[1,2.5],"e":[]}'
    )


def test_empty_extension_is_undefined_and_has_no_id_yet() -> None:
    assert post({}) == ExtensionDraft(None, ExtensionType.UNDEFINED, b"{}", compared=False)
    assert post({"id": None, "type": None, "x": None}) == post({"id": ""}) == post({})


def test_id_and_type_are_matched_without_regard_to_case() -> None:
    assert post({"ID": "a", "Type": "roamedorganizerdata"}) == ExtensionDraft(
        "a", ExtensionType.ROAMED_ORGANIZER_DATA, b"{}", compared=False
    )
    assert post({"id": UntypedText("a"), "type": UntypedText("Undefined")}).id == "a"
    assert faults_of_post({"id": "a", "Id": "a", "type": "Undefined", "TYPE": "Undefined"}).keys() == {"id", "type"}


@pytest.mark.parametrize("good", ["a/b", "100%", " ", "...", "ä🎉", "x" * 256, "a\u2028b"])
def test_id_may_be_any_text_of_256_characters(good: str) -> None:
    assert post({"id": good}).id == good


@pytest.mark.parametrize("bad", [".", "..", "x" * 257, "a\nb", "a\x7f", "a\x85", "a\uffff", 5, True, ["a"], {"a": 1}])
def test_other_ids_are_refused(bad: object) -> None:
    assert faults_of_post({"id": bad}).keys() == {"id"}


@pytest.mark.parametrize("bad", ["", "Other", 1, ["Undefined"], "Undefined "])
def test_other_types_are_refused(bad: object) -> None:
    assert faults_of_post({"type": bad}).keys() == {"type"}


def test_names_are_preserved() -> None:
    given: dict[str, object] = {" a ": "1", "A": "2", "a": "3", "Rel": "4", "Etag": "5", "ä.b/c": "6", "n" * 128: "7"}
    assert custom_values(post(given).properties) == given


@pytest.mark.parametrize("bad", ["", "n" * 129, "a\tb", "a\x00", "a\x9f", "\ufffe"])
def test_other_names_are_refused(bad: str) -> None:
    (name,) = faults_of_post({bad: "x"})
    assert name == bad or name.startswith(bad[:128])


def test_properties_of_the_server_are_ignored() -> None:
    shown: dict[str, object] = {
        "rel": "onlineMeetingExtension",
        "href": HREF,
        "etag": "1",
        "_links": {"self": {"href": HREF}},
        "_embedded": {},
        GUID: "please pass this in a PUT request",
        "Self": HREF,
        "PGuid": GUID,
        "mine": "x",
    }
    assert put(shown).properties == b'{"mine":"x"}'


def test_properties_with_the_servers_names_but_other_values_are_stored() -> None:
    assert put({"Self": "help", "PGuid": "y"}).properties == b'{"Self":"help","PGuid":"y"}'
    assert post({"Self": HREF}).properties == f'{{"Self":"{HREF}"}}'.encode()


@pytest.mark.parametrize(
    "bad",
    [
        {"a": 1},
        {},
        [[1]],
        [{"a": 1}],
        [None],
        [1, "1"],
        [1, True],
        ["a", "/Date(1)/"],
        [1.5, Instant(1)],
        "\x00",
        ["\ufffe"],
        "/Date(99999999999999999)/",
        "/Date(253402300800000)/",
    ],
)
def test_value_of_unsupported_or_mixed_type_is_refused_by_name(bad: object) -> None:
    assert faults_of_post({"good": 1, "bad": bad}).keys() == {"bad"}


def test_all_errors_are_reported_at_once() -> None:
    assert faults_of_post({"id": ".", "type": "x", "a": {}, "b": [None], "c": 1}).keys() == {"id", "type", "a", "b"}


@pytest.mark.parametrize(
    "text", ["x/Date(1)/", "/Date(1)/ ", "/Date(x)/", "/date(1)/", "2016-09-26T23:20:29Z", "\\/Date(1)\\/"]
)
def test_only_a_complete_json_date_is_a_date(text: str) -> None:
    assert custom_values(post({"a": text}).properties) == {"a": text}


def test_json_date_is_a_date_in_arrays_and_xml_too() -> None:
    draft = post({"a": ["/Date(1)/", "/Date(2)/"], "b": UntypedText("/Date(3)/"), "c": Instant(4)})
    assert custom_values(draft.properties) == {"a": [Instant(1), Instant(2)], "b": Instant(3), "c": Instant(4)}


def test_number_of_properties_is_limited() -> None:
    given: dict[str, object] = {"id": "a", "type": "Undefined", "rel": "x", "null": None, "a": 1, "b": 2}
    assert post(given, properties=2).id == "a"
    with pytest.raises(ParameterValidationFailure, match=r"c: is one too many.* at most 2"):
        post({**given, "c": 3}, properties=2)


def test_size_of_properties_is_limited_to_the_byte() -> None:
    assert len(post({"a": "é" * 10}, size=28).properties) == 28
    with pytest.raises(EntityTooLarge, match=r"take 28 bytes.* 27"):
        post({"a": "é" * 10}, size=27)


def test_put_keeps_the_id_and_may_repeat_it() -> None:
    assert put({}).id == put({"id": "x"}).id == put({"ID": ""}).id == "x"
    with pytest.raises(ParameterValidationFailure, match="id: cannot be changed"):
        put({"id": "X"})


def test_put_replaces_type_and_properties() -> None:
    assert put({"mine": 1}) == ExtensionDraft("x", ExtensionType.UNDEFINED, b'{"mine":1}', compared=False)


def test_untyped_texts_equal_to_the_stored_values_keep_their_types() -> None:
    draft = put(
        {
            "int": UntypedText("5"),
            "num": UntypedText("0.5"),
            "bool": UntypedText("true"),
            "day": UntypedText("1970-01-01T00:00:01+00:00"),
            "str": UntypedText("5"),
            "ints": [UntypedText("1"), UntypedText("2")],
            "empty": [],
        }
    )
    assert draft.properties == STORED.properties


def test_other_untyped_texts_are_strings() -> None:
    given: dict[str, object] = {
        "int": UntypedText("05"),
        "num": UntypedText("0.50"),
        "bool": UntypedText("True"),
        "day": UntypedText("1970-01-01T00:00:01Z"),
        "new": UntypedText("5"),
        "ints": [UntypedText("1"), UntypedText("3")],
        "empty": [UntypedText("1")],
    }
    assert custom_values(put(given).properties) == given
    assert custom_values(put({"ints": UntypedText("1"), "int": [UntypedText("5")]}).properties) == {
        "ints": "1",
        "int": ["5"],
    }


def test_untyped_array_keeps_types_as_far_as_positions_agree() -> None:
    assert put({"ints": [UntypedText("1")]}).properties == b'{"ints":[1]}'
    assert put({"ints": [UntypedText("2")]}).properties == b'{"ints":["2"]}'
    assert put({"ints": [UntypedText("1"), 9]}).properties == b'{"ints":[1,9]}'


def test_text_typed_as_a_string_stays_a_string() -> None:
    assert put({"int": "5", "bool": "true"}).properties == b'{"int":"5","bool":"true"}'


def test_post_reads_untyped_texts_as_strings() -> None:
    assert post({"a": UntypedText("5"), "b": [UntypedText("true")]}).properties == b'{"a":"5","b":["true"]}'
