"""Checking messages of webhooks."""

import pytest

from openucwa.client.webhooks import TOLERANCE, InvalidMessage, verify
from openucwa.model.webhook import Secret
from openucwa.webhooks.signing import signature_headers

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + "A" * 32
BODY = b'{"test": 2432232314}'
#: The message of the Standard Webhooks libraries' own tests.
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
NOW = 1614265330


def test_genuine_message_is_returned() -> None:
    assert verify(SECRET, HEADERS, BODY, now=NOW) == {"test": 2432232314}


def test_names_of_headers_are_in_any_case_and_the_prefix_is_optional() -> None:
    headers = {name.title(): value for name, value in HEADERS.items()}
    assert verify(SECRET.removeprefix("whsec_"), headers, BODY, now=NOW)


def test_one_of_several_signatures_and_secrets_is_enough() -> None:
    several = "v1,dawfeoifkpqwoekfpqoekf v2,x " + HEADERS["webhook-signature"]
    assert verify([OTHER, SECRET], {**HEADERS, "webhook-signature": several}, BODY, now=NOW)


@pytest.mark.parametrize("name", HEADERS)
def test_missing_header_is_refused(name: str) -> None:
    headers = {each: value for each, value in HEADERS.items() if each != name}
    with pytest.raises(InvalidMessage, match=name):
        verify(SECRET, headers, BODY, now=NOW)


@pytest.mark.parametrize(
    ("secret", "headers", "body", "now"),
    [
        (OTHER, HEADERS, BODY, NOW),
        (SECRET, HEADERS, BODY + b" ", NOW),
        (SECRET, {**HEADERS, "webhook-id": "msg_other"}, BODY, NOW),
        (SECRET, {**HEADERS, "webhook-timestamp": "1614265331"}, BODY, NOW),
        (SECRET, {**HEADERS, "webhook-timestamp": "hello"}, BODY, NOW),
        (SECRET, {**HEADERS, "webhook-timestamp": "9" * 5_000}, BODY, NOW),
        (SECRET, {**HEADERS, "webhook-signature": "v1,"}, BODY, NOW),
        (SECRET, {**HEADERS, "webhook-signature": HEADERS["webhook-signature"][:8]}, BODY, NOW),
        (SECRET, HEADERS, BODY, NOW + TOLERANCE + 1),
        (SECRET, HEADERS, BODY, NOW - TOLERANCE - 1),
    ],
)
def test_forged_or_old_message_is_refused(secret: str, headers: dict[str, str], body: bytes, now: int) -> None:
    with pytest.raises(InvalidMessage):
        verify(secret, headers, body, now=now)


def test_message_of_the_server_is_genuine() -> None:
    headers = signature_headers([Secret(OTHER), Secret(SECRET, until=NOW * 1000 + 1)], "msg_1", NOW * 1000, BODY)
    assert verify(OTHER, headers, BODY, now=NOW)
    assert verify(SECRET, headers, BODY, now=NOW)
