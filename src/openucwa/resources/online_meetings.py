"""onlineMeetings and its fixed resources: defaults, eligible values, policies, invitation customization, dial-in."""

from collections.abc import Sequence
from typing import TypeAlias, TypeVar

from openucwa.api.answer import Answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation, Resource
from openucwa.config import Config
from openucwa.config_options import DialInRegion
from openucwa.meetings.assigned import AssignedMeetings
from openucwa.meetings.pools import Pools
from openucwa.model.meeting import Meeting, MeetingRel
from openucwa.model.refusals import CannotRedirect, InvalidExchangeServerVersion, ResourceNotFound
from openucwa.model.scopes import ANY_SCOPE
from openucwa.representation.document import Document, Link, Property
from openucwa.store import contract

T = TypeVar("T")

#: Documented errors of reads and of changes below onlineMeetings.
READ_REFUSALS = (InvalidExchangeServerVersion, CannotRedirect)
CHANGE_REFUSALS = (CannotRedirect,)

Properties: TypeAlias = dict[str, Property]


class MeetingFamily(Resource[T]):
    """A resource below onlineMeetings: for signed-in users with a reachable home pool."""

    anonymous = False
    cached = True

    def __init__(self, pools: Pools) -> None:
        self._pools = pools

    async def locate(self, call: Context, **names: str) -> T:
        self.require_pool(call)
        return await super().locate(call, **names)

    def require_pool(self, call: Context) -> None:
        """CannotRedirect: the caller's home pool is not reachable."""
        self._pools.require_backup(call.session.pool)


class OneMeeting(MeetingFamily[Meeting]):
    """A resource of one of the caller's own meetings."""

    def __init__(self, pools: Pools, meetings: contract.Meetings) -> None:
        super().__init__(pools)
        self._meetings = meetings

    async def locate(self, call: Context, meeting_id: str = "", **_names: str) -> Meeting:
        self.require_pool(call)
        return await self._meetings.get(organizer_of(call), meeting_id)


def organizer_of(call: Context) -> str:
    """The SIP URI of the caller, who is the organizer of everything below `onlineMeetings`."""
    return call.caller.identity


def meetings_href(call: Context) -> str:
    """The href of onlineMeetings."""
    return f"{call.application}/onlineMeetings"


def meeting_href(call: Context, meeting_id: str) -> str:
    """The href of one of the caller's own meetings."""
    return f"{call.application}/onlineMeetings/myOnlineMeetings/{meeting_id}"


async def assigned_links(call: Context, assigned: AssignedMeetings) -> dict[str, Link]:
    """The link to the caller's myAssignedOnlineMeeting, if users have one."""
    meeting = await assigned.of(organizer_of(call))
    return {} if meeting is None else {"myAssignedOnlineMeeting": Link(meeting_href(call, meeting.id))}


class OnlineMeetings(MeetingFamily[None]):
    """UCWA: onlineMeetings. The dashboard of meetings; also embedded in application."""

    rel = "onlineMeetings"
    scopes = ANY_SCOPE

    def __init__(self, assigned: AssignedMeetings, pools: Pools) -> None:
        super().__init__(pools)
        self._assigned = assigned

    async def document(self, call: Context) -> Document:
        """The resource, for the caller's application."""
        href = meetings_href(call)
        named = (
            "myOnlineMeetings",
            "onlineMeetingDefaultValues",
            "onlineMeetingEligibleValues",
            "onlineMeetingInvitationCustomization",
            "onlineMeetingPolicies",
            "phoneDialInInformation",
        )
        links = await assigned_links(call, self._assigned)
        links |= {name: Link(f"{href}/{name}") for name in named}
        return Document(rel=self.rel, href=href, links=links)

    @Operation("Links to the meetings and to everything about them.", refuses=READ_REFUSALS)
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: onlineMeetings, GET."""
        return Answer(await self.document(call))


class SettingsResource(MeetingFamily[None]):
    """A resource whose properties come from the settings, the same for every user."""

    scopes = ANY_SCOPE

    def __init__(self, pools: Pools, config: Config) -> None:
        super().__init__(pools)
        self._properties = self.properties(config)

    @staticmethod
    def properties(config: Config) -> Properties:
        """The properties by documented name, in the documented order."""
        raise NotImplementedError

    async def links(self, call: Context) -> dict[str, Link]:
        """The links besides self."""
        return {}

    @Operation("The server's settings for {rel}.", refuses=READ_REFUSALS)
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: GET of the resource."""
        return Answer(
            Document(
                rel=self.rel,
                href=f"{meetings_href(call)}/{self.rel}",
                properties=self._properties,
                links=await self.links(call),
            )
        )


class OnlineMeetingDefaultValues(SettingsResource):
    """UCWA: onlineMeetingDefaultValues. The defaults of a new meeting."""

    rel = "onlineMeetingDefaultValues"

    @staticmethod
    def properties(config: Config) -> Properties:
        return {
            "accessLevel": config.default_access_level,
            "automaticLeaderAssignment": config.default_automatic_leader_assignment,
            "defaultOnlineMeetingRel": MeetingRel.MY_ONLINE_MEETINGS,
            "entryExitAnnouncement": config.default_entry_exit_announcement,
            "lobbyBypassForPhoneUsers": config.default_lobby_bypass_for_phone_users,
            "participantsWarningThreshold": config.participants_warning_threshold,
        }


