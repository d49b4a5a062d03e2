"""openucwa:webhooks through the protocol, without deliveries."""

from typing import Any

import pytest

from openucwa.app import Service
from tests.client import UcwaClient, if_match, self_of
from tests.conftest import Connect, Make
from tests.webhooks.conftest import webhooks_of

URL = "https://crm.contoso.com/hook"


async def add(client: UcwaClient, **properties: Any) -> dict[str, Any]:
    answer = await client.post(webhooks_of(client), json={"url": URL, "state": "Paused", **properties})
    assert answer.status_code == 201, answer.text
    webhook: dict[str, Any] = answer.json()
    return webhook


async def test_webhook_is_listed_and_read_without_its_secret(lene: UcwaClient) -> None:
    added = await add(lene, kinds=["meeting.added", "Meeting.Added"], description="CRM", filter="subject eq 'a'")
    listed = (await lene.get(webhooks_of(lene))).json()["_embedded"]["openucwa:webhook"]
    read = await lene.get(self_of(added))
    assert listed == [read.json()]
    assert added.pop("secret").startswith("whsec_")
    assert read.json() == added
    assert (added["kinds"], added["description"], added["filter"]) == (["meeting.added"], "CRM", "subject eq 'a'")
    assert read.headers["etag"] == f'"{added["etag"]}"'


async def test_webhook_is_visible_to_its_owner_alone(lene: UcwaClient, dana: UcwaClient) -> None:
    webhook = await add(lene)
    href = f"{webhooks_of(dana)}/{webhook['id']}"
    assert (await dana.get(webhooks_of(dana))).json()["_embedded"]["openucwa:webhook"] == []
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/deliveries"), ("POST", "/test"), ("POST", "/secret")):
        assert (await dana.request(method, href + path)).status_code == 404


@pytest.mark.parametrize(
    ("properties", "name"),
    [
        ({"url": ""}, "url"),
        ({"url": "nonsense"}, "url"),
        ({"url": "ftp://crm.contoso.com/"}, "url"),
        ({"url": "https://user:word@crm.contoso.com/"}, "url"),
        ({"url": "https://crm.contoso.com/#here"}, "url"),
        ({"url": "https://crm.contoso.com:99999/"}, "url"),
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"url": "https://[::ffff:169.254.169.254]/latest"}, "url"),
        ({"kinds": ["meeting.exploded"]}, "kinds"),
        ({"filter": "subject like 'a'"}, "filter"),
        ({"state": "Gone"}, "state"),
        ({"secret": "hunter2"}, "secret"),
        ({"secret": "whsec_c2hvcnQ="}, "secret"),
    ],
)
async def test_invalid_value_is_refused_by_name(lene: UcwaClient, properties: dict[str, Any], name: str) -> None:
    answer = await lene.post(webhooks_of(lene), json={"url": URL, **properties})
    assert answer.status_code == 400
    assert [each["name"] for each in answer.json()["parameters"]] == [name]


async def test_plain_http_is_refused_unless_networks_are_allowed(make_service: Make, connect: Connect) -> None:
    lene = connect(await make_service())
    await lene.sign_in("lenea@contoso.com")
    await lene.open()
    answer = await lene.post(webhooks_of(lene), json={"url": "http://crm.contoso.com/"})
    assert answer.json()["parameters"][0]["reason"] == "must begin with https://"


async def test_put_replaces_all_but_the_secret_and_honours_if_match(lene: UcwaClient, service: Service) -> None:
    webhook = await add(lene, description="CRM")
    replaced = await lene.put(self_of(webhook), json={"url": f"{URL}2", "state": "Paused"}, headers=if_match(webhook))
    assert (replaced.status_code, replaced.json()["description"], replaced.json()["url"]) == (200, "", f"{URL}2")
    again = await lene.put(self_of(webhook), json={"url": URL}, headers=if_match(webhook))
    assert again.status_code == 412
    (stored,) = await service.store.webhooks.everybodys()
    assert stored.secrets[0].value == webhook["secret"]


async def test_receiver_may_bring_its_own_secret(lene: UcwaClient) -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert (await add(lene, secret=secret))["secret"] == secret


async def test_webhooks_of_a_user_are_limited(make_service: Make, connect: Connect) -> None:
    lene = connect(await make_service(max_webhooks=1))
    await lene.sign_in("lenea@contoso.com")
    await lene.open()
    await add(lene)
    answer = await lene.post(webhooks_of(lene), json={"url": URL})
    assert (answer.status_code, answer.json()["subcode"]) == (409, "LimitExceeded")


async def test_removed_webhook_is_gone_with_its_deliveries(lene: UcwaClient) -> None:
    webhook = await add(lene)
    await lene.post(webhook["_links"]["openucwa:testDelivery"]["href"])
    assert (await lene.delete(self_of(webhook))).status_code == 204
    assert (await lene.get(f"{self_of(webhook)}/deliveries")).status_code == 404


async def test_deliveries_are_listed_in_pages(lene: UcwaClient) -> None:
    webhook = await add(lene)
    for _ in range(51):
        await lene.post(webhook["_links"]["openucwa:testDelivery"]["href"])
    first = (await lene.get(webhook["_links"]["openucwa:deliveries"]["href"])).json()
    second = (await lene.get(first["_links"]["next"]["href"])).json()
    assert [len(each["_embedded"]["openucwa:delivery"]) for each in (first, second)] == [50, 1]
    assert "next" not in second["_links"]
    shown = (await lene.get(self_of(second["_embedded"]["openucwa:delivery"][0]))).json()
    assert (shown["type"], shown["state"]) == ("webhook.test", "Pending")
    assert '"type":"webhook.test"' in shown["message"]


async def test_xml_is_understood_and_shown(lene: UcwaClient) -> None:
    body = f'<input xmlns="http://schemas.microsoft.com/rtc/2012/03/ucwa"><property name="url">{URL}</property></input>'
    headers = {"Content-Type": "application/xml", "Accept": "application/xml"}
    answer = await lene.post(webhooks_of(lene), content=body, headers=headers)
    assert answer.status_code == 201, answer.text
    assert f'<property name="url">{URL}</property>' in answer.text
