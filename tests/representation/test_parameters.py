"""Documented input: what is taken, what is refused, and how it is described."""

from typing import Any

import pytest

from openucwa.model.refusals import ParameterValidationFailure
from openucwa.model.values import Instant, UntypedText
from openucwa.representation.parameters import Parameter, read, schema

ALL = (
    Parameter("subject", max_length=5),
    Parameter("accessLevel", choices=("Everyone", "SameEnterprise")),
    Parameter("attendees", kind="sip", many=True, max_items=2),
    Parameter("expirationTime", kind="datetime"),
    Parameter("publish", kind="boolean"),
    Parameter("count", kind="integer", minimum=1, maximum=9),
)


def faults_of(given: dict[str, object], query: dict[str, str] | None = None, parameters: Any = ALL) -> dict[str, str]:
    with pytest.raises(ParameterValidationFailure) as caught:
        read(parameters, given, query)
    return caught.value.parameters


def test_values_have_documented_names_and_types() -> None:
    given: dict[str, object] = {
        "Subject": "hello",
        "ACCESSLEVEL": "everyone",
        "attendees": ["sip:a@contoso.com", "SIP:b@contoso.com"],
        "expirationTime": "/Date(5)/",
        "publish": True,
        "count": 3,
    }
    assert read(ALL, given) == {
        "subject": "hello",
        "accessLevel": "Everyone",
        "attendees": ("sip:a@contoso.com", "SIP:b@contoso.com"),
        "expirationTime": Instant(5),
        "publish": True,
        "count": 3,
    }


def test_texts_of_xml_are_converted_to_what_is_documented() -> None:
    given: dict[str, object] = {
        "subject": UntypedText("5"),
        "accessLevel": UntypedText("SameEnterprise"),
        "attendees": [UntypedText("sip:a@contoso.com")],
        "expirationTime": UntypedText("1970-01-01T00:00:00.005Z"),
        "publish": UntypedText("True"),
        "count": UntypedText(" 3 "),
    }
    values = read(ALL, given)
    assert values == {
        "subject": "5",
        "accessLevel": "SameEnterprise",
        "attendees": ("sip:a@contoso.com",),
        "expirationTime": Instant(5),
        "publish": True,
        "count": 3,
    }
    assert type(values["subject"]) is str


def test_typed_date_of_xml_is_accepted() -> None:
    assert read(ALL, {"expirationTime": Instant(5)}) == {"expirationTime": Instant(5)}


def test_null_absent_and_year_one_values_are_left_out() -> None:
    assert read(ALL, {"subject": None, "expirationTime": "0001-01-01T00:00:00", "count": None}) == {}
    assert read(ALL, {"expirationTime": Instant(-62_135_596_800_000)}) == {}


def test_unknown_names_are_ignored() -> None:
    assert read(ALL, {"rel": "x", "_links": {"self": {}}, "subjects": "too long for subject"}, {"x": "y"}) == {}


def test_query_supplies_what_the_body_lacks() -> None:
    assert read(ALL, {"subject": "body", "count": None}, {"Subject": "query", "count": "4", "publish": "false"}) == {
        "subject": "body",
        "count": 4,
        "publish": False,
    }


def test_secret_in_query_is_refused_whatever_the_body_has() -> None:
    parameters = (Parameter("password", secret=True),)
    said = {"password": "must be in the body: logs contain addresses"}
    assert faults_of({}, {"Password": "guess"}, parameters) == said
    assert faults_of({"password": "right"}, {"password": "guess"}, parameters) == said


