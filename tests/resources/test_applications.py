"""applications and application: opening, finding again, instances, limits, and the end of them."""

import pytest

from openucwa.app import Service
from tests.client import UcwaClient
from tests.conftest import Connect, Make
from tests.resources.messages import assert_invalid, assert_refused
from tests.world import FakeWorld

APPLICATIONS = "/ucwa/v1/applications"
BODY = {"culture": "en-us", "endpointId": "one", "userAgent": "tests"}


@pytest.fixture
async def user(service: Service, connect: Connect) -> UcwaClient:
    """Somebody who is signed in, without an application."""
    client = connect(service)
    await client.sign_in("lenea@contoso.com")
    return client


async def test_new_application_embeds_its_resources(user: UcwaClient) -> None:
    answer = await user.post(APPLICATIONS, json=BODY)
    application = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == application["_links"]["self"]["href"] == f"{APPLICATIONS}/{application['id']}"
    assert application["id"].isdecimal()
    assert list(application["_embedded"]) == ["communication", "me", "onlineMeetings", "people"]
    assert "applications" not in application["_links"]
    assert application["_links"]["events"]["href"].endswith("/events?ack=1")


async def test_endpoint_gets_its_existing_application(user: UcwaClient) -> None:
    first, again = await user.post(APPLICATIONS, json=BODY), await user.post(APPLICATIONS, json=BODY)
    other = await user.post(APPLICATIONS, json=BODY | {"endpointId": "two"})
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert other.json()["id"] != first.json()["id"]


async def test_hrefs_have_the_prefix_of_the_request(user: UcwaClient) -> None:
    answer = await user.post("/ucwa/oauth/v1/applications", json=BODY)
    assert '"/ucwa/v1' not in answer.text
    assert answer.json()["_links"]["self"]["href"].startswith("/ucwa/oauth/v1/applications/")


@pytest.mark.parametrize("name", ["culture", "endpointId", "userAgent"])
async def test_missing_required_properties_are_named(user: UcwaClient, name: str) -> None:
    answer = await user.post(APPLICATIONS, json={each: text for each, text in BODY.items() if each != name})
    assert_invalid(answer, name)


@pytest.mark.parametrize("name", ["culture", "endpointId", "userAgent", "instanceId"])
async def test_names_have_at_most_a_hundred_characters(user: UcwaClient, name: str) -> None:
    assert (await user.post(APPLICATIONS, json=BODY | {name: "x" * 100})).status_code == 201
    assert_invalid(await user.post(APPLICATIONS, json=BODY | {name: "x" * 101}), name)


async def test_names_are_matched_in_any_case(user: UcwaClient) -> None:
    body = {"Culture": "en-us", "EndpointId": "one", "UserAgent": "tests"}
    assert (await user.post(APPLICATIONS, json=body)).status_code == 201


