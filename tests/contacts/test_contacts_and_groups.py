"""Contacts, groups and memberships."""

from openucwa.app import Service
from tests.client import if_match, self_of
from tests.conftest import Connect, Make
from tests.contacts.conftest import Application, Come
from tests.resources.messages import assert_invalid, assert_refused, pass_through
from tests.users import ALEX, DANA

OUTSIDER = "sip:ed@elsewhere.example"


async def addresses(application: Application, query: str = "") -> list[str]:
    """The contacts, in both ways that they are shown in."""
    shown = await application.get(f"{application.people}/contacts{query}")
    linked = [link["href"].rpartition("/")[2] for link in shown["_links"].get("contact", [])]
    assert [each["uri"] for each in shown["_embedded"]["contact"]] == [f"sip:{each}" for each in linked]
    return linked


async def test_people_links_to_contacts_and_groups(lene_here: Application) -> None:
    links = (await lene_here.get(lene_here.people))["_links"]
    for rel, segment in {
        "myContactsAndGroupsSubscription": "contactsAndGroupsSubscription",
        "myContacts": "contacts",
        "myGroupMemberships": "groupMemberships",
        "myGroups": "groups",
        "myPrivacyRelationships": "privacyRelationships",
        "search": "search",
    }.items():
        assert links[rel]["href"] == f"{lene_here.people}/{segment}"


async def test_documented_names_are_aliases_of_captured_ones(lene_here: Application) -> None:
    for name in (
        "myContacts",
        "myGroups",
        "myGroupMemberships",
        "myContactsAndGroupsSubscription",
        "myPrivacyRelationships",
        "danab@contoso.com/contactPrivacyRelationship",
    ):
        await lene_here.get(f"{lene_here.people}/{name}")


async def test_contact_list_of_a_new_user_is_empty(lene_here: Application) -> None:
    assert await addresses(lene_here) == []
    memberships = await lene_here.get(f"{lene_here.people}/groupMemberships")
    assert memberships["_embedded"] == {"myGroupMembership": []}


async def test_added_contact_is_listed(lene_here: Application) -> None:
    membership = await lene_here.add(DANA)
    assert await addresses(lene_here) == ["danab@contoso.com"]
    assert await addresses(lene_here, "?groupId=defaultGroup") == ["danab@contoso.com"]
    assert membership["_links"]["contact"]["href"] == f"{lene_here.people}/danab@contoso.com"
    assert membership["_links"]["defaultGroup"]["href"] == f"{lene_here.people}/groups/defaultGroup"
    assert await lene_here.get(self_of(membership)) == membership


async def test_contacts_are_only_linked_without_expand(lene_here: Application) -> None:
    await lene_here.add(DANA)
    shown = await lene_here.get(f"{lene_here.people}/contacts?expand=false")
    assert "_embedded" not in shown
    assert len(shown["_links"]["contact"]) == 1


async def test_parameters_of_the_address_are_left_out(lene_here: Application) -> None:
    await lene_here.add("sip:DanaB@contoso.com;gruu;opaque=x")
    assert await addresses(lene_here) == ["danab@contoso.com"]


async def test_contact_of_elsewhere_is_federated(lene_here: Application) -> None:
    await lene_here.add(OUTSIDER)
    contact = await lene_here.get(f"{lene_here.people}/ed@elsewhere.example")
    assert (contact["name"], contact["sourceNetwork"]) == ("ed@elsewhere.example", "Federated")


async def test_contact_of_another_user_is_unknown(lene_here: Application, come: Come) -> None:
    await lene_here.add(OUTSIDER)
    dana = await come("danab@contoso.com")
    assert_refused(await dana.client.get(f"{dana.people}/ed@elsewhere.example"), 404, "NotFound", "ResourceNotFound")


async def test_contact_is_added_once_to_a_group(lene_here: Application) -> None:
    await lene_here.add(DANA)
    again = await lene_here.client.post(f"{lene_here.people}/groupMemberships", json={"contactUri": DANA})
    assert_refused(again, 409, "Conflict", "AlreadyExists")


async def test_contact_may_be_given_in_the_query(lene_here: Application) -> None:
    answer = await lene_here.client.post(
        f"{lene_here.people}/groupMemberships?contactUri=sip:danab%40contoso.com&groupId=pinnedGroup"
    )
    assert answer.status_code == 201
    assert await addresses(lene_here, "?groupId=pinnedGroup") == ["danab@contoso.com"]


async def test_contact_must_have_a_sip_address(lene_here: Application) -> None:
    for body in ({}, {"contactUri": "Dana"}, {"contactUri": "sip:" + "x" * 250 + "@contoso.com"}):
        assert_invalid(await lene_here.client.post(f"{lene_here.people}/groupMemberships", json=body), "contactUri")


