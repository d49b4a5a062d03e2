"""The search for people."""

from typing import Any

from openucwa.app import Service
from tests.client import add_user
from tests.contacts.conftest import Application
from tests.resources.messages import assert_invalid


async def search(application: Application, **query: Any) -> tuple[list[str], bool]:
    """The addresses found, and whether there are more."""
    answer = await application.client.get(f"{application.people}/search", params=query)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    uris = [contact["uri"].removeprefix("sip:") for contact in found["_embedded"]["contact"]]
    return uris, found["moreResultsAvailable"]


async def test_people_are_found_by_name_address_and_number(lene_here: Application, alex: str) -> None:
    for query in ("alex", "Doe A", "ALEXD@contoso.com", "sip:alexd@contoso.com", "alex@mail.ex", "+45 7055 5501"):
        assert await search(lene_here, query=query) == (["alexd@contoso.com"], False), query
    assert await search(lene_here, mail="alex@mail.example") == (["alexd@contoso.com"], False)
    assert await search(lene_here, query="doe", mail="lene") == ([], False)
    assert await search(lene_here, query="nobody") == ([], False)


async def test_mail_is_the_beginning_of_an_address_and_not_of_a_name(service: Service, lene_here: Application) -> None:
    await add_user(service, "sip:jdoe@contoso.com", "Alice Karenina", email="Alice.K@mail.example")
    for mail in ("alice", "ALICE.K@mail", "jd", "sip:jdoe@contoso.com"):
        assert await search(lene_here, mail=mail) == (["jdoe@contoso.com"], False), mail
    for mail in ("karenina", "k@mail", "mail.example", "doe"):
        assert await search(lene_here, mail=mail) == ([], False), mail
    assert await search(lene_here, query="karenina", mail="alice") == (["jdoe@contoso.com"], False)
    assert await search(lene_here, query="karenina", mail="") == (["jdoe@contoso.com"], False)
    assert await search(lene_here, query="karenina", mail="karenina") == ([], False)


async def test_search_needs_a_query(lene_here: Application) -> None:
    for query in ("", "query=", "mail=&limit=3"):
        assert_invalid(await lene_here.client.get(f"{lene_here.people}/search?{query}"), "query")


async def test_limit_is_a_number_from_1_to_100(lene_here: Application) -> None:
    for limit in ("0", "101", "few"):
        assert_invalid(await lene_here.client.get(f"{lene_here.people}/search?query=a&limit={limit}"), "limit")


async def test_long_query_is_refused(lene_here: Application) -> None:
    assert_invalid(await lene_here.client.get(f"{lene_here.people}/search?query={'a' * 257}"), "query")


async def test_limited_results_say_that_there_are_more(service: Service, lene_here: Application) -> None:
    for number in range(3):
        await add_user(service, f"sip:ed{number}@contoso.com", "Ed")
    assert await search(lene_here, query="ed", limit=2) == (["ed0@contoso.com", "ed1@contoso.com"], True)
    assert (await search(lene_here, query="ed", limit=3))[1] is False


async def test_hidden_matches_take_no_place_of_visible_ones(service: Service, lene_here: Application) -> None:
    for number in range(5):
        await add_user(service, f"sip:ed{number}@contoso.com", "Ed", home_phone="tel:+4599999999")
    await add_user(service, "sip:zoe@contoso.com", "Zoe", work_phone="tel:+4599999999")
    assert await search(lene_here, query="99999999", limit=1) == (["zoe@contoso.com"], False)


async def test_self_of_a_search_leads_to_the_same_results(lene_here: Application) -> None:
    first = await lene_here.client.get(f"{lene_here.people}/search?query=dana%20b&limit=3")
    assert first.json()["_links"]["self"]["href"] == f"{lene_here.people}/search?query=dana+b&limit=3"
    again = await lene_here.get(first.json()["_links"]["self"]["href"])
    assert again == first.json()
    assert [contact["name"] for contact in again["_embedded"]["contact"]] == ["Dana Birkby"]
