"""The stage for samples of contacts and groups: somebody who has one of each."""

from tests.client import UcwaClient
from tests.users import DANA

#: Resources of which a directory has a part. Its distribution group, which has people and a group in it.
OF_DIRECTORY = {
    "addToContactList",
    "distributionGroup",
    "expandDistributionGroup",
    "myGroups",
    "myGroups2",
    "myOrganizationGroup",
    "removeFromContactList",
    "search",
    "search2",
}
SALES = "sales@contoso.com"


async def contact_hrefs(client: UcwaClient, rel: str) -> dict[str, str]:
    """Puts Dana into each kind of group; the hrefs of what there is then, by documented name. `rel`: whose sample it is
    for.
    """
    links = (await client.get(f"{client.app}/people")).json()["_links"]
    hrefs = {name: link["href"] for name, link in links.items() if name != "self"}
    groups = hrefs["myGroups"]
    made = await client.post(groups, json={"displayName": "Family"})
    hrefs |= {name: f"{groups}/{name}" for name in ("defaultGroup", "delegatesGroup", "delegatorsGroup", "pinnedGroup")}
    hrefs |= dict.fromkeys(("group", "group2"), made.headers["Location"])
    group_id = made.headers["Location"].rpartition("/")[2]
    hrefs["groupContacts"] = f"{hrefs['myContacts']}?groupId={group_id}"
    hrefs["groupMemberships"] = f"{hrefs['group']}/groupMemberships"
    for each in (group_id, "defaultGroup", "delegatesGroup", "pinnedGroup"):
        added = await client.post(hrefs["myGroupMemberships"], json={"contactUri": DANA, "groupId": each})
        assert added.status_code == 201, added.text
        hrefs |= dict.fromkeys(("myGroupMembership", "myGroupMembership2"), added.headers["Location"])
    for name in ("myGroups", "myGroupMemberships", "search"):
        hrefs[f"{name}2"] = hrefs[name]
    remove = f"{hrefs['myGroupMemberships']}/removeContactFromAllGroups"
    hrefs |= dict.fromkeys(("removeContactFromAllGroups", "removeContactFromAllGroups2"), remove)
    relationship = f"{client.app}/people/danab@contoso.com/privacyRelationship"
    shown = (await client.get(relationship)).json()
    assert (await client.replace(shown, relationshipLevel="Workgroup")).status_code == 200
    hrefs |= dict.fromkeys(("contactPrivacyRelationship", "contactPrivacyRelationship2"), relationship)
    hrefs["resetContactPrivacyRelationship"] = f"{relationship}/resetContactPrivacyRelationship"
    hrefs["myPrivacyRelationship"] = f"{hrefs['myPrivacyRelationships']}/Workgroup"
    for name in ("startOrRefreshSubscriptionToContactsAndGroups", "stopSubscriptionToContactsAndGroups"):
        hrefs[name] = f"{hrefs['myContactsAndGroupsSubscription']}/{name}"
    hrefs["myOrganizationGroup"] = f"{groups}/myOrganizationGroup"
    hrefs["distributionGroup"] = f"{groups}/{SALES}"
    hrefs["expandDistributionGroup"] = f"{groups}/{SALES}/expandDistributionGroup"
    hrefs |= {name: f"{groups}/{name}" for name in ("addToContactList", "removeFromContactList")}
    if rel in OF_DIRECTORY - {"addToContactList"}:
        listed = await client.post(hrefs["addToContactList"], json={"displayName": "Sales", "smtpAddress": SALES})
        assert listed.status_code == 204, listed.text
    return hrefs
