"""Outages of issuers and directories in the log: each is a warning, however many requests reveal it."""

import logging

import pytest

from openucwa.config_identity import Issuer
from openucwa.identity.outages import Outages
from openucwa.model.refusals import SourceUnavailable
from tests.conftest import Connect, Make
from tests.identity.issuers.provider import AUDIENCE, LENE, sign, signing_key
from tests.world import FakeWorld

#: Nothing listens there.
AWAY = "http://127.0.0.1:9"


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "openucwa.identity.outages"]


async def test_outage_is_logged_at_once_and_then_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    world = FakeWorld()
    outages = Outages("issuer", AWAY, world)
    for _ in range(10):
        refusal = outages.refusal(OSError("refused"), 4.6)
        assert (type(refusal), refusal.retry_after) == (SourceUnavailable, 5)
    assert lines(caplog) == [f"the issuer {AWAY} is unavailable: refused"]
    await world.advance(60)
    outages.refusal(OSError("refused"), 5)
    assert len(lines(caplog)) == 2


async def test_tokens_with_made_up_keys_are_503_and_one_warning_while_the_issuer_is_away(
    make_service: Make, connect: Connect, world: FakeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    issuer = Issuer(url=AWAY, audience=AUDIENCE, domains="contoso.com", key_refresh_min=0.001)
    service = await make_service(issuers=(issuer,))
    client, key = connect(service), signing_key("made-up")
    for number in range(5):
        claims = LENE | {"iss": AWAY, "aud": AUDIENCE, "exp": service.world.now() // 1000 + 60}
        client.token = sign(key, claims, kid=f"made-up-{number}")
        answer = await client.post("/ucwa/v1/applications", json={"culture": "en", "userAgent": "tests"})
        assert (answer.status_code, answer.json()["code"]) == (503, "ServiceUnavailable")
        assert int(answer.headers["Retry-After"]) >= 1
        await world.advance(1)
    assert len(lines(caplog)) == 1
    assert [record for record in caplog.records if record.levelno > logging.WARNING] == []