def test_all_errors_are_reported_at_once() -> None:
    given: dict[str, object] = {
        "subject": "too long",
        "accessLevel": "Nobody",
        "attendees": ["sip:a@contoso.com", "b"],
        "expirationTime": "soon",
        "publish": "true",
        "count": 10,
    }
    assert faults_of(given) == {
        "subject": "has 8 characters; at most 5 are allowed",
        "accessLevel": "must be one of Everyone, SameEnterprise",
        "attendees": "must be a SIP URI, sip:USER@HOST (entry 2)",
        "expirationTime": "is not a date",
        "publish": "must be true or false",
        "count": "must be 9 or less",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("subject", 5),
        ("subject", True),
        ("subject", ["x"]),
        ("subject", {"a": 1}),
        ("subject", "\x00"),
        ("subject", "\uffff"),
        ("accessLevel", 0),
        ("accessLevel", ""),
        ("attendees", "sip:a@contoso.com"),
        ("attendees", UntypedText("sip:a@contoso.com")),
        ("attendees", [None]),
        ("attendees", [["sip:a@contoso.com"]]),
        ("attendees", [5]),
        ("attendees", ["sip:a@x"] * 3),
        ("expirationTime", 5),
        ("expirationTime", UntypedText("")),
        ("expirationTime", True),
        ("publish", 1),
        ("publish", UntypedText("yes")),
        ("count", True),
        ("count", "3"),
        ("count", 2.5),
        ("count", 0),
        ("count", UntypedText("1_0")),
        ("count", UntypedText("9" * 5000)),
    ],
)
def test_value_of_the_wrong_kind_is_refused(name: str, value: object) -> None:
    assert list(faults_of({name: value})) == [name]


def test_one_name_in_two_spellings_is_refused() -> None:
    assert list(faults_of({"subject": "a", "Subject": "a"})) == ["subject"]


@pytest.mark.parametrize("given", [{}, {"culture": None}, {"culture": ""}])
def test_required_parameters_must_be_present(given: dict[str, object]) -> None:
    assert faults_of(given, parameters=[Parameter("culture", required=True)]) == {"culture": "is required"}


@pytest.mark.parametrize(
    "uri",
    [
        "sip:lenea@contoso.com",
        "SIP:Lene.Aaling-1@sub.contoso.com:5061",
        "sip:bm@contoso.com;gruu;opaque=app:conf:focus:id:IB88RLLY?conversation-id=1",
        "sip:günther@grüße.example",
        "sip:a@127.0.0.1",
        "sip:a@[::1]",
        "sip:a@localhost",
    ],
)
def test_sip_uris_are_accepted(uri: str) -> None:
    assert read([Parameter("uri", kind="sip")], {"uri": uri}) == {"uri": uri}


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "sip:",
        "sip:contoso.com",
        "sip:@contoso.com",
        "sip:a@",
        "sip:a@@b",
        "sip:a b@c",
        "sip:a@c d",
        " sip:a@c",
        "sip:a@c\n",
        "sip:a@-c",
        "sip:a@b..c",
        "sip:<a@b>",
        "tel:+1425",
        "sip:a\u0085@b",
    ],
)
def test_other_texts_are_not_sip_uris(uri: str) -> None:
    assert list(faults_of({"uri": uri}, parameters=[Parameter("uri", kind="sip")])) == ["uri"]


def test_schema_describes_the_accepted_values() -> None:
    described = schema([*ALL, Parameter("culture", required=True, max_length=100, description="A culture's name.")])
    assert described["type"] == "object"
    assert described["required"] == ["culture"]
    assert described["properties"]["culture"] == {
        "type": "string",
        "minLength": 1,
        "maxLength": 100,
        "description": "A culture's name.",
    }
    assert described["properties"]["subject"] == {"type": ["string", "null"], "maxLength": 5}
    assert described["properties"]["accessLevel"] == {
        "type": ["string", "null"],
        "enum": ["Everyone", "SameEnterprise", None],
    }
    assert described["properties"]["attendees"]["maxItems"] == 2
    assert described["properties"]["attendees"]["items"]["type"] == "string"
    assert described["properties"]["count"] == {"type": ["integer", "null"], "minimum": 1, "maximum": 9}
    assert "required" not in schema(ALL)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("sip:a@contoso.com", "sip:a@contoso.com"),
        ("a@contoso.com", "sip:a@contoso.com"),
        ("A.B@contoso.com;user=phone", "sip:A.B@contoso.com;user=phone"),
        ("SIP:a:secret@contoso.com", "SIP:a:secret@contoso.com"),
        ("tel:1@contoso.com", None),
        ("mailto:a@contoso.com", None),
        ("a@", None),
        ("@contoso.com", None),
        ("a b@contoso.com", None),
        ("sip:", None),
    ],
)
def test_address_may_lack_its_scheme(given: str, expected: str | None) -> None:
    parameters = (Parameter("to", kind="address"),)
    if expected is None:
        with pytest.raises(ParameterValidationFailure):
            read(parameters, {"to": given}, {})
    else:
        assert read(parameters, {"to": given}, {}) == {"to": expected}