async def test_instance_is_new_only_once(user: UcwaClient) -> None:
    body = BODY | {"instanceId": "tab"}
    first, again = await user.post(APPLICATIONS, json=body), await user.post(APPLICATIONS, json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    links = again.json()["_links"]
    assert links["self"]["href"].endswith("?instanceId=tab")
    assert links["events"]["href"].endswith("/events?instanceId=tab&ack=1")
    assert again.json()["instanceId"] == "tab"


async def test_each_instance_has_a_channel_of_its_own(user: UcwaClient, world: FakeWorld) -> None:
    one = (await user.post(APPLICATIONS, json=BODY | {"instanceId": "1"})).json()
    two = (await user.post(APPLICATIONS, json=BODY | {"instanceId": "2"})).json()
    app = one["_links"]["self"]["href"].partition("?")[0]
    assert (await user.post(f"{app}/me/makeMeAvailable", json={})).status_code == 204
    await world.advance(6)
    for instance in (one, two):
        body = (await user.get(instance["_links"]["events"]["href"])).json()
        assert [sender["rel"] for sender in body["sender"]] == ["communication", "me"]
        assert f"instanceId={instance['instanceId']}&ack=2" in body["_links"]["next"]["href"]


async def test_ending_the_last_instance_ends_the_application(user: UcwaClient) -> None:
    one = (await user.post(APPLICATIONS, json=BODY | {"instanceId": "1"})).json()["_links"]["self"]["href"]
    two = (await user.post(APPLICATIONS, json=BODY | {"instanceId": "2"})).json()["_links"]["self"]["href"]
    assert (await user.delete(one)).status_code == 204
    assert_refused(await user.get(one), 404, "NotFound", "ResourceNotFound")
    assert (await user.get(two)).status_code == 200
    assert (await user.delete(two)).status_code == 204
    assert_refused(await user.get(two), 404, "NotFound", "ApplicationNotFound")


async def test_deleted_application_is_gone_and_its_endpoint_gets_a_new_one(user: UcwaClient) -> None:
    first = (await user.post(APPLICATIONS, json=BODY)).json()
    assert (await user.delete(first["_links"]["self"]["href"])).status_code == 204
    assert_refused(await user.get(first["_links"]["self"]["href"]), 404, "NotFound", "ApplicationNotFound")
    assert (await user.post(APPLICATIONS, json=BODY)).json()["id"] != first["id"]


async def test_over_the_limit_the_longest_idle_application_ends(
    make_service: Make, connect: Connect, world: FakeWorld
) -> None:
    user = connect(await make_service(max_applications=2))
    await user.sign_in("lenea@contoso.com")
    hrefs = []
    for endpoint in ("one", "two", "three"):
        hrefs.append(
            (await user.post(APPLICATIONS, json=BODY | {"endpointId": endpoint})).json()["_links"]["self"]["href"]
        )
        await world.advance(1)
    assert_refused(await user.get(hrefs[0]), 410, "Gone", "TooManyApplications")
    assert [(await user.get(href)).status_code for href in hrefs[1:]] == [200, 200]


async def test_application_that_never_polled_ends_15_minutes_after_its_last_request(
    user: UcwaClient, world: FakeWorld
) -> None:
    href = (await user.post(APPLICATIONS, json=BODY)).json()["_links"]["self"]["href"]
    await world.advance(14 * 60)
    assert (await user.get(href)).status_code == 200
    await world.advance(14 * 60)
    assert (await user.get(href)).status_code == 200
    await world.advance(16 * 60)
    assert_refused(await user.get(href), 404, "NotFound", "ApplicationNotFound")


async def test_me_links_to_make_me_available_until_it_was_called(lene: UcwaClient) -> None:
    before = (await lene.get(f"{lene.app}/me")).json()["_links"]
    assert list(before) == ["self", "makeMeAvailable", "photo"]
    assert (
        await lene.post(before["makeMeAvailable"]["href"], json={"SupportedModalities": ["Messaging"]})
    ).status_code == 204
    after = (await lene.get(f"{lene.app}/me")).json()["_links"]
    assert list(after) == ["self", "location", "note", "photo", "presence", "reportMyActivity"]
    assert (await lene.get(f"{lene.app}/communication")).json()["supportedModalities"] == ["Messaging"]
    for link in after.values():
        assert (await lene.get(link["href"], headers={"Accept": "*/*"})).status_code in {200, 405}


SEVEN = ["Messaging", "Audio", "Video", "PanoramicVideo", "PhoneAudio", "ApplicationSharing", "DataCollaboration"]


async def test_all_seven_modalities_are_accepted_and_messaging_is_stored(lene: UcwaClient) -> None:
    body = {"SupportedModalities": SEVEN}
    assert (await lene.post(f"{lene.app}/me/makeMeAvailable", json=body)).status_code == 204
    communication = (await lene.get(f"{lene.app}/communication")).json()
    assert communication["supportedModalities"] == ["Messaging"]
    answer = await lene.replace(communication, supportedModalities=SEVEN)
    assert (answer.status_code, answer.json()["supportedModalities"]) == (200, ["Messaging"])
    refused = await lene.replace(answer.json(), supportedModalities=["Telepathy"])
    assert_refused(refused, 400, "BadRequest", "ParameterValidationFailure", "supportedModalities")


@pytest.mark.parametrize("path", ["me/reportMyActivity", "reportMyActivity"])
async def test_activity_can_be_reported_once_available(lene: UcwaClient, path: str) -> None:
    assert_refused(await lene.post(f"{lene.app}/{path}"), 409, "Conflict", "MakeMeAvailableRequired")
    await lene.post(f"{lene.app}/me/makeMeAvailable", json={})
    assert (await lene.post(f"{lene.app}/{path}")).status_code == 204


async def test_anonymous_application_needs_no_endpoint_and_has_no_meetings(
    service: Service, lene: UcwaClient, connect: Connect
) -> None:
    joe = connect(service)
    await joe.sign_in_to_meeting(await lene.schedule())
    answer = await joe.post("/ucwa/v1/anonApplications", json={"culture": "en-us", "userAgent": "tests"})
    assert (answer.status_code, list(answer.json()["_embedded"])) == (201, ["communication", "me", "people"])
    href = answer.json()["_links"]["self"]["href"]
    assert list((await joe.get(f"{href}/me")).json()["_links"]) == ["self"]
    assert_refused(await joe.get(f"{href}/onlineMeetings"), 403, "Forbidden", "AnonymousNotAllowed")


async def test_every_link_of_people_works(lene: UcwaClient) -> None:
    links = (await lene.get(f"{lene.app}/people")).json()["_links"]
    assert set(links) == {
        "self",
        "myContactsAndGroupsSubscription",
        "myContacts",
        "myGroups",
        "myGroupMemberships",
        "myPrivacyRelationships",
        "presenceSubscriptionMemberships",
        "presenceSubscriptions",
        "subscribedContacts",
        "search",
    }
    for rel, link in links.items():
        assert (await lene.get(link["href"] + ("?query=x" if rel == "search" else ""))).status_code == 200


async def test_all_applications_of_a_user_are_listed_as_each_shows_itself(lene: UcwaClient, dana: UcwaClient) -> None:
    first = lene.app
    await lene.open("another")
    shown = (await lene.get("/ucwa/v1/applications")).json()
    assert shown["rel"] == "applications"
    listed = shown["_embedded"]["application"]
    # Opened in the same moment, they have no order.
    found = {each["_links"]["self"]["href"]: each for each in listed}
    assert found == {href: (await lene.get(href)).json() for href in (first, lene.app)}


@pytest.mark.parametrize("network", ["External", "internal"])
async def test_network_is_reported(lene: UcwaClient, network: str) -> None:
    href = (await lene.get(lene.app)).json()["_links"]["reportMyNetwork"]["href"]
    answer = await lene.post(href, json={"clientNetworkType": network, "ip": "10.0.0.1"})
    assert (answer.status_code, answer.content) == (201, b"")
    assert_invalid(await lene.post(href, json={"ip": "10.0.0.1"}), "clientNetworkType")
