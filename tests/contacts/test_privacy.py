"""Privacy relationships: what a contact shows of a person, and to whom."""

import itertools
from typing import Any

import pytest

from openucwa.app import Service
from openucwa.model.privacy import PrivacyLevel, sees
from openucwa.people.privacy import Privacy
from openucwa.resources.rendering.contacts import LINKS
from tests.client import add_user, if_match, self_of
from tests.conftest import Connect
from tests.contacts.conftest import DETAILS, Application, Come
from tests.resources.messages import assert_invalid, assert_refused
from tests.users import ALEX, DANA, LENE

ALEXS = "alexd@contoso.com"

ALWAYS = {"emailAddresses", "etag", "name", "rel", "sourceNetwork", "type", "uri"}
DESCRIBED = ALWAYS | {"company", "department", "office", "title"}
SHOWN = {
    "Blocked": ALWAYS,
    "External": DESCRIBED,
    "Colleagues": DESCRIBED | {"workPhoneNumber"},
    "Workgroup": DESCRIBED | {"workPhoneNumber", "mobilePhoneNumber"},
    "FriendsAndFamily": DESCRIBED | {"workPhoneNumber", "mobilePhoneNumber", "homePhoneNumber", "otherPhoneNumber"},
}


def members(contact: dict[str, Any]) -> set[str]:
    return {name for name in contact if name != "_links"}


@pytest.fixture
async def alex_here(alex: str, come: Come) -> Application:
    """Alex's application."""
    return await come(ALEXS)


@pytest.mark.parametrize("level", SHOWN)
async def test_contact_shows_what_its_level_allows(level: str, lene_here: Application, alex_here: Application) -> None:
    await alex_here.set_level("lenea@contoso.com", level)
    contact = await lene_here.get(f"{lene_here.people}/{ALEXS}")
    assert members(contact) == SHOWN[level]


@pytest.mark.parametrize("level", SHOWN)
async def test_every_representation_of_a_contact_shows_the_same(
    level: str, lene_here: Application, alex_here: Application
) -> None:
    await alex_here.set_level("lenea@contoso.com", level)
    await lene_here.listen()
    await lene_here.add(ALEX)
    contact = await lene_here.get(f"{lene_here.people}/{ALEXS}")
    for collection in ("contacts", "contacts?groupId=defaultGroup", "search?query=alex"):
        assert (await lene_here.get(f"{lene_here.people}/{collection}"))["_embedded"]["contact"] == [contact]
    events = await lene_here.events()
    assert [event["_embedded"]["contact"] for event in events] == [contact, contact]


async def test_colleagues_are_the_default_within_an_enterprise(
    service: Service, lene_here: Application, alex_here: Application, come: Come
) -> None:
    await add_user(service, "sip:ed@fabrikam.example")
    ed = await come("ed@fabrikam.example")
    assert members(await lene_here.get(f"{lene_here.people}/{ALEXS}")) == SHOWN["Colleagues"]
    assert members(await ed.get(f"{ed.people}/{ALEXS}")) == SHOWN["External"]
    own = await alex_here.get(f"{alex_here.people}/{ALEXS}")
    assert members(own) == SHOWN["FriendsAndFamily"]


async def test_anonymous_participant_sees_the_organizer_as_an_external(
    service: Service, alex_here: Application, connect: Connect
) -> None:
    meeting = await alex_here.client.schedule(accessLevel="Everyone", automaticLeaderAssignment="Disabled")
    body = {"onlineMeetingUri": meeting["onlineMeetingUri"], "anonymousDisplayName": "Joe"}
    await alex_here.client.post(f"{alex_here.client.app}/communication/joinOnlineMeeting", json=body)
    guest = connect(service)
    await guest.sign_in_to_meeting(meeting)
    await guest.open()
    hidden = await guest.get(f"{guest.app}/people/{ALEXS}")
    assert hidden.status_code == 404
    joined = await guest.post(f"{guest.app}/communication/joinOnlineMeeting", json=body)
    assert joined.status_code == 201
    contact = (await guest.get(f"{guest.app}/people/{ALEXS}")).json()
    assert members(contact) == SHOWN["External"]
    assert set(contact["_links"]) == {"self"}


