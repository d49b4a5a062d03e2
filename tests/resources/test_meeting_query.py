"""openucwa:meetings: meetings found by what they and their extensions contain."""

from typing import Any

import httpx
import pytest

from tests.client import UcwaClient, self_of
from tests.conftest import Connect, Make
from tests.resources.messages import assert_invalid, assert_refused, xml_of
from tests.users import DANA, LENE
from tests.world import FakeWorld

Resource = dict[str, Any]


async def query(client: UcwaClient, **parameters: str) -> httpx.Response:
    """The answer at openucwa:meetings, found as a client finds it."""
    index = (await client.get(f"{client.app}/openucwa")).json()
    href = index["_links"]["openucwa:meetings"]["href"]
    return await client.get(href, params={f"${name}": value for name, value in parameters.items()})


async def find(client: UcwaClient, **parameters: str) -> list[Resource]:
    answer = await query(client, **parameters)
    assert answer.status_code == 200, answer.text
    found: list[Resource] = answer.json()["_embedded"]["openucwa:foundMeeting"]
    return found


def shown(found: Resource) -> Resource:
    """The meeting itself."""
    meeting: Resource
    (meeting,) = found["_embedded"].values()
    return meeting


def subjects(found: list[Resource]) -> list[str]:
    """Of all but assigned meetings."""
    return [shown(each)["subject"] for each in found if "myAssignedOnlineMeeting" not in each["_embedded"]]


@pytest.fixture
async def orders(lene: UcwaClient) -> list[Resource]:
    """Meetings of Lene's with an order each; Dana is invited to the second."""
    meetings = [await lene.schedule(subject=f"Order {number}", attendees=[DANA] * (number == 1)) for number in range(3)]
    for number, meeting in enumerate(meetings):
        data = {"number": number, "status": "open" if number else "closed", "tags": ["a", f"t{number}"]}
        await lene.extend(meeting, id="order", type="RoamedParticipantData", **data)
    await lene.extend(meetings[1], id="margin", type="RoamedOrganizerData", percent=12.5)
    return meetings


async def test_found_meeting_is_shown_as_in_my_online_meetings(lene: UcwaClient, orders: list[Resource]) -> None:
    (found,) = await find(lene, filter="extensions('order')/number eq 1")
    assert found["rel"] == "openucwa:foundMeeting"
    assert (found["own"], found["matchingExtensions"]) == (True, ["order"])
    assert found["_embedded"] == {"myOnlineMeeting": (await lene.get(self_of(orders[1]))).json()}


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("extensions('order')/status eq 'open'", [1, 2]),
        ("extensions('order')/status eq 'open' and extensions('order')/number lt 2", [1]),
        ("extensions('order')/status ne 'open'", [0]),
        ("extensions('order')/number in (0, 2, 7)", [0, 2]),
        ("extensions('order')/tags/any(t: t eq 't2')", [2]),
        ("extensions('order')/tags eq 'a'", [0, 1, 2]),
        ("extensions('margin') ne null", [1]),
        ("extensions('margin')/percent ge 12", [1]),
        ("extensions/any(e: e/number eq 2 and startswith(e/id, 'ord'))", [2]),
        ("startswith(subject, 'Order') and not (subject eq 'Order 1')", [0, 2]),
        ("expirationTime gt 2000-01-01 and expirationTime lt 2001-01-01", []),
        ("extensions('order')/number eq '1'", []),
    ],
)
async def test_filter_finds_meetings(lene: UcwaClient, orders: list[Resource], text: str, numbers: list[int]) -> None:
    found = await find(lene, filter=text, orderby="subject")
    assert subjects(found) == [f"Order {number}" for number in numbers]


async def test_query_shows_what_was_changed_just_before(lene: UcwaClient, orders: list[Resource]) -> None:
    closed = "extensions('order')/status eq 'closed'"
    assert subjects(await find(lene, filter=closed)) == ["Order 0"]
    meeting = (await lene.get(self_of(orders[2]))).json()
    (order,) = meeting["_embedded"]["onlineMeetingExtension"]
    assert (await lene.replace(order, status="closed")).status_code == 200
    assert (await lene.delete(self_of(orders[0]))).status_code == 204
    assert subjects(await find(lene, filter=closed)) == ["Order 2"]


async def test_order_and_pages_follow_the_links(lene: UcwaClient, orders: list[Resource]) -> None:
    answer = await query(
        lene, filter="startswith(subject, 'Order')", orderby="extensions('order')/number desc", top="2"
    )
    first = answer.json()
    assert subjects(first["_embedded"]["openucwa:foundMeeting"]) == ["Order 2", "Order 1"]
    second = (await lene.get(first["_links"]["next"]["href"])).json()
    assert subjects(second["_embedded"]["openucwa:foundMeeting"]) == ["Order 0"]
    assert "next" not in second["_links"]


async def test_without_filter_all_meetings_are_found_oldest_first(lene: UcwaClient, world: FakeWorld) -> None:
    for subject in "cab":
        await lene.schedule(subject=subject)
        await world.advance(1)
    found = await find(lene)
    assert subjects(found) == ["c", "a", "b"]
    assert len(found) == 4  # with the assigned one


