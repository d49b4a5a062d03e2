"""Subscriptions to the presence of a group (UCWA: Subscribe to the presence of a group of contacts)."""

from tests.people.watcher import Watcher
from tests.resources.messages import assert_refused

DANA = "danab@contoso.com"


async def group_of_dana(lena: Watcher) -> str:
    """The id of a group of Lene's with Dana in it."""
    made = await lena.client.post(f"{lena.people}/groups", json={"displayName": "Family"})
    assert made.is_success, made.text
    group = made.headers["Location"].rpartition("/")[2]
    await lena.post(f"{lena.people}/groupMemberships", 201, json={"contactUri": f"sip:{DANA}", "groupId": group})
    return group


async def subscribe_link(lena: Watcher, group: str) -> str:
    """The link subscribeToGroupPresence of a group."""
    shown = await lena.get(f"{lena.people}/groups/{group}")
    href: str = shown["_links"]["subscribeToGroupPresence"]["href"]
    return href


async def test_members_of_a_group_are_subscribed_to(lena: Watcher, dan: Watcher) -> None:
    group = await group_of_dana(lena)
    answer = await lena.post(f"{await subscribe_link(lena, group)}&duration=11", 201)
    made = answer.json()
    assert made["id"] == group
    assert made["_links"].keys() == {"self", "memberships"}
    assert await lena.event_texts() == [
        "presenceSubscription added",
        f"contact added {DANA} in subscribedContacts",
        f"contactPresence updated {DANA}",
    ]
    await dan.make_available()
    assert f"contactPresence updated {DANA}" in await lena.event_texts()
    members = (await lena.get(made["_links"]["memberships"]["href"]))["_embedded"]["presenceSubscriptionMembership"]
    assert [each["_links"]["self"]["href"].rpartition("/")[2] for each in members] == [f"{group},{DANA}"]
    await lena.get(members[0]["_links"]["self"]["href"])


async def test_subscription_of_a_group_is_renewed_with_its_members_now(lena: Watcher, dan: Watcher) -> None:
    group = await group_of_dana(lena)
    href = f"{await subscribe_link(lena, group)}&duration=11"
    await lena.post(href, 201)
    await lena.event_texts()
    answer = await lena.client.delete(f"{lena.people}/groupMemberships/{group},{DANA}")
    assert answer.status_code == 204
    await lena.post(href, 201)
    assert await lena.event_texts() == [f"contact deleted {DANA} in subscribedContacts"]


async def test_unknown_group_is_refused(lena: Watcher) -> None:
    answer = await lena.client.post(f"{lena.people}/presenceSubscriptions?groupId=none&duration=11")
    assert_refused(answer, 404, "NotFound", "ResourceNotFound")


async def test_duration_is_required(lena: Watcher) -> None:
    answer = await lena.client.post(await subscribe_link(lena, "pinnedGroup"))
    assert_refused(answer, 400, "BadRequest", "ParameterValidationFailure", "duration")
