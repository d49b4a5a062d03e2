"""People and distribution groups of a directory: the search, contacts, and members of groups."""

from typing import Any

import pytest

from openucwa.app import Service
from openucwa.config_identity import Directory
from tests.client import UcwaClient
from tests.conftest import Connect, Make
from tests.identity.directories.slapd import BASE, SEARCHER, SEARCHER_PASSWORD, DirectoryServer
from tests.needs import need_module
from tests.resources.messages import assert_invalid, assert_refused

LENE, DANA, SALES, BOARD = "lene.aalling@contoso.com", "dana@contoso.com", "sales@contoso.com", "board@contoso.com"


@pytest.fixture
def table(server: DirectoryServer) -> dict[str, Any]:
    """The settings of the directory."""
    need_module("ldap", "python-ldap")
    return {
        "url": server.tls_url,
        "ca_file": server.ca_file,
        "domains": "contoso.com",
        "base": BASE,
        "bind_dn": SEARCHER,
        "bind_password": SEARCHER_PASSWORD,
        "uri_attributes": ("mail",),
    }


@pytest.fixture
async def service(make_service: Make, table: dict[str, Any]) -> Service:
    return await make_service(directories=(Directory(**table),))


async def found(client: UcwaClient, **query: Any) -> tuple[list[str], list[str], bool]:
    """The addresses of people, those of groups, and whether there are more."""
    answer = await client.get(f"{client.app}/people/search", params=query)
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    embedded = shown["_embedded"]
    people = [contact["uri"].removeprefix("sip:") for contact in embedded["contact"]]
    return people, [group["id"] for group in embedded["distributionGroup"]], shown["moreResultsAvailable"]


async def test_people_of_the_directory_are_found(lene: UcwaClient) -> None:
    for query in ("Lene Aal", "aalling", "lene.aalling@c", "+45 1234"):
        assert LENE in (await found(lene, query=query))[0], query
    assert await found(lene, query="birk") == (["danab@contoso.com", DANA], [], False)
    assert await found(lene, mail=DANA) == ([DANA], [], False)


async def test_hidden_number_of_the_directory_matches_nobody(lene: UcwaClient) -> None:
    assert await found(lene, query="+45 5678") == ([], [], False)


async def test_people_of_other_domains_are_not_found(lene: UcwaClient) -> None:
    assert await found(lene, query="eve") == ([], [], False)


async def test_nothing_in_a_query_has_a_meaning_in_the_filter(lene: UcwaClient) -> None:
    for query in ("*", "birk*", "a)(uid=*", "*)(objectClass=*", "\\2a", "\x00", "birk)(|(cn=*"):
        answer = await lene.get(f"{lene.app}/people/search", params={"query": query})
        if answer.status_code == 400:
            assert_invalid(answer, "query")
            continue
        assert answer.json()["_embedded"] == {"contact": [], "distributionGroup": []} or query == "birk*", query
    assert (await found(lene, query="Doe, John (ext) *+"))[0] == ["doe@contoso.com"]


async def test_results_of_the_directory_are_limited(lene: UcwaClient) -> None:
    people, groups, more = await found(lene, query="d", limit=1)
    assert (len(people) + len(groups), more) == (1, True)


async def test_user_of_the_server_is_shown_as_known_here(service: Service, lene: UcwaClient, connect: Connect) -> None:
    await connect(service).sign_in("lene", "lene-secret")
    assert (await found(lene, query="lene.aalling"))[0] == [LENE]
    assert (await found(lene, query="lene"))[0] == [LENE, "lenea@contoso.com"]


async def test_person_of_the_directory_is_a_contact(lene: UcwaClient) -> None:
    contact = (await lene.get(f"{lene.app}/people/{LENE}")).json()
    assert (contact["name"], contact["title"]) == ("Lene Aalling (Copenhagen)", "Engineer")
    added = await lene.post(f"{lene.app}/people/groupMemberships", json={"contactUri": f"sip:{LENE}"})
    assert added.status_code == 201
    contacts = (await lene.get(f"{lene.app}/people/contacts")).json()["_embedded"]["contact"]
    assert [each["name"] for each in contacts] == ["Lene Aalling (Copenhagen)"]
    unknown = await lene.get(f"{lene.app}/people/eve@elsewhere.org")
    assert_refused(unknown, 404, "NotFound", "ResourceNotFound")


async def test_distribution_group_shows_its_members(lene: UcwaClient) -> None:
    assert (await found(lene, query="sales"))[1] == [SALES]
    group = (await lene.get(f"{lene.app}/people/groups/{SALES}")).json()
    assert (group["rel"], group["uri"], group["name"]) == ("distributionGroup", f"sip:{SALES}", "Sales (Europe)")
    assert [each["uri"] for each in group["_embedded"]["contact"]] == [f"sip:{DANA}", f"sip:{LENE}"]
    assert [each["id"] for each in group["_embedded"]["distributionGroup"]] == [BOARD]
    expanded = (await lene.get(group["_links"]["expandDistributionGroup"]["href"])).json()
    assert expanded == group
    contacts = (await lene.get(f"{lene.app}/people/contacts?groupId={SALES}")).json()
    assert contacts["_embedded"]["contact"] == group["_embedded"]["contact"]


async def test_group_without_an_address_is_none(lene: UcwaClient) -> None:
    for address in ("meeters@contoso.com", "meeters"):
        answer = await lene.get(f"{lene.app}/people/groups/{address}/expandDistributionGroup")
        assert_refused(answer, 404, "NotFound", "ResourceNotFound")