async def test_every_meeting_is_on_one_page_of_those_without_a_filter(lene: UcwaClient, world: FakeWorld) -> None:
    for number in range(5):
        await lene.schedule(subject=str(number))
        await world.advance(1)
    answer = await query(lene, orderby="creationTime desc", top="3")
    pages = [subjects(answer.json()["_embedded"]["openucwa:foundMeeting"])]
    while "next" in (links := answer.json()["_links"]):
        answer = await lene.get(links["next"]["href"])
        pages.append(subjects(answer.json()["_embedded"]["openucwa:foundMeeting"]))
    assert len(pages) == 2
    assert [subject for page in pages for subject in page] == list("43210")


async def test_found_meeting_says_when_it_was_scheduled(lene: UcwaClient, world: FakeWorld) -> None:
    before = world.now()
    await lene.schedule(subject="old")
    await world.advance(1)
    (found,) = await find(lene, filter="subject eq 'old'")
    assert found["creationTime"] == f"/Date({before})/"


async def test_first_query_of_a_user_finds_the_assigned_meeting(dana: UcwaClient) -> None:
    (found,) = await find(dana)
    assert list(found["_embedded"]) == ["myAssignedOnlineMeeting"]


async def test_names_of_parameters_may_be_without_sign(lene: UcwaClient, orders: list[Resource]) -> None:
    answer = await lene.get(f"{lene.app}/openucwa/meetings?filter=subject+eq+'Order+1'&orderby=subject&top=1")
    assert subjects(answer.json()["_embedded"]["openucwa:foundMeeting"]) == ["Order 1"]


async def test_invited_user_finds_participant_data_alone(
    lene: UcwaClient, dana: UcwaClient, orders: list[Resource]
) -> None:
    (found,) = await find(dana, filter="extensions('order')/status eq 'open'")
    meeting = found["_embedded"]["onlineMeeting"]
    assert (found["own"], meeting["subject"], meeting["organizerUri"]) == (False, "Order 1", LENE)
    assert [each["id"] for each in meeting["_embedded"]["onlineMeetingExtension"]] == ["order"]
    assert {"attendees", "conferenceId", "legacyOnlineMeetingUri"}.isdisjoint(meeting)
    assert await find(dana, filter="extensions('margin')/percent gt 0") == []
    assert await find(dana, filter="extensions('margin') ne null") == []


async def test_xml_has_the_same_contents(lene: UcwaClient, orders: list[Resource]) -> None:
    lene.accept = "application/xml"
    answer = await lene.get(f"{lene.app}/openucwa/meetings", params={"$filter": "subject ge 'Order 1'", "$top": "1"})
    assert answer.headers["Content-Type"].startswith("application/xml")
    root = xml_of(answer)
    names = {"u": root.nsmap[None]}
    assert root.get("rel") == "openucwa:meetings"
    assert [link.get("rel") for link in root.findall("u:link", names)] == ["next"]
    (found,) = root.findall("u:resource", names)
    assert found.get("rel") == "openucwa:foundMeeting"
    assert [each.get("rel") for each in found.findall("u:resource", names)] == ["myOnlineMeeting"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("filter", "subject like 'a'"),
        ("filter", ""),
        ("orderby", "title"),
        ("top", "0"),
        ("top", "many"),
        ("skiptoken", "abc"),
        ("skiptoken", "\u00e9"),
        ("skiptoken", "W10"),
    ],
)
async def test_invalid_parameter_is_refused(lene: UcwaClient, name: str, value: str) -> None:
    assert_invalid(await query(lene, **{name: value}), f"${name}")


@pytest.mark.parametrize("name", ["$select", "$count", "$skip", "skip", "SKIP", "search", "$filters"])
async def test_option_of_odata_that_is_not_supported_is_refused(lene: UcwaClient, name: str) -> None:
    answer = await lene.get(f"{lene.app}/openucwa/meetings", params={name: "5"})
    assert_invalid(answer, f"${name.lower().removeprefix('$')}")


async def test_parameter_that_is_not_of_odata_is_ignored(lene: UcwaClient, orders: list[Resource]) -> None:
    answer = await lene.get(f"{lene.app}/openucwa/meetings?priority=5&filter=subject+eq+'Order+1'")
    assert subjects(answer.json()["_embedded"]["openucwa:foundMeeting"]) == ["Order 1"]


@pytest.mark.parametrize(("name", "value"), [("filter", "subject eq 'a'"), ("top", "2"), ("orderby", "subject")])
async def test_parameter_that_is_given_twice_is_refused(lene: UcwaClient, name: str, value: str) -> None:
    for other in (name, f"${name}"):
        answer = await lene.get(f"{lene.app}/openucwa/meetings", params=[(f"${name}", value), (other, value)])
        assert_invalid(answer, f"${name}")


async def test_link_of_another_query_is_refused(lene: UcwaClient, orders: list[Resource]) -> None:
    following = (await query(lene, top="1")).json()["_links"]["next"]["href"]
    assert_invalid(await lene.get(f"{following}&$filter=subject%20eq%20'a'"), "$skiptoken")


