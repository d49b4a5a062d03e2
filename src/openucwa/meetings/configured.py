"""The rules for meetings, as the settings have them."""

from openucwa.config import Config
from openucwa.meetings.enterprise import Enterprise
from openucwa.meetings.meeting import MeetingDefaults, MeetingRules
from openucwa.model.world import World


def meeting_rules(config: Config, world: World, enterprise: Enterprise) -> MeetingRules:
    """The rules, with the defaults and limits of `config`."""
    defaults = MeetingDefaults(
        access_level=config.default_access_level,
        automatic_leader_assignment=config.default_automatic_leader_assignment,
        entry_exit_announcement=config.default_entry_exit_announcement,
        lobby_bypass_for_phone_users=config.default_lobby_bypass_for_phone_users,
        phone_user_admission=config.default_phone_user_admission,
        lifetime=config.meeting_lifetime,
    )
    eligible = {
        "accessLevel": config.access_levels,
        "automaticLeaderAssignment": config.automatic_leader_assignments,
        "entryExitAnnouncement": config.entry_exit_announcements,
        "lobbyBypassForPhoneUsers": config.lobby_bypass_for_phone_users,
    }
    return MeetingRules(
        defaults,
        eligible,
        enterprise,
        world,
        max_description=config.max_description,
        max_attendees=config.max_attendees,
    )