async def test_contact_is_not_added_to_an_unknown_group(lene_here: Application) -> None:
    body = {"contactUri": DANA, "groupId": "7"}
    answer = await lene_here.client.post(f"{lene_here.people}/groupMemberships", json=body)
    assert_refused(answer, 404, "NotFound", "ResourceNotFound")
    assert await addresses(lene_here) == []


async def test_contacts_and_delegates_and_groups_are_limited(make_service: Make, connect: Connect) -> None:
    client = connect(await make_service(max_contacts=1, max_delegates=1, max_groups=1))
    await client.sign_in("lenea@contoso.com")
    await client.open()
    memberships, groups = f"{client.app}/people/groupMemberships", f"{client.app}/people/groups"
    delegate = {"groupId": "delegatesGroup"}
    assert (await client.post(memberships, json={"contactUri": DANA, **delegate})).status_code == 201
    assert_refused(
        await client.post(memberships, json={"contactUri": ALEX, **delegate}), 403, "Forbidden", "LimitExceeded"
    )
    assert_refused(await client.post(memberships, json={"contactUri": ALEX}), 409, "Conflict", "LimitExceeded")
    assert (await client.post(groups, json={"displayName": "Family"})).status_code == 204
    assert_refused(await client.post(groups, json={"displayName": "Work"}), 409, "Conflict", "TooManyGroups")


async def test_removed_membership_removes_the_contact_with_the_last_one(lene_here: Application) -> None:
    first, second = await lene_here.add(DANA), await lene_here.add(DANA, "pinnedGroup")
    assert (await lene_here.client.delete(self_of(first))).status_code == 204
    assert await addresses(lene_here) == ["danab@contoso.com"]
    assert (await lene_here.client.delete(self_of(second))).status_code == 204
    assert await addresses(lene_here) == []
    assert_refused(await lene_here.client.delete(self_of(second)), 404, "NotFound", "ResourceNotFound")


async def test_contact_is_removed_from_all_groups(lene_here: Application) -> None:
    await lene_here.add(DANA)
    await lene_here.add(DANA, "pinnedGroup")
    href = f"{lene_here.people}/groupMemberships/removeContactFromAllGroups"
    for _ in range(2):
        assert (await lene_here.client.post(href, json={"contactUri": DANA})).status_code == 204
    assert await addresses(lene_here) == []


async def test_groups_that_everybody_has_are_linked_and_embedded(lene_here: Application) -> None:
    groups = await lene_here.get(f"{lene_here.people}/groups")
    for rel in ("defaultGroup", "delegatesGroup", "delegatorsGroup", "pinnedGroup"):
        group = await lene_here.get(groups["_links"][rel]["href"])
        assert group == groups["_embedded"][rel]
        assert group["rel"] == group["id"] == rel
        assert group["_links"]["groupContacts"]["href"] == f"{lene_here.people}/contacts?groupId={rel}"
    assert (groups["_embedded"]["group"], groups["_embedded"]["distributionGroup"]) == ([], [])


async def test_groups_are_only_linked_without_expand(lene_here: Application) -> None:
    await lene_here.make_group("Family")
    groups = await lene_here.get(f"{lene_here.people}/groups?expand=false")
    assert "_embedded" not in groups
    assert len(groups["_links"]["group"]) == 1


async def test_created_group_is_listed_with_its_contacts(lene_here: Application) -> None:
    group = await lene_here.make_group(" Family ")
    assert group["name"] == "Family"
    assert (await lene_here.client.get(self_of(group))).headers["ETag"] == f'"{group["etag"]}"'
    await lene_here.add(DANA, group["id"])
    assert await addresses(lene_here, f"?groupId={group['id']}") == ["danab@contoso.com"]
    shown = await lene_here.get(group["_links"]["groupContacts"]["href"])
    assert (shown["rel"], self_of(shown)) == ("groupContacts", group["_links"]["groupContacts"]["href"])
    assert (await lene_here.get(f"{lene_here.people}/groups"))["_embedded"]["group"] == [group]


async def test_group_needs_a_visible_name_of_its_own(lene_here: Application) -> None:
    groups = f"{lene_here.people}/groups"
    group = await lene_here.make_group("Family")
    for name in (None, "", " ", "\u200b", "x" * 257):
        assert_invalid(await lene_here.client.post(groups, json={"displayName": name}), "displayName")
    assert_refused(
        await lene_here.client.post(groups, json={"displayName": "FAMILY"}), 409, "Conflict", "AlreadyExists"
    )
    assert_invalid(await lene_here.client.replace(group, name=" "), "name")


async def test_group_is_renamed_with_its_etag(lene_here: Application) -> None:
    group = await lene_here.make_group("Family")
    renamed = await lene_here.client.replace(group, name="Friends")
    assert (renamed.status_code, renamed.json()["name"]) == (200, "Friends")
    assert renamed.json()["etag"] != group["etag"]
    assert_refused(await lene_here.client.replace(group, name="Others"), 412, "PreconditionFailed")
    assert await lene_here.get(self_of(group)) == renamed.json()


