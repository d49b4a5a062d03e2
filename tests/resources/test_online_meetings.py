"""onlineMeetings: the dashboard, and what it offers beside the meetings."""

from typing import Any

import pytest

from openucwa.config_options import DialInRegion
from tests.client import UcwaClient, self_of
from tests.resources.conftest import SignedIn
from tests.resources.messages import assert_refused, xml_of, xml_properties

LINKED = (
    "myOnlineMeetings",
    "onlineMeetingDefaultValues",
    "onlineMeetingEligibleValues",
    "onlineMeetingInvitationCustomization",
    "onlineMeetingPolicies",
    "phoneDialInInformation",
)
ALIASES = {
    "defaultValues": "onlineMeetingDefaultValues",
    "eligibleValues": "onlineMeetingEligibleValues",
    "customInvitation": "onlineMeetingInvitationCustomization",
    "policies": "onlineMeetingPolicies",
}


@pytest.fixture
def dashboard(lene: UcwaClient) -> str:
    return f"{lene.app}/onlineMeetings"


async def read(client: UcwaClient, name: str) -> dict[str, Any]:
    """What is shown at `name` below the dashboard, without rel and self."""
    href = f"{client.app}/onlineMeetings/{name}"
    answer = await client.get(href)
    assert answer.status_code == 200
    shown: dict[str, Any] = answer.json()
    assert self_of(shown) == href
    assert shown.pop("rel") == name.partition("/")[0]
    del shown["_links"]["self"]
    return shown


async def test_dashboard_links_to_everything_about_meetings(lene: UcwaClient, dashboard: str) -> None:
    shown = (await lene.get(dashboard)).json()
    assert shown["rel"] == "onlineMeetings"
    assert list(shown["_links"]) == ["self", "myAssignedOnlineMeeting", *LINKED]
    assert {name: shown["_links"][name]["href"] for name in LINKED} == {name: f"{dashboard}/{name}" for name in LINKED}


async def test_every_link_of_the_dashboard_works(lene: UcwaClient, dashboard: str) -> None:
    for link in (await lene.get(dashboard)).json()["_links"].values():
        assert (await lene.get(link["href"])).status_code == 200


async def test_application_embeds_the_dashboard(lene: UcwaClient, dashboard: str) -> None:
    application = (await lene.get(lene.app)).json()
    assert application["_embedded"]["onlineMeetings"] == (await lene.get(dashboard)).json()


async def test_links_come_first_in_xml(lene: UcwaClient, dashboard: str) -> None:
    root = xml_of(await lene.get(dashboard, headers={"Accept": "application/xml"}))
    assert [element.get("rel") for element in root][1:-1] == list(LINKED)
    assert xml_properties(root) == {"rel": ("onlineMeetings", None)}


async def test_default_values_come_from_the_settings(signed_in: SignedIn) -> None:
    lene = await signed_in(default_access_level="Locked", participants_warning_threshold=16)
    assert await read(lene, "onlineMeetingDefaultValues") == {
        "accessLevel": "Locked",
        "automaticLeaderAssignment": "Disabled",
        "defaultOnlineMeetingRel": "myOnlineMeetings",
        "entryExitAnnouncement": "Disabled",
        "lobbyBypassForPhoneUsers": "Disabled",
        "participantsWarningThreshold": 16,
        "_links": {},
    }


async def test_eligible_values_come_from_the_settings(signed_in: SignedIn) -> None:
    lene = await signed_in(access_levels=("Locked", "SameEnterprise"), entry_exit_announcements=("Disabled",))
    shown = await read(lene, "onlineMeetingEligibleValues")
    assert list(shown.pop("_links")) == ["myAssignedOnlineMeeting", "myOnlineMeetings"]
    assert shown == {
        "accessLevels": ["Locked", "SameEnterprise"],
        "automaticLeaderAssignments": ["Disabled", "Everyone", "SameEnterprise"],
        "eligibleOnlineMeetingRels": ["myOnlineMeetings", "myAssignedOnlineMeeting"],
        "entryExitAnnouncements": ["Disabled"],
        "lobbyBypassForPhoneUsersSettings": ["Disabled", "Enabled"],
    }


async def test_meeting_accepts_every_eligible_value(lene: UcwaClient) -> None:
    eligible = await read(lene, "onlineMeetingEligibleValues")
    for plural, name in {
        "accessLevels": "accessLevel",
        "automaticLeaderAssignments": "automaticLeaderAssignment",
        "entryExitAnnouncements": "entryExitAnnouncement",
        "lobbyBypassForPhoneUsersSettings": "lobbyBypassForPhoneUsers",
    }.items():
        for value in eligible[plural]:
            assert (await lene.schedule(**{name: value}))[name] == value


