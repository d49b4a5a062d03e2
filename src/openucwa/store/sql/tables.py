"""Every table with its columns: what statements, copies and tests know of them is known from here.

How the columns are declared, `migrations/` of each engine says; what a record's fields mean, the record.
"""

from openucwa.model.application import Application
from openucwa.model.change import Change, Invitee
from openucwa.model.contact import ContactCard, Group
from openucwa.model.conversation import Invitation, Participation
from openucwa.model.event import ChannelState, Event
from openucwa.model.history import ConversationLog, LogMessage
from openucwa.model.meeting import Extension, Meeting, MeetingSettings
from openucwa.model.photo import Picture
from openucwa.model.presence import Endpoint, Presence, Subscription
from openucwa.model.schema import SchemaVersion
from openucwa.model.user import SigningKey, User
from openucwa.model.webhook import Delivery, Webhook
from openucwa.store.sql.table import Columns, Table

SETTINGS = Columns(MeetingSettings)

#: `position`: the order of adding, where rows of the same moment have one.
USERS = Table("users", Columns(User), after=("searchable",))
SIGNING_KEYS = Table("signing_keys", Columns(SigningKey), after=("position",))
APPLICATIONS = Table("applications", Columns(Application), after=("last_request", "last_poll"))
CHANNELS = Table("channels", Columns(ChannelState), before=("owner", "application_id", "instance"))
MEETINGS = Table("meetings", Columns(Meeting, inline=("settings", SETTINGS)), after=("position", "changed"))
EXTENSIONS = Table("extensions", Columns(Extension), before=("organizer", "meeting_id"), after=("position", "changed"))
CHANGES = Table("changes", Columns(Change))
INVITEES = Table("invitees", Columns(Invitee))
SCHEMAS = Table("schemas", Columns(SchemaVersion), before=("owner",))
PARTICIPATIONS = Table(
    "participations",
    Columns(Participation, renamed={"messaging_spans": "hears"}),
    after=("position", "typing"),
)
INVITATIONS = Table("invitations", Columns(Invitation))
EVENTS = Table("events", Columns(Event))
CONVERSATION_LOGS = Table("conversation_logs", Columns(ConversationLog))
LOG_MESSAGES = Table("log_messages", Columns(LogMessage))
PRESENCES = Table("presences", Columns(Presence))
ENDPOINTS = Table("endpoints", Columns(Endpoint))
SUBSCRIPTIONS = Table("subscriptions", Columns(Subscription), after=("added",))
PHOTOS = Table("photos", Columns(Picture), before=("owner", "source", "fingerprint"))
CONTACTS = Table("contacts", Columns(ContactCard), before=("owner",))
WEBHOOKS = Table(
    "webhooks",
    Columns(Webhook),
    after=("log", "log_transaction", "log_number", "last", "holder", "leased_until"),
)
DELIVERIES = Table("deliveries", Columns(Delivery))
CONTACT_GROUPS = Table("contact_groups", Columns(Group), before=("owner",), after=("position",))

#: Those whose rows are no records.
REPLACED_APPLICATIONS = ("owner", "id", "at")
CONFERENCE_IDS = ("id", "organizer", "meeting_id")
CHANGE_LOG = ("identity", "swept_transaction", "swept", "trimmed_transaction", "trimmed")
FORGOTTEN_CHANGES = ("organizer", "transaction_id", "number")
TOPICS = ("topic", "last", "ended")
COUNTERS = ("name", "value")
HANDED_OVER = ("organizer", "meeting_id", "successor")
REMOVED_USERS = ("uri",)
SUBSCRIBED = ("owner", "application_id", "subscription", "uri", "since")
CONTACT_MEMBERSHIPS = ("owner", "uri", "group_id")
PRIVACY_RELATIONSHIPS = ("owner", "uri", "level", "etag")
CONTACT_SUBSCRIPTIONS = ("owner", "application_id", "since", "expires", "warned")
USER_WORDS = ("uri", "word")
FINDABLE = ("organizer", "meeting_id", "extension_id", "name", "value")
FINDABLE_STATE = ("organizer", "identity", "number", "walked")