async def test_organizer_of_a_meeting_is_shown_as_the_contact(lene_here: Application, alex_here: Application) -> None:
    await alex_here.set_level("lenea@contoso.com", "Blocked")
    meeting = await alex_here.client.schedule(accessLevel="Everyone")
    body = {"onlineMeetingUri": meeting["onlineMeetingUri"]}
    await lene_here.client.post(f"{lene_here.client.app}/communication/joinOnlineMeeting", json=body)
    conversations = await lene_here.get(f"{lene_here.client.app}/communication/conversations")
    href = conversations["_links"]["conversation"][0]["href"]
    organizer = await lene_here.get(f"{href}/onlineMeeting/organizer")
    assert members(organizer) == SHOWN["Blocked"]


async def test_contact_links_to_what_there_is_of_a_person(lene_here: Application, alex: str) -> None:
    links = (await lene_here.get(f"{lene_here.people}/{ALEXS}"))["_links"]
    assert set(links) == {"self", "contactPhoto", *LINKS}
    for link in links.values():
        assert (await lene_here.client.get(link["href"])).status_code == 200


async def test_etag_of_a_contact_changes_with_what_is_shown(lene_here: Application, alex_here: Application) -> None:
    first = await lene_here.client.get(f"{lene_here.people}/{ALEXS}")
    tag = first.headers["ETag"]
    assert tag == f'"{first.json()["etag"]}"'
    unchanged = {"If-None-Match": tag}
    assert (await lene_here.client.get(f"{lene_here.people}/{ALEXS}", headers=unchanged)).status_code == 304
    await alex_here.set_level("lenea@contoso.com", "Workgroup")
    assert (await lene_here.client.get(f"{lene_here.people}/{ALEXS}", headers=unchanged)).status_code == 200


async def test_hidden_number_matches_nobody(lene_here: Application, alex_here: Application) -> None:
    work, home = DETAILS["work_phone"], DETAILS["home_phone"]

    async def found(number: str) -> int:
        results = await lene_here.client.get(f"{lene_here.people}/search", params={"query": number})
        return len(results.json()["_embedded"]["contact"])

    assert (await found(work), await found(home)) == (1, 0)
    await alex_here.set_level("lenea@contoso.com", "FriendsAndFamily")
    assert (await found(work), await found(home)) == (1, 1)
    await alex_here.set_level("lenea@contoso.com", "Blocked")
    assert (await found(work), await found(home)) == (0, 0)


async def test_relationship_is_the_users_own_setting(lene_here: Application, alex_here: Application) -> None:
    own = await lene_here.get(f"{lene_here.people}/{ALEXS}/privacyRelationship")
    assert own["relationshipLevel"] == "Colleagues"
    await alex_here.set_level("lenea@contoso.com", "Blocked")
    assert await lene_here.get(f"{lene_here.people}/{ALEXS}/privacyRelationship") == own


async def test_relationship_is_set_and_reset(lene_here: Application, alex: str) -> None:
    href = f"{lene_here.people}/{ALEXS}/privacyRelationship"
    await lene_here.set_level(ALEXS, "Workgroup")
    first = await lene_here.get(href)
    assert first["relationshipLevel"] == "Workgroup"
    reset = first["_links"]["resetContactPrivacyRelationship"]["href"]
    assert (await lene_here.client.post(reset)).status_code == 204
    second = await lene_here.get(href)
    assert second["relationshipLevel"] == "Colleagues"
    assert second["etag"] != first["etag"]


async def test_unknown_level_resets_the_relationship(lene_here: Application, alex: str) -> None:
    for level in ("Unknown", None):
        await lene_here.set_level(ALEXS, "Blocked")
        relationship = await lene_here.get(f"{lene_here.people}/{ALEXS}/privacyRelationship")
        answer = await lene_here.client.replace(relationship, relationshipLevel=level)
        assert (answer.status_code, answer.json()["relationshipLevel"]) == (200, "Colleagues")