async def test_large_distribution_group_is_not_expanded(
    make_service: Make, table: dict[str, Any], connect: Connect
) -> None:
    client = connect(await make_service(directories=(Directory(**table),), max_group_members=5))
    await client.sign_in("lenea@contoso.com")
    await client.open()
    group = (await client.get(f"{client.app}/people/groups/{SALES}")).json()
    assert "_embedded" not in group
    expanded = await client.get(group["_links"]["expandDistributionGroup"]["href"])
    assert_refused(expanded, 403, "Forbidden", "TooManyContacts")


async def test_distribution_group_is_listed_and_unlisted(lene: UcwaClient) -> None:
    people = f"{lene.app}/people"
    body = {"displayName": "Europe", "smtpAddress": "SALES@contoso.com"}
    assert (await lene.post(f"{people}/groups/addToContactList", json=body)).status_code == 204
    again = await lene.post(f"{people}/groups/addToContactList", json=body)
    assert_refused(again, 409, "Conflict", "AlreadyExists")
    (group,) = (await lene.get(f"{people}/groups")).json()["_embedded"]["distributionGroup"]
    assert (group["id"], group["name"]) == (SALES, "Europe")
    refused = await lene.post(f"{people}/groupMemberships", json={"contactUri": f"sip:{DANA}", "groupId": SALES})
    assert_refused(refused, 403, "Forbidden")
    put = await lene.put(f"{people}/groups/{SALES}", json={"name": "Asia"})
    assert_refused(put, 405, "MethodNotAllowed")
    remove = f"{people}/groups/removeFromContactList"
    assert (await lene.post(remove, json={"groupId": SALES})).status_code == 204
    assert_refused(await lene.post(remove, json={"groupId": SALES}), 404, "NotFound", "ResourceNotFound")
    unknown = {"displayName": "Nobody", "smtpAddress": "nobody@contoso.com"}
    answer = await lene.post(f"{people}/groups/addToContactList", json=unknown)
    assert_refused(answer, 404, "NotFound", "ResourceNotFound")


async def test_directory_that_is_not_to_be_searched_is_not(
    make_service: Make, table: dict[str, Any], connect: Connect
) -> None:
    client = connect(await make_service(directories=(Directory(**table, search=False),)))
    await client.sign_in("lenea@contoso.com")
    await client.open()
    assert await found(client, mail=DANA) == ([], [], False)
    answer = await client.get(f"{client.app}/people/{LENE}")
    assert_refused(answer, 404, "NotFound", "ResourceNotFound")


async def test_unreachable_directory_leaves_the_servers_own_results(
    make_service: Make, table: dict[str, Any], connect: Connect
) -> None:
    away = Directory(**table | {"url": "ldaps://127.0.0.1:9", "timeout": 0.5})
    client = connect(await make_service(directories=(away,)))
    await client.sign_in("lenea@contoso.com")
    await client.open()
    assert await found(client, query="dana") == (["danab@contoso.com"], [], True)
    assert (await client.get(f"{client.app}/people/danab@contoso.com")).status_code == 200
    answer = await client.get(f"{client.app}/people/{LENE}")
    assert_refused(answer, 404, "NotFound", "ResourceNotFound")
    group = await client.get(f"{client.app}/people/groups/{SALES}/expandDistributionGroup")
    assert_refused(group, 503, "ServiceUnavailable")


async def test_organization_is_manager_peers_and_reports(service: Service, connect: Connect) -> None:
    client = connect(service)
    await client.sign_in("lene", "lene-secret")
    await client.open()
    people = f"{client.app}/people"
    groups = (await client.get(f"{people}/groups")).json()
    group = (await client.get(groups["_links"]["myOrganizationGroup"]["href"])).json()
    assert group == groups["_embedded"]["myOrganizationGroup"]
    shown = (await client.get(group["_links"]["groupContacts"]["href"])).json()
    found = [contact["uri"].removeprefix("sip:") for contact in shown["_embedded"]["contact"]]
    assert found == [DANA, "doe@contoso.com", "huge@contoso.com"]
    memberships = f"{people}/groupMemberships"
    for answer in (
        await client.get(f"{memberships}?groupId=myOrganizationGroup"),
        await client.post(memberships, json={"contactUri": f"sip:{DANA}", "groupId": "myOrganizationGroup"}),
    ):
        assert_refused(answer, 403, "Forbidden", "OperationNotSupported")


async def test_organization_of_a_user_unknown_to_the_directory_is_empty(lene: UcwaClient) -> None:
    shown = (await lene.get(f"{lene.app}/people/contacts?groupId=myOrganizationGroup")).json()
    assert shown["_embedded"] == {"contact": []}


async def test_users_in_a_distribution_group_are_subscribed_to(
    service: Service, lene: UcwaClient, connect: Connect
) -> None:
    await connect(service).sign_in("lene", "lene-secret")
    href = f"{lene.app}/people/presenceSubscriptions?groupId={SALES}&duration=11"
    subscription = await lene.post(href)
    assert subscription.status_code == 201, subscription.text
    subscribed = (await lene.get(f"{lene.app}/people/subscribedContacts")).json()["_links"]["contact"]
    assert [link["href"].rpartition("/")[2] for link in subscribed] == [LENE]
