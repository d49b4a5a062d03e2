"""policies: what the settings say, and what clients are told to do by themselves."""

import pytest

from openucwa.config import Config
from openucwa.config_checks import CLIENT_POLICIES, CLIENT_POLICY_TEXTS, problems
from tests.resources.conftest import SignedIn
from tests.samples.messages import REFERENCE, read


async def test_policies_of_clients_come_from_the_settings(signed_in: SignedIn) -> None:
    lene = await signed_in(client_policies=("emoticons=Disabled", "sendFeedbackUrl=https://contoso.com/?a=b"))
    shown = (await lene.get(f"{lene.app}/policies")).json()
    assert (shown["emoticons"], shown["sendFeedbackUrl"]) == ("Disabled", "https://contoso.com/?a=b")
    assert "saveCredentials" not in shown


async def test_setting_replaces_a_default(signed_in: SignedIn) -> None:
    lene = await signed_in(client_policies=("messageArchiving=Enabled",))
    assert (await lene.get(f"{lene.app}/policies")).json()["messageArchiving"] == "Enabled"


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference's samples are not at hand")
async def test_all_policies_of_clients_are_shown_in_the_order_of_the_sample(signed_in: SignedIn) -> None:
    every = [f"{name}=Enabled" for name in (*sorted(CLIENT_POLICIES), *CLIENT_POLICY_TEXTS)]
    lene = await signed_in(client_policies=tuple(every))
    shown = [name for name in (await lene.get(f"{lene.app}/policies")).json() if name != "_links"]
    sample = read(REFERENCE / "policies.GET.response.json.http").body
    assert shown == sorted(shown, key=lambda name: sample.index(f'"{name}"'))
    assert set(shown) >= CLIENT_POLICIES | CLIENT_POLICY_TEXTS


@pytest.mark.parametrize(("policy", "problem"), [
    ("emoticon=Disabled", "'emoticon' is no policy of clients"),
    ("photos=Enabled", "'photos' is no policy of clients"),
    ("emoticons=Off", "emoticons must be Enabled or Disabled, not 'Off'"),
    ("emoticons", "emoticons must be Enabled or Disabled, not ''"),
    ("helpEnvironment=", "helpEnvironment must be a text, not ''"),
])  # fmt: skip
def test_policy_that_clients_would_not_understand_is_refused(policy: str, problem: str) -> None:
    assert list(problems(Config(client_policies=(policy,)))) == [("client_policies", problem)]