async def test_put_of_a_relationship_needs_its_etag(lene_here: Application, alex: str) -> None:
    href = f"{lene_here.people}/{ALEXS}/privacyRelationship"
    relationship = await lene_here.get(href)
    assert_refused(await lene_here.client.put(href, json=relationship), 428, "PreconditionRequired")
    assert_invalid(await lene_here.client.replace(relationship, relationshipLevel="Enemy"), "relationshipLevel")
    await lene_here.set_level(ALEXS, "Blocked")
    assert_refused(
        await lene_here.client.put(href, json=relationship, headers=if_match(relationship)), 412, "PreconditionFailed"
    )


async def test_nobody_has_a_relationship_with_a_stranger_or_with_oneself(lene_here: Application) -> None:
    stranger = await lene_here.client.get(f"{lene_here.people}/nobody@contoso.com/privacyRelationship")
    assert_refused(stranger, 404, "NotFound", "ResourceNotFound")
    own = await lene_here.get(f"{lene_here.people}/lenea@contoso.com/privacyRelationship")
    assert own["relationshipLevel"] == "FriendsAndFamily"
    assert_refused(await lene_here.client.replace(own, relationshipLevel="Blocked"), 409, "Conflict")


async def test_relationships_are_listed_by_level(lene_here: Application, alex: str) -> None:
    await lene_here.set_level(ALEXS, "Workgroup")
    await lene_here.set_level("danab@contoso.com", "Blocked")
    everything = await lene_here.get(f"{lene_here.people}/privacyRelationships")
    levels = everything["_embedded"]["myPrivacyRelationship"]
    assert [level["relationshipLevel"] for level in levels] == ["Workgroup", "Blocked"]
    for level in levels:
        assert await lene_here.get(self_of(level)) == level
    assert [link["href"] for link in levels[1]["_links"]["contact"]] == [f"{lene_here.people}/danab@contoso.com"]
    none = await lene_here.client.get(f"{lene_here.people}/privacyRelationships/Enemy")
    assert_refused(none, 404, "NotFound", "ResourceNotFound")


async def test_levels_of_a_removed_user_are_not_those_of_a_later_one(
    service: Service, lene_here: Application, alex: str
) -> None:
    await lene_here.set_level(ALEXS, "FriendsAndFamily")
    await service.store.users.remove(ALEX, service.world.now())
    await add_user(service, ALEX)
    relationship = await lene_here.get(f"{lene_here.people}/{ALEXS}/privacyRelationship")
    assert relationship["relationshipLevel"] == "Colleagues"


def test_closer_relationships_see_more() -> None:
    order = ["Blocked", "External", "Colleagues", "Workgroup", "FriendsAndFamily"]
    visible = [sees(PrivacyLevel(level)) for level in order]
    for less, more in itertools.pairwise(visible):
        assert less != more
        assert all(getattr(more, name) or not getattr(less, name) for name in type(less).__slots__)
    assert not any(getattr(visible[0], name) for name in type(visible[0]).__slots__)
    assert sees(PrivacyLevel.UNKNOWN) == sees(PrivacyLevel.EXTERNAL)


async def test_default_level_depends_on_the_enterprise(service: Service) -> None:
    privacy = Privacy(service.store.contacts, service.enterprise)
    assert await privacy.level(LENE, DANA) == PrivacyLevel.COLLEAGUES
    assert await privacy.level(LENE, LENE) == PrivacyLevel.FRIENDS_AND_FAMILY
    assert await privacy.levels([LENE, DANA, "sip:ed@fabrikam.example"], LENE) == {
        LENE: PrivacyLevel.FRIENDS_AND_FAMILY,
        DANA: PrivacyLevel.COLLEAGUES,
        "sip:ed@fabrikam.example": PrivacyLevel.EXTERNAL,
    }