async def test_policies_contain_the_meeting_size(signed_in: SignedIn) -> None:
    lene = await signed_in(meeting_size=5)
    shown = await read(lene, "onlineMeetingPolicies")
    assert shown["meetingSize"] == 5
    assert set(shown) == {
        "entryExitAnnouncement",
        "externalUserMeetingRecording",
        "meetingRecording",
        "meetingSize",
        "phoneUserAdmission",
        "voipAudio",
        "_links",
    }


async def test_invitation_customization_comes_from_the_settings(signed_in: SignedIn) -> None:
    lene = await signed_in(
        enterprise_help_url="https://help.contoso.com",
        invitation_footer_text="Confidential.",
        invitation_help_url="https://meet.contoso.com/help",
        invitation_legal_url="https://meet.contoso.com/legal",
        invitation_logo_url="https://meet.contoso.com/logo.png",
    )
    assert await read(lene, "onlineMeetingInvitationCustomization") == {
        "enterpriseHelpUrl": "https://help.contoso.com",
        "invitationFooterText": "Confidential.",
        "invitationHelpUrl": "https://meet.contoso.com/help",
        "invitationLegalUrl": "https://meet.contoso.com/legal",
        "invitationLogoUrl": "https://meet.contoso.com/logo.png",
        "_links": {},
    }


async def test_dial_in_has_the_conference_id_of_the_assigned_meeting(lene: UcwaClient) -> None:
    listed = (await lene.get(lene.meetings)).json()["_embedded"]["myAssignedOnlineMeeting"]
    shown = await read(lene, "phoneDialInInformation")
    assert shown["conferenceId"] == listed[0]["conferenceId"]
    assert shown["_embedded"] == {"dialInRegion": []}


async def test_dial_in_comes_from_the_settings(signed_in: SignedIn) -> None:
    lene = await signed_in(
        dial_in_default_region="Redmond",
        dial_in_external_directory="https://dial.contoso.com",
        dial_in_internal_directory="https://dial.contoso.local",
        dial_in_pass_code="123",
        dial_in_toll_free_numbers=("+18005550001",),
        dial_in_toll_number="+14255550001",
        dial_in_regions=(
            DialInRegion("Redmond", "tel:+14255550001", ("en-US", "fr-FR")),
            DialInRegion("Berlin", "tel:+4930555"),
        ),
    )
    shown = await read(lene, "phoneDialInInformation")
    del shown["conferenceId"]
    regions = shown.pop("_embedded")["dialInRegion"]
    assert shown == {
        "defaultRegion": "Redmond",
        "externalDirectoryUri": "https://dial.contoso.com",
        "internalDirectoryUri": "https://dial.contoso.local",
        "isAudioConferenceProviderEnabled": False,
        "participantPassCode": "123",
        "tollFreeNumbers": ["+18005550001"],
        "tollNumber": "+14255550001",
        "_links": {},
    }
    assert [(region["name"], region["number"], region["languages"]) for region in regions] == [
        ("Redmond", "tel:+14255550001", ["en-US", "fr-FR"]),
        ("Berlin", "tel:+4930555", ["en-US"]),
    ]
    for region in regions:
        assert (await lene.get(self_of(region))).json() == region


async def test_missing_region_is_not_found(lene: UcwaClient, dashboard: str) -> None:
    for name in ("0", "1", "Redmond"):
        answer = await lene.get(f"{dashboard}/phoneDialInInformation/{name}")
        assert_refused(answer, 404, "NotFound", "ResourceNotFound")


async def test_aliases_are_accepted_and_never_produced(lene: UcwaClient, dashboard: str) -> None:
    for alias, name in ALIASES.items():
        shown = (await lene.get(f"{dashboard}/{alias}")).json()
        assert self_of(shown) == f"{dashboard}/{name}"
        assert shown == (await lene.get(f"{dashboard}/{name}")).json()


async def test_hrefs_have_the_prefix_of_the_request(lene: UcwaClient, dashboard: str) -> None:
    other = dashboard.replace("/ucwa/v1/", "/ucwa/oauth/v1/")
    for name in ("", *(f"/{name}" for name in LINKED)):
        answer = await lene.get(f"{other}{name}")
        assert answer.status_code == 200
        assert "/ucwa/v1/" not in answer.text
        assert self_of(answer.json()) == f"{other}{name}"


async def test_all_of_these_resources_are_read_only(lene: UcwaClient, dashboard: str) -> None:
    for name in ("", *(f"/{name}" for name in LINKED if name != "myOnlineMeetings")):
        for method in ("POST", "PUT", "DELETE", "HEAD", "OPTIONS"):
            answer = await lene.request(method, f"{dashboard}{name}")
            assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")