async def test_put_of_a_group_needs_if_match_and_the_pass_through_property(lene_here: Application) -> None:
    group = await lene_here.make_group("Family")
    assert_refused(await lene_here.client.put(self_of(group), json=group), 428, "PreconditionRequired")
    bare = await lene_here.client.put(self_of(group), json={"name": "Friends"}, headers=if_match(group))
    assert_invalid(bare, *pass_through(group))
    assert (await lene_here.client.replace(group, id="7")).json()["id"] == group["id"]


async def test_unchanged_group_is_not_sent_again(lene_here: Application) -> None:
    group = await lene_here.make_group("Family")
    again = await lene_here.client.get(self_of(group), headers={"If-None-Match": f'"{group["etag"]}"'})
    assert again.status_code == 304


async def test_contacts_of_a_deleted_group_stay(lene_here: Application) -> None:
    group = await lene_here.make_group("Family")
    await lene_here.add(DANA, group["id"])
    stale = await lene_here.client.delete(self_of(group), headers={"If-Match": '"7"'})
    assert_refused(stale, 412, "PreconditionFailed")
    assert (await lene_here.client.delete(self_of(group))).status_code == 204
    assert await addresses(lene_here, "?groupId=defaultGroup") == ["danab@contoso.com"]
    assert_refused(await lene_here.client.get(self_of(group)), 404, "NotFound", "ResourceNotFound")


async def test_group_of_another_user_is_unknown(lene_here: Application, come: Come) -> None:
    group = await lene_here.make_group("Family")
    dana = await come("danab@contoso.com")
    href = self_of(group).replace(lene_here.client.app, dana.client.app)
    assert_refused(await dana.client.get(href), 404, "NotFound", "ResourceNotFound")
    assert_refused(await dana.client.delete(href), 404, "NotFound", "ResourceNotFound")


async def test_memberships_of_one_group_are_shown_in_two_places(lene_here: Application) -> None:
    group = await lene_here.make_group("Family")
    await lene_here.add(ALEX)
    membership = await lene_here.add(DANA, group["id"])
    everything = await lene_here.get(f"{lene_here.people}/groupMemberships")
    assert len(everything["_embedded"]["myGroupMembership"]) == 2
    for href in (f"{lene_here.people}/groupMemberships?groupId={group['id']}", f"{self_of(group)}/groupMemberships"):
        assert (await lene_here.get(href))["_embedded"] == {"myGroupMembership": [membership]}


async def test_delegate_sees_the_delegator(lene_here: Application, come: Come) -> None:
    await lene_here.add(DANA, "delegatesGroup")
    dana = await come("danab@contoso.com")
    assert await addresses(dana, "?groupId=delegatorsGroup") == ["lenea@contoso.com"]
    assert await addresses(dana) == []


async def test_delegators_are_not_ones_own_to_change(lene_here: Application, come: Come) -> None:
    await lene_here.add(DANA, "delegatesGroup")
    dana = await come("danab@contoso.com")
    memberships = f"{dana.people}/groupMemberships"
    for answer in (
        await dana.client.get(f"{memberships}?groupId=delegatorsGroup"),
        await dana.client.get(f"{dana.people}/groups/delegatorsGroup/groupMemberships"),
        await dana.client.post(memberships, json={"contactUri": ALEX, "groupId": "delegatorsGroup"}),
        await dana.client.delete(f"{memberships}/delegatorsGroup,lenea@contoso.com"),
    ):
        assert_refused(answer, 403, "Forbidden", "OperationNotSupported")


async def test_contacts_are_stored_for_all_applications_of_the_user(lene_here: Application, come: Come) -> None:
    await lene_here.add(DANA)
    assert await addresses(await come(endpoint="another")) == ["danab@contoso.com"]


async def test_anonymous_user_has_no_contacts(service: Service, lene_here: Application, connect: Connect) -> None:
    guest = connect(service)
    await guest.sign_in_to_meeting(await lene_here.client.schedule())
    await guest.open()
    for href in ("contacts", "groups", "groupMemberships", "contactsAndGroupsSubscription", "search?query=lene"):
        assert_refused(await guest.get(f"{guest.app}/people/{href}"), 403, "Forbidden", "AnonymousNotAllowed")


async def test_organization_is_unknown_without_a_directory(lene_here: Application) -> None:
    groups = await lene_here.get(f"{lene_here.people}/groups")
    assert "myOrganizationGroup" not in groups["_links"]
    answer = await lene_here.client.get(f"{lene_here.people}/groups/myOrganizationGroup")
    assert_refused(answer, 404, "NotFound", "ResourceNotFound")