async def test_longest_filter_is_answered(make_service: Make, connect: Connect) -> None:
    service = await make_service(max_filter_depth=1_000, max_filter_terms=10_000, max_filter_length=60_000)
    lene = connect(service)
    await lene.sign_in("lenea@contoso.com")
    await lene.open()
    await lene.schedule(subject="a")
    term = "extensions/any(e: e/a eq 1 or e/tags/any(t: t gt 'a'))"
    wide = " or ".join([term] * 100)
    assert await find(lene, filter=wide) == []
    deep = "not (" * 12 + f"extensions/any(e: {'(' * 24}e/a eq 1{')' * 24})" + ")" * 12
    assert await find(lene, filter=deep) == []
    assert_invalid(await query(lene, filter=f"{wide} or {term}"), "$filter")
    assert_invalid(await query(lene, filter=f"not ({deep})"), "$filter")
    many = f"subject in ({', '.join([repr(str(number)) for number in range(200)])})"
    assert await find(lene, filter=many) == []


async def test_answer_compares_few_meetings_and_links_to_the_rest(make_service: Make, connect: Connect) -> None:
    service = await make_service(max_query_comparisons=4, assigned_meeting=False)
    lene = connect(service)
    await lene.sign_in("lenea@contoso.com")
    await lene.open()
    for subject in "abcde":
        await lene.schedule(subject=subject)
    answer = await query(lene, filter="not (subject ne 'e') and not (subject lt 'a')", orderby="subject")
    pages = [subjects(answer.json()["_embedded"]["openucwa:foundMeeting"])]
    while "next" in (links := answer.json()["_links"]):
        answer = await lene.get(links["next"]["href"])
        pages.append(subjects(answer.json()["_embedded"]["openucwa:foundMeeting"]))
    assert pages == [[], [], ["e"]]


async def test_incomplete_index_is_refused_with_a_time_to_try_again(make_service: Make, connect: Connect) -> None:
    service = await make_service(max_query_steps=1)
    lene = connect(service)
    await lene.sign_in("lenea@contoso.com")
    await lene.open()
    await lene.schedule(subject="a")
    refused = await query(lene)
    assert_refused(refused, 503, "ServiceUnavailable")
    assert refused.headers["Retry-After"] == "1"
    while (answer := await query(lene)).status_code == 503:
        pass
    assert subjects(answer.json()["_embedded"]["openucwa:foundMeeting"]) == ["a"]


async def test_without_change_log_there_are_no_queries(make_service: Make, connect: Connect) -> None:
    service = await make_service(change_log=False)
    lene = connect(service)
    await lene.sign_in("lenea@contoso.com")
    await lene.open()
    assert "openucwa:meetings" not in (await lene.get(f"{lene.app}/openucwa")).json()["_links"]
    assert "openucwa:meetings" not in (await lene.get(lene.app)).headers["Link"]
    assert (await lene.get(f"{lene.app}/openucwa/meetings")).status_code == 404


async def test_one_extension_alone_can_be_asked_for(lene: UcwaClient, orders: list[Resource]) -> None:
    margin = "extensions($filter=id eq 'margin')"
    found = await find(lene, filter="extensions('order')/number ge 1", orderby="subject", expand=margin)
    assert [[each["id"] for each in shown(one)["_embedded"]["onlineMeetingExtension"]] for one in found] == [
        ["margin"],
        [],
    ]
    assert [one["matchingExtensions"] for one in found] == [[], []]


async def test_next_page_contains_the_same_extension_alone(lene: UcwaClient, orders: list[Resource]) -> None:
    margin = "extensions($filter=id eq 'margin')"
    first = await query(lene, filter="startswith(subject, 'Order')", orderby="subject", top="2", expand=margin)
    second = (await lene.get(first.json()["_links"]["next"]["href"])).json()
    (found,) = second["_embedded"]["openucwa:foundMeeting"]
    assert (shown(found)["subject"], shown(found)["_embedded"]["onlineMeetingExtension"]) == ("Order 2", [])


async def test_other_extensions_do_not_count_for_the_size_of_an_answer(connect: Connect, make_service: Make) -> None:
    lene = connect(await make_service(max_query_bytes=2_000))
    await lene.sign_in("lenea@contoso.com")
    await lene.open()
    for number in range(3):
        meeting = await lene.schedule(subject=f"Large {number}")
        await lene.extend(meeting, id="order", type="RoamedParticipantData", text="x" * 1_900)
    wanted = "startswith(subject, 'Large')"
    assert len(await find(lene, filter=wanted)) == 1
    assert len(await find(lene, filter=wanted, expand="extensions($filter=id eq 'margin')")) == 3


@pytest.mark.parametrize(
    "expand", ["extensions", "extensions($filter=id eq '')", "extensions($filter=id ne 'a')", "me"]
)
async def test_expand_of_something_else_is_refused(lene: UcwaClient, expand: str) -> None:
    assert_invalid(await query(lene, expand=expand), "$expand")
