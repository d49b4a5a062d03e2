"""The stage for samples of contacts and groups: somebody who has one of each."""

from tests.client import UcwaClient
from tests.users import DANA


async def contact_hrefs(client: UcwaClient) -> dict[str, str]:
    """Puts Dana into each kind of group; the hrefs of what there is then, by documented name."""
    links = (await client.get(f"{client.app}/people")).json()["_links"]
    hrefs = {rel: link["href"] for rel, link in links.items() if rel != "self"}
    groups = hrefs["myGroups"]
    made = await client.post(groups, json={"displayName": "Family"})
    hrefs |= {rel: f"{groups}/{rel}" for rel in ("defaultGroup", "delegatesGroup", "delegatorsGroup", "pinnedGroup")}
    hrefs |= dict.fromkeys(("group", "group2"), made.headers["Location"])
    group_id = made.headers["Location"].rpartition("/")[2]
    hrefs["groupContacts"] = f"{hrefs['myContacts']}?groupId={group_id}"
    hrefs["groupMemberships"] = f"{hrefs['group']}/groupMemberships"
    for each in (group_id, "defaultGroup", "delegatesGroup", "pinnedGroup"):
        added = await client.post(hrefs["myGroupMemberships"], json={"contactUri": DANA, "groupId": each})
        assert added.status_code == 201, added.text
        hrefs |= dict.fromkeys(("myGroupMembership", "myGroupMembership2"), added.headers["Location"])
    for rel in ("myGroups", "myGroupMemberships", "search"):
        hrefs[f"{rel}2"] = hrefs[rel]
    remove = f"{hrefs['myGroupMemberships']}/removeContactFromAllGroups"
    hrefs |= dict.fromkeys(("removeContactFromAllGroups", "removeContactFromAllGroups2"), remove)
    relationship = f"{client.app}/people/danab@contoso.com/privacyRelationship"
    shown = (await client.get(relationship)).json()
    assert (await client.replace(shown, relationshipLevel="Workgroup")).status_code == 200
    hrefs |= dict.fromkeys(("contactPrivacyRelationship", "contactPrivacyRelationship2"), relationship)
    hrefs["resetContactPrivacyRelationship"] = f"{relationship}/resetContactPrivacyRelationship"
    hrefs["myPrivacyRelationship"] = f"{hrefs['myPrivacyRelationships']}/Workgroup"
    for rel in ("startOrRefreshSubscriptionToContactsAndGroups", "stopSubscriptionToContactsAndGroups"):
        hrefs[rel] = f"{hrefs['myContactsAndGroupsSubscription']}/{rel}"
    return hrefs