class OnlineMeetingEligibleValues(SettingsResource):
    """UCWA: onlineMeetingEligibleValues. The allowed values of a meeting's properties."""

    rel = "onlineMeetingEligibleValues"

    def __init__(self, pools: Pools, config: Config, assigned: AssignedMeetings) -> None:
        super().__init__(pools, config)
        self._assigned = assigned

    @staticmethod
    def properties(config: Config) -> Properties:
        rels = [MeetingRel.MY_ONLINE_MEETINGS]
        if config.assigned_meeting:
            rels.append(MeetingRel.MY_ASSIGNED_ONLINE_MEETING)
        return {
            "accessLevels": config.access_levels,
            "automaticLeaderAssignments": config.automatic_leader_assignments,
            "eligibleOnlineMeetingRels": rels,
            "entryExitAnnouncements": config.entry_exit_announcements,
            "lobbyBypassForPhoneUsersSettings": config.lobby_bypass_for_phone_users,
        }

    async def links(self, call: Context) -> dict[str, Link]:
        links = await assigned_links(call, self._assigned)
        return links | {"myOnlineMeetings": Link(f"{meetings_href(call)}/myOnlineMeetings")}


class OnlineMeetingPolicies(SettingsResource):
    """UCWA: onlineMeetingPolicies. The capabilities of this server's meetings."""

    rel = "onlineMeetingPolicies"

    @staticmethod
    def properties(config: Config) -> Properties:
        return {
            "entryExitAnnouncement": "Disabled",
            "externalUserMeetingRecording": "Disabled",
            "meetingRecording": "Disabled",
            "meetingSize": config.meeting_size,
            "phoneUserAdmission": "Disabled",
            "voipAudio": "Disabled",
        }


class OnlineMeetingInvitationCustomization(SettingsResource):
    """UCWA: onlineMeetingInvitationCustomization. The texts and links of an invitation."""

    rel = "onlineMeetingInvitationCustomization"

    @staticmethod
    def properties(config: Config) -> Properties:
        return {
            "enterpriseHelpUrl": config.enterprise_help_url,
            "invitationFooterText": config.invitation_footer_text,
            "invitationHelpUrl": config.invitation_help_url,
            "invitationLegalUrl": config.invitation_legal_url,
            "invitationLogoUrl": config.invitation_logo_url,
        }


def region_document(region: DialInRegion, number: int, parent: str) -> Document:
    """UCWA: dialInRegion. `number`: its position among the regions, from 1; `parent`: phoneDialInInformation's href."""
    return Document(
        rel="dialInRegion",
        href=f"{parent}/{number}",
        properties={"languages": region.languages, "name": region.name, "number": region.number},
    )


class PhoneDialInInformation(MeetingFamily[None]):
    """UCWA: phoneDialInInformation. Dial-in access to the caller's assigned meeting."""

    rel = "phoneDialInInformation"
    scopes = ANY_SCOPE

    def __init__(self, pools: Pools, config: Config, assigned: AssignedMeetings) -> None:
        super().__init__(pools)
        self._config = config
        self._assigned = assigned

    @Operation("Phone numbers and codes for dialing in.", refuses=READ_REFUSALS)
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: phoneDialInInformation, GET."""
        config = self._config
        href = f"{meetings_href(call)}/{self.rel}"
        properties: Properties = {}
        if (assigned := await self._assigned.of(organizer_of(call))) is not None:
            properties["conferenceId"] = assigned.conference_id
        properties |= {
            "defaultRegion": config.dial_in_default_region,
            "externalDirectoryUri": config.dial_in_external_directory,
            "internalDirectoryUri": config.dial_in_internal_directory,
            "isAudioConferenceProviderEnabled": False,
            "participantPassCode": config.dial_in_pass_code,
            "tollFreeNumbers": config.dial_in_toll_free_numbers,
            "tollNumber": config.dial_in_toll_number,
        }
        regions = [region_document(region, n, href) for n, region in enumerate(config.dial_in_regions, 1)]
        return Answer(Document(rel=self.rel, href=href, properties=properties, embedded={"dialInRegion": regions}))


class DialIn(MeetingFamily[tuple[int, DialInRegion]]):
    """UCWA: dialInRegion. A region and its number."""

    rel = "dialInRegion"
    scopes = ANY_SCOPE

    def __init__(self, pools: Pools, regions: Sequence[DialInRegion]) -> None:
        super().__init__(pools)
        self._regions = regions

    async def locate(self, call: Context, region: str = "", **_names: str) -> tuple[int, DialInRegion]:
        await super().locate(call)
        for number, found in enumerate(self._regions, 1):
            if region == str(number):
                return number, found
        raise ResourceNotFound("no such dial-in region")

    @Operation("One dial-in region with its number.", refuses=READ_REFUSALS)
    async def get(self, call: Call[tuple[int, DialInRegion]]) -> Answer:
        """UCWA: dialInRegion, GET."""
        number, region = call.target
        return Answer(region_document(region, number, f"{meetings_href(call)}/phoneDialInInformation"))
