"""The routes below onlineMeetings. All others are in `app.py`."""

from collections.abc import Sequence
from typing import Any

from openucwa.api.resource import Resource
from openucwa.config import Config
from openucwa.meetings.assigned import AssignedMeetings
from openucwa.meetings.meeting import MeetingRules
from openucwa.meetings.pools import Pools
from openucwa.meetings.schemas import ExtensionSchemas
from openucwa.model.world import World
from openucwa.resources.calendar import MeetingInvitation
from openucwa.resources.change_sets import ChangeSets
from openucwa.resources.my_online_meetings import MeetingDocuments, MyOnlineMeeting, MyOnlineMeetings
from openucwa.resources.online_meeting_extensions import OnlineMeetingExtension, OnlineMeetingExtensions
from openucwa.resources.online_meetings import (
    DialIn,
    OnlineMeetingDefaultValues,
    OnlineMeetingEligibleValues,
    OnlineMeetingInvitationCustomization,
    OnlineMeetingPolicies,
    OnlineMeetings,
    PhoneDialInInformation,
)
from openucwa.store.contract import Store


def meeting_routes(
    app: str,
    store: Store,
    pools: Pools,
    rules: MeetingRules,
    assigned: AssignedMeetings,
    documents: MeetingDocuments,
    schemas: ExtensionSchemas,
    world: World,
    config: Config,
) -> Sequence[tuple[str, Resource[Any]]]:
    """The resources of a user's meetings and their extensions, and what the server says about meetings.

    `app`: the template of an application.
    """
    family = f"{app}/onlineMeetings"
    meetings = f"{family}/myOnlineMeetings"
    meeting = f"{meetings}/{{meeting_id}}"
    extensions = f"{meeting}/onlineMeetingExtensions"
    return (
        (family, OnlineMeetings(assigned, pools)),
        (f"{family}/onlineMeetingDefaultValues", OnlineMeetingDefaultValues(pools, config)),
        (f"{family}/onlineMeetingEligibleValues", OnlineMeetingEligibleValues(pools, config, assigned)),
        (f"{family}/onlineMeetingInvitationCustomization", OnlineMeetingInvitationCustomization(pools, config)),
        (f"{family}/onlineMeetingPolicies", OnlineMeetingPolicies(pools, config)),
        (f"{family}/phoneDialInInformation", PhoneDialInInformation(pools, config, assigned)),
        (f"{family}/phoneDialInInformation/{{region}}", DialIn(pools, config.dial_in_regions)),
        (meetings, MyOnlineMeetings(store.meetings, assigned, pools, rules, documents, config)),
        (meeting, MyOnlineMeeting(store.meetings, pools, rules, documents, world, history=config.change_log)),
        (
            f"{meeting}/invitation",
            MeetingInvitation(store.meetings, store.users, pools, documents, world, config.invitation_footer_text),
        ),
        (
            f"{meeting}/changeSet",
            ChangeSets(store.meetings, store.change_sets, pools, rules, documents, schemas, world, config),
        ),
        (extensions, OnlineMeetingExtensions(store, pools, schemas, world, config)),
        (f"{extensions}/{{extension_id}}", OnlineMeetingExtension(store.extensions, pools, schemas, world, config)),
    )
