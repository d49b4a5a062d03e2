"""Links to resources of which the reference has a second version say so (UCWA: Versioning)."""

from collections.abc import Iterator
from typing import Any

import pytest
from lxml import etree

from tests.client import UcwaClient
from tests.resources.messages import NAMESPACE
from tests.users import DANA

#: The resources whose pages end in 2, as far as something links to them, and where.
SECOND = {
    "applications": "/Autodiscover/AutodiscoverService.svc/root/oauth/user",
    "contactPrivacyRelationship": "{app}/people/danab@contoso.com",
    "group": "{app}/people/groupMemberships",
    "makeMeAvailable": "{app}/me",
    "myGroupMemberships": "{app}/people",
    "myGroups": "{app}/people",
    "search": "{app}/people",
    "startMessaging": "{app}/communication",
}


def links_of(shown: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """All links, of embedded resources too."""
    for rel, found in shown["_links"].items():
        yield from ((rel, each) for each in (found if isinstance(found, list) else [found]))
    for found in shown.get("_embedded", {}).values():
        for each in found if isinstance(found, list) else [found]:
            yield from links_of(each)


@pytest.fixture
async def client(lene: UcwaClient) -> UcwaClient:
    """With Dana in a group."""
    group = await lene.post(f"{lene.app}/people/groups", json={"displayName": "Family"})
    added = {"contactUri": DANA, "groupId": group.headers["Location"].rpartition("/")[2]}
    assert (await lene.post(f"{lene.app}/people/groupMemberships", json=added)).status_code == 201
    return lene


@pytest.mark.parametrize("rel", SECOND)
async def test_link_to_a_second_version_has_its_revision(client: UcwaClient, rel: str) -> None:
    path = SECOND[rel].format(app=client.app)
    shown = (await client.get(path)).json()
    revisions = {name: link.get("revision") for name, link in links_of(shown)}
    assert revisions[rel] == "2"
    assert {name for name, revision in revisions.items() if revision is not None} <= SECOND.keys()
    root = etree.fromstring((await client.get(path, headers={"Accept": "application/xml"})).content)
    links = list(root.iter(f"{{{NAMESPACE}}}link"))
    assert {str(link.get("rel")): link.get("revision") for link in links}[rel] == "2"
    assert {link.get("rel") for link in links if link.get("revision")} <= SECOND.keys()


async def test_search_shows_its_revision(client: UcwaClient) -> None:
    shown = (await client.get(f"{client.app}/people/search?query=dana")).json()
    assert shown["_links"]["self"]["revision"] == "2"
