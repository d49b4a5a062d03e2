"""The error classes: one for each error that the server or the reference documents."""

import inspect
import re
from pathlib import Path

import pytest

from openucwa.api.errors import ERRORS as SERVER_ERRORS
from openucwa.api.errors import FAULT
from openucwa.client import AnonymousMeeting, BearerToken, Client, Password, RefreshToken, Token, errors
from openucwa.client.error_codes import ERRORS, TOKEN_ERRORS, error_class
from openucwa.client.errors import Refused
from openucwa.client.session import refusal
from openucwa.client.wire import Response

#: Errors that the reference documents for some operation, and that this server does not send.
REFERENCE = {
    (400, "BadRequest", "NormalizationFailed"),
    (403, "Forbidden", "LimitExceeded"),
    (403, "Forbidden", "NoDelegatesConfigured"),
    (403, "Forbidden", "NoTeamMembersConfigured"),
    (403, "Forbidden", "OperationNotSupported"),
    (403, "Forbidden", "TooManyContacts"),
    (409, "Conflict", "LimitExceeded"),
    (409, "Conflict", "NoDelegatesConfigured"),
    (409, "Conflict", "NoTeamMembersConfigured"),
    (409, "Conflict", "TooManyConversations"),
    (500, "ServiceFailure", "MigrationInProgress"),
    (500, "ServiceFailure", "ProvisioningDataUnavailable"),
    (504, "GatewayTimeout", None),
}

DOCS = Path(__file__).parents[2] / "docs"


def test_every_error_of_the_server_has_a_class_of_its_own() -> None:
    rows = {(row.status, row.code, row.subcode) for row in (*SERVER_ERRORS.values(), FAULT)}
    assert rows <= ERRORS.keys()
    assert len({ERRORS[row] for row in rows}) == len({subcode or code for _, code, subcode in rows})


def test_every_error_of_the_reference_has_a_class() -> None:
    assert ERRORS.keys() >= REFERENCE


def test_every_row_of_the_page_of_errors_has_a_class_of_its_own() -> None:
    page = (DOCS / "errors.md").read_text("utf-8")
    found = re.findall(r"^\| (\d{3}) \| (\w+) \| (\w*) ?\|", page, re.MULTILINE)
    rows = {(int(status), code, subcode or None) for status, code, subcode in found}
    assert len(rows) > 25
    assert rows <= ERRORS.keys()


def test_classes_have_the_names_of_their_subcodes() -> None:
    for (_, code, subcode), kind in ERRORS.items():
        assert kind.__name__ in {subcode or code, "VersionNotSupported"}


def test_every_class_is_documented_and_in_the_table() -> None:
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Refused)]
    known = {*ERRORS.values(), *TOKEN_ERRORS.values(), Refused, errors.TokenRefused, errors.EditConflict}
    assert set(kinds) == known
    assert all(kind.__doc__ and kind.__doc__ != kind.__base__.__doc__ for kind in kinds)


@pytest.mark.parametrize(
    ("status", "code", "subcode", "kind"),
    [
        (409, "Conflict", "SomethingNew", errors.Conflict),
        (503, "", None, errors.ServiceUnavailable),
        (502, "", None, errors.ServiceUnavailable),
        (418, "Teapot", None, Refused),
    ],
)
def test_unknown_error_has_the_nearest_class(status: int, code: str, subcode: str | None, kind: type[Refused]) -> None:
    assert error_class(status, code, subcode) is kind


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        (
            "application/json; charset=utf-8",
            (
                b'{"code":"BadRequest","subcode":"ParameterValidationFailure","message":"wrong",'
                b'"parameters":[{"name":"subject","reason":"too long"}],"debugInfo":{"server":"a"}}'
            ),
        ),
        (
            "application/vnd.microsoft.com.ucwa+xml",
            (
                b'<reason xmlns="http://schemas.microsoft.com/rtc/2012/03/ucwa"><code>BadRequest</code>'
                b"<subcode>ParameterValidationFailure</subcode><message>wrong</message>"
                b'<debugInfo><property name="server">a</property></debugInfo>'
                b'<parameters><parameter name="subject"><reason>too long</reason></parameter></parameters></reason>'
            ),
        ),
    ],
    ids=["json", "xml"],
)
def test_error_says_all_that_the_answer_says(media_type: str, body: bytes) -> None:
    headers = (("content-type", media_type), ("x-request-id", "r1"), ("retry-after", "7"), ("location", "/x"))
    error = refusal(Response(400, headers, body))
    assert type(error) is errors.ParameterValidationFailure
    assert (error.status, error.code, error.subcode, str(error)) == (
        400,
        "BadRequest",
        "ParameterValidationFailure",
        "wrong",
    )
    assert (error.parameters, error.debug_info) == ({"subject": "too long"}, {"server": "a"})
    assert (error.request_id, error.retry_after, error.location) == ("r1", 7.0, "/x")


def test_page_in_place_of_an_error_is_known_by_its_status() -> None:
    error = refusal(Response(401, (("content-type", "text/html"), ("www-authenticate", "Bearer")), b"<html>"))
    assert type(error) is errors.Unauthorized
    assert error.challenges == ["Bearer"]


def test_secrets_are_not_shown() -> None:
    shown = repr([Password("u", "hidden"), BearerToken("hidden"), RefreshToken("hidden"), Token("hidden")])
    assert "hidden" not in shown
    assert "sip:a" in repr(AnonymousMeeting("sip:a"))
    assert Client("http://127.0.0.1").token is None
