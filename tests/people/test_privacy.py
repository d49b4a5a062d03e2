"""What others see of a user's presence is what the user lets them see; nothing else ever reaches them."""

from typing import Any

import pytest

from tests.people.watcher import Watcher

DANA = "danab@contoso.com"
LENE = "lenea@contoso.com"


async def set_level(owner: Watcher, viewer: str, level: str) -> None:
    """Sets what `owner` lets `viewer` see."""
    href = f"{owner.people}/{viewer}/privacyRelationship"
    shown = await owner.get(href)
    answer = await owner.client.replace(shown, relationshipLevel=level)
    assert answer.status_code == 200, answer.text


async def shown(viewer: Watcher, address: str) -> dict[str, Any]:
    """All that is shown of a person's presence."""
    contact = f"{viewer.people}/{address}"
    presence = await viewer.get(f"{contact}/presence")
    return {
        "availability": presence["availability"],
        "lastActive": "lastActive" in presence,
        "note": (await viewer.get(f"{contact}/note"))["message"],
        "location": (await viewer.get(f"{contact}/location"))["location"],
        "modalities": (await viewer.get(f"{contact}/supportedMedia"))["modalities"],
    }


NOTHING: dict[str, Any] = {
    "availability": "Offline",
    "lastActive": False,
    "note": "",
    "location": "",
    "modalities": [],
}
PRESENCE = NOTHING | {"availability": "Busy", "modalities": ["Messaging"]}
COLLEAGUES = PRESENCE | {"note": "secret note", "location": "secret place"}
CLOSE = COLLEAGUES | {"lastActive": True}
SHOWN = {
    "Blocked": NOTHING,
    "External": PRESENCE,
    "Colleagues": COLLEAGUES,
    "Workgroup": CLOSE,
    "FriendsAndFamily": CLOSE,
}


async def appear(dan: Watcher) -> None:
    await dan.make_available(signInAs="Busy")
    await dan.post(f"{dan.me}/note", json={"message": "secret note"})
    await dan.post(f"{dan.me}/location", json={"location": "secret place"})


@pytest.mark.parametrize("level", SHOWN)
async def test_level_decides_what_is_shown(lena: Watcher, dan: Watcher, level: str) -> None:
    await set_level(dan, LENE, level)
    await appear(dan)
    assert await shown(lena, DANA) == SHOWN[level]


@pytest.mark.parametrize("level", SHOWN)
async def test_level_decides_which_events_are_sent(lena: Watcher, dan: Watcher, level: str) -> None:
    await set_level(dan, LENE, level)
    await lena.subscribe(f"sip:{DANA}")
    await lena.event_texts()
    await appear(dan)
    expected = {
        f"contactPresence updated {DANA}": "availability",
        f"contactSupportedModalities updated {DANA}": "modalities",
        f"contactNote updated {DANA}": "note",
        f"contactLocation updated {DANA}": "location",
    }
    assert await lena.event_texts() == [
        event for event, what in expected.items() if SHOWN[level][what] != NOTHING[what]
    ]


async def test_blocked_subscriber_receives_nothing_at_all(lena: Watcher, dan: Watcher) -> None:
    await set_level(dan, LENE, "Blocked")
    await lena.subscribe(f"sip:{DANA}")
    await appear(dan)
    assert await shown(lena, DANA) == NOTHING
    assert await lena.event_texts() == [
        "presenceSubscription added",
        f"contact added {DANA} in subscribedContacts",
        f"contactPresence updated {DANA}",
    ]
    await dan.post(f"{dan.me}/presence", json={"availability": "Away"})
    assert await lena.event_texts() == []
    everything = "".join(lena.texts)
    assert not any(word in everything for word in ("secret", "Busy", "Away", "Messaging"))


@pytest.mark.parametrize("levels", [("Colleagues", "Blocked"), ("Blocked", "Workgroup"), ("External", "Colleagues")])
async def test_subscriber_is_notified_that_more_or_less_is_visible(
    lena: Watcher, dan: Watcher, levels: tuple[str, str]
) -> None:
    await set_level(dan, LENE, levels[0])
    await appear(dan)
    await lena.subscribe(f"sip:{DANA}")
    await lena.event_texts()
    await set_level(dan, LENE, levels[1])
    rels = ("contactPresence", "contactNote", "contactLocation", "contactSupportedModalities")
    assert await lena.event_texts() == [f"{rel} updated {DANA}" for rel in rels]
    assert await shown(lena, DANA) == SHOWN[levels[1]]


async def test_user_sees_all_of_oneself(dan: Watcher) -> None:
    await appear(dan)
    assert await shown(dan, DANA) == CLOSE
