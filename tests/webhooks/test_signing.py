"""Signatures, compared with the vectors of the Standard Webhooks libraries."""

import base64

import pytest

from openucwa.model.webhook import Secret
from openucwa.webhooks.signing import new_secret, sign, signature_headers
from tests.world import FakeWorld

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = "msg_p5jXN8AQM9LWM0D4loKWxJek"
BODY = b'{"test": 2432232314}'
#: standard-webhooks/standard-webhooks, libraries/javascript/src/webhook.test.ts, "sign function works".
TIMESTAMP = 1614265330
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", [SECRET, SECRET.removeprefix("whsec_")])
def test_signature_is_that_of_the_standards_own_test(secret: str) -> None:
    assert sign(secret, MESSAGE, TIMESTAMP, BODY) == SIGNATURE


def test_headers_are_those_of_the_standard() -> None:
    assert signature_headers([Secret(SECRET)], MESSAGE, TIMESTAMP * 1000 + 999, BODY) == {
        "webhook-id": MESSAGE,
        "webhook-timestamp": str(TIMESTAMP),
        "webhook-signature": SIGNATURE,
    }


def test_old_secret_signs_too_until_its_time_is_over() -> None:
    old = "whsec_" + base64.b64encode(b"x" * 24).decode()
    secrets = [Secret(SECRET), Secret(old, until=TIMESTAMP * 1000 + 1)]
    both = signature_headers(secrets, MESSAGE, TIMESTAMP * 1000, BODY)["webhook-signature"]
    assert both == f"{SIGNATURE} {sign(old, MESSAGE, TIMESTAMP, BODY)}"
    assert signature_headers(secrets, MESSAGE, TIMESTAMP * 1000 + 1, BODY)["webhook-signature"] == SIGNATURE


def test_new_secret_has_the_length_that_the_standard_asks_for() -> None:
    secret = new_secret(FakeWorld())
    assert secret.startswith("whsec_")
    assert 24 <= len(base64.b64decode(secret.removeprefix("whsec_"))) <= 64
