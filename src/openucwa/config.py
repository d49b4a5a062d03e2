"""All settings: one frozen `Config`, each option with its name, type, default and help.

`docs/configuration.md` lists the same settings; a test compares them. `config_options.py` says how an option is
declared, `config_loading.py` where values come from, and `config_checks.py` which values are valid. What a setting does
belongs to the module that uses it.
"""

from dataclasses import Field, dataclass, fields
from typing import Any, ClassVar, Protocol, TypeVar

from openucwa.config_identity import Directory, Issuer
from openucwa.config_options import DialInRegion, Pool, option


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


Part = TypeVar("Part", bound=_Dataclass)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings. Durations are in seconds, sizes in bytes."""

    # Listening and storage
    data: str = option("Folder of the SQLite database, created on first start.", "./openucwa-data")
    store: str | None = option(
        "PostgreSQL database: postgresql://USER:PASSWORD@HOST:PORT/DATABASE; default: SQLite in the folder data.", None
    )
    store_read_connections: int = option("Connections per process for reading from PostgreSQL.", 4)
    store_write_connections: int = option("Connections per process for writing to PostgreSQL.", 4)
    listen: tuple[str, ...] = option("URLs to listen on, http or https.", ("http://127.0.0.1:8080",))
    tls_cert: str | None = option("TLS certificate chain file (PEM), for https.", None)
    tls_key: str | None = option("Private key file of the certificate (PEM).", None)
    public_url: str | None = option("Public URL of the server, if clients do not use the listeners' URLs.", None)
    hosts: tuple[str, ...] = option(
        "Host names (with a non-default port) that absolute links may use if the request was sent to them.", ()
    )
    trusted_proxies: tuple[str, ...] = option(
        "Addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are trusted.", ()
    )
    allow_origin: tuple[str, ...] = option("Web origins that may use the cross-domain frame and CORS.", ())
    join_url: str | None = option(
        "Template of joinUrl with {domain}, {user} and {id}; "
        "default: the server's own page, /meet/{user}@{domain}/{id}.",
        None,
    )
    bus: str | None = option(
        "Event bus between servers: nats://HOST:PORT; default: PostgreSQL if it is the store, otherwise this machine.",
        None,
    )
    bus_poll_interval: float = option(
        "How often waiting polls re-read the event log without a bus message, in seconds.", 5.0
    )
    workers: int = option("Number of worker processes; they share the listeners.", 1)
    status_listen: tuple[str, ...] = option(
        "http URLs for /healthz, /readyz and /metrics; with several workers, worker i (from 0) uses port + i.", ()
    )
    traces: str | None = option("OTLP/HTTP endpoint that OpenTelemetry traces are sent to.", None)
    log_level: str = option(
        "Log threshold: debug, info, warning or error.", "info", choices=("debug", "info", "warning", "error")
    )
    log_format: str = option("Log format: text, or json (one object per line).", "text", choices=("text", "json"))
    log_file: str | None = option("Log file to append to; default: stderr.", None)
    audit_log: str = option("Audit trail: log, as a part of the log; off; or a file to append to.", "log")

    # Timeouts
    header_timeout: float = option("Timeout for receiving a request's headers, in seconds.", 15.0)
    body_timeout: float = option("Timeout for receiving a request's body, in seconds (408).", 30.0)
    keep_alive: float = option("Seconds until an idle connection is closed.", 75.0)
    write_timeout: float = option(
        "Seconds without progress until a client that does not read its response is disconnected.", 60.0
    )
    shutdown_timeout: float = option("Grace period for requests in progress at shutdown, in seconds.", 10.0, minimum=0)
    store_timeout: float = option("Timeout for store operations, in seconds (503).", 5.0)

    # Limits
    max_connections: int = option("Maximum number of open connections (503).", 20_000)
    max_header_bytes: int = option("Maximum size of a request line with headers, in bytes.", 65_536)
    max_list_elements: int = option(
        "Elements that are read of a header whose value is a list, such as Accept or If-Match; the rest is ignored.",
        128,
    )
    max_list_length: int = option("Characters that are read of such a header; the rest is ignored.", 4_096)
    max_pipelined: int = option("Maximum number of pipelined requests waiting per connection (503).", 100)
    max_body_bytes: int = option("Maximum size of a request body, in bytes (413).", 1_048_576)
    max_body_bytes_without_token: int = option(
        "Maximum size of a request body without a valid token, or for no resource, in bytes (413).", 65_536
    )
    max_body_bytes_in_flight: int = option(
        "Maximum total size of request bodies held by a process, in bytes (503).", 268_435_456
    )
    max_unsent_bytes: int = option(
        "Maximum total size of responses not yet read by clients, per process, in bytes; the slowest client is "
        "disconnected.",
        268_435_456,
    )
    log_backlog: int = option(
        "Maximum size of log lines waiting to be written, in bytes; more are dropped and counted.", 8_388_608
    )
    max_answer_bytes: int = option(
        "Approximate size of an answer, and of all parts of a batch together, in bytes (413; 429 for further parts).",
        16_777_216,
    )
    max_body_depth: int = option("Maximum nesting depth of a request body (400).", 32)
    max_body_elements: int = option(
        "Maximum number of values in a JSON body, or of elements or attributes in an XML body (400).", 40_000
    )
    max_extension_bytes: int = option(
        "Maximum size of an extension's properties as compact JSON, in bytes (413).", 65_536
    )
    max_extension_properties: int = option("Maximum number of programmer-defined properties per extension (400).", 300)
    max_patch_operations: int = option("Maximum number of operations in a JSON Patch (413).", 1_000)
    max_change_set: int = option("Maximum number of changes of extensions in one change set (413).", 200)
    max_schema_bytes: int = option("Maximum size of a JSON Schema, in bytes (413).", 16_384)
    max_schemas: int = option("Maximum number of JSON Schemas per user (409 LimitExceeded).", 100)
    max_schema_versions: int = option("Maximum number of versions of a JSON Schema; the oldest are forgotten.", 20)
    max_schema_work: int = option("Maximum size of an extension times that of its JSON Schema (413).", 4_000_000)
    schemas: str | None = option(
        "Folder of JSON Schemas for all users, read at start; ID.json is for the extensions with that id.", None
    )
    max_extensions: int = option("Maximum number of extensions per meeting (409 TooManyGroups).", 100)
    max_meetings: int = option("Maximum number of meetings per organizer (409 TooManyOnlineMeetings).", 1_000)
    max_user_bytes: int = option(
        "Maximum total size of an organizer's meetings and extensions, in bytes (413).", 67_108_864
    )
    max_applications: int = option(
        "Maximum number of applications per user; beyond that the one idle longest is ended (410).", 64
    )
    max_instances: int = option("Maximum number of instances (tabs) per application (409).", 32)
    max_attendees: int = option("Maximum number of attendees, and of leaders, per meeting (400).", 1_000)
    max_contacts: int = option("Maximum number of contacts per user (409 LimitExceeded).", 250)
    max_groups: int = option("Maximum number of groups per user (409 TooManyGroups).", 64)
    max_delegates: int = option("Maximum number of delegates per user (403 LimitExceeded).", 25)
    max_privacy_relationships: int = option(
        "Maximum number of people per user for whom a privacy relationship was set (409 LimitExceeded).", 1_000
    )
    max_group_members: int = option(
        "Maximum number of members of a distribution group that are shown (403 TooManyContacts).", 100
    )
    max_search_results: int = option("Maximum number of results of a search; 100 at most.", 100)
    max_message_bytes: int = option("Maximum size of a message in UTF-8, in bytes (413).", 65_536)
    max_event_bytes: int = option(
        "Approximate maximum size of an event set, in bytes; the rest follows in the next one.",
        1_048_576,
    )
    participant_rate: float = option(
        "Messages and other actions per participant and meeting, sustained, per second (429).", 10.0
    )
    participant_burst: int = option("Messages and other actions per participant and meeting at once (429).", 100)
    max_conversations: int = option(
        "Maximum number of conversations per application; startMessaging counts them (409 TooManyConversations).", 100
    )
    history_kept: int = option(
        "Retention of conversation logs after their last message, in seconds; 0: nothing is stored.",
        2_592_000,
        minimum=0,
    )
    max_conversation_logs: int = option("Maximum number of conversation logs per user; the oldest are removed.", 200)
    max_log_messages: int = option("Maximum number of messages in a conversation log; others are left out.", 1_000)
    invitation_rate: float = option("Invitations from one user to another, sustained, per second (429).", 0.1)
    invitation_burst: int = option("Invitations from one user to another at once (429).", 10)
    application_rate: float = option("Applications opened per user, sustained, per second (429).", 1.0)
    application_burst: int = option("Applications opened per user at once (429).", 100)
    max_description: int = option("Maximum length of a meeting's description, in characters (400).", 16_384)
    presence_rate: float = option("Changes of presence, note and location per user, sustained, per second (429).", 1.0)
    presence_burst: int = option("Changes of presence, note and location per user at once (429).", 100)
    max_note: int = option("Maximum length of a user's note, in characters (400).", 1_000)
    max_presence_subscriptions: int = option("Maximum number of presence subscriptions per application (403).", 50)
    max_subscription_uris: int = option("Maximum number of contacts per presence subscription (403).", 500)
    max_subscribed_contacts: int = option(
        "Maximum number of contacts in all presence subscriptions of an application (403).", 1_000
    )
    max_inactive_timeout: int = option("Maximum inactiveTimeout of makeMeAvailable, in seconds (400).", 86_400)
    max_batch: int = option("Maximum number of requests in a batch (429).", 100)
    max_part_headers: int = option(
        "Maximum number of header lines per request in a batch, and per field of a multipart form (400).", 100
    )
    max_form_fields: int = option("Maximum number of fields in a form of the token resource (400).", 100)
    response_cache_bytes: int = option("Size of the response cache, in bytes; 0 disables it.", 33_554_432, minimum=0)
    max_requests_in_flight: int = option(
        "Maximum number of concurrent requests per user, including the parts of a batch (429).", 100
    )

    photos: bool = option(
        "Whether photos are shown; otherwise others' are refused (403), and one's own is a picture with initials.", True
    )
    max_photo_bytes: int = option("Maximum size of a photo that a user or a directory sets, in bytes (413).", 1_048_576)
    max_photo_pixels: int = option(
        "Maximum number of pixels of such a photo, checked before it is decoded (413).", 16_777_216
    )
    max_photo_size: int = option("Maximum width and height of stored photos, in pixels; larger ones are reduced.", 648)
    max_stored_photo_bytes: int = option(
        "Maximum size of a stored photo, in bytes; its quality is reduced as necessary. There are up to five, of "
        "different widths, per user.",
        131_072,
    )
    photo_timeout: float = option("Timeout for processing a photo, in seconds (503).", 10.0)
    max_photos_in_flight: int = option("Maximum number of photos in progress or waiting, per process (503).", 16)

    # Signing in
    token_lifetime: int = option("Lifetime of tokens from the password grant, in seconds.", 28_800)
    anonymous_token_lifetime: int = option("Lifetime of tokens from the anonymous-meeting grant, in seconds.", 3_600)
    anonymous: bool = option("Whether the anonymous-meeting grant is offered.", True)
    key_refresh_interval: float = option("How often signing keys are reloaded, in seconds.", 30.0)
    sign_in_failures: int = option("Failed sign-ins of a user from one address before throttling starts.", 5)
    sign_in_delay: float = option(
        "First delay after too many failures, in seconds; doubled with each further failure.", 2.0, minimum=0
    )
    sign_in_delay_max: float = option("Longest delay, in seconds.", 300.0, minimum=0)
    address_failures: int = option("Failed sign-ins per address before throttling starts.", 50)
    user_failures: int = option(
        "Failed sign-ins of a user per hour, from all addresses together, before addresses that the user has not "
        "signed in from are throttled.",
        50,
    )

    issuers: tuple[Issuer, ...] = option(
        "OpenID Connect issuers whose access tokens are accepted (docs/identity.md).", ()
    )
    directories: tuple[Directory, ...] = option("LDAP directories that verify passwords (docs/identity.md).", ())
    max_token_bytes: int = option("Maximum size of an access token, in bytes (401).", 16_384)
    foreign_tokens_cached: int = option("Maximum number of issuers' access tokens cached after verification.", 4_096)
    max_introspections: int = option("Maximum number of concurrent introspection requests (503).", 16)

    # Applications and event channels
    conversation_timeout: int = option("Seconds without a poll until an application's conversations are ended.", 300)
    application_timeout: int = option("Seconds after its last poll until an application is ended.", 900)
    application_sweep_interval: float = option("How often idle applications are ended, in seconds.", 30.0)
    events_low: int = option("Default delay of low-priority events, in seconds.", 15)
    events_medium: int = option("Default delay of medium-priority events, in seconds.", 5)
    events_timeout: int = option("Default time that a poll without events waits, in seconds.", 180)
    invitation_timeout: int = option("Seconds until an unanswered invitation fails.", 30)
    lobby_timeout: int = option(
        "Seconds until a participant who waits in the lobby is removed (reason Timeout).", 1_800
    )
    inactive_timeout: int = option(
        "Seconds without activity until a user is idle, unless inactiveTimeout is given.", 300
    )
    away_timeout: int = option("Further seconds without activity until an idle user is away.", 300)
    presence_sweep_interval: float = option(
        "How often users are checked for becoming idle or away, and subscriptions for expiring, in seconds.", 5.0
    )
    presence_subscription_min: int = option("Minimum duration of a presence subscription, in minutes (400).", 10)
    presence_subscription_max: int = option("Maximum duration of a presence subscription, in minutes (400).", 30)
    presence_subscription_notice: int = option(
        "Seconds before a presence subscription expires at which its application is notified.", 60
    )
    typing_timeout: float = option("Seconds until a participant is no longer shown as typing.", 10.0)
    events_kept: int = option("Retention of the event log, in seconds.", 86_400)
    max_events: int = option("Maximum number of events per answer; the rest follows in the next one.", 500)

    # Changes and webhooks
    change_poll_interval: float = option(
        "How often each process checks for others' changes while clients wait for changes or there are webhooks, in "
        "seconds.",
        0.25,
    )
    max_changes_wait: int = option("Maximum time that a request for changes waits, in seconds.", 1_800)
    max_changes: int = option("Maximum number of changes per answer; the rest follows in the next one.", 500)
    max_change_streams: int = option("Maximum number of event streams of changes per user and process (429).", 20)
    max_webhooks: int = option("Maximum number of webhooks per user (409); 0: only the administrator's.", 10, minimum=0)
    webhook_allowed_networks: tuple[str, ...] = option(
        "Networks besides public addresses that webhooks may be delivered to, such as 10.1.0.0/16; also by http.", ()
    )
    webhook_timeout: float = option("Timeout for an attempt to deliver to a webhook, in seconds.", 15.0)
    webhook_concurrency: int = option("Maximum number of concurrent attempts per webhook.", 8)
    webhook_retry_period: int = option(
        "Seconds after its first attempt for which a failed delivery is tried again; if nothing else was delivered "
        "either, its webhook is then suspended.",
        259_200,
    )
    webhook_secret_overlap: int = option(
        "Seconds for which messages are signed with the old secret too, after it was replaced.", 86_400, minimum=0
    )
    webhook_lease: float = option(
        "Seconds, besides webhook_timeout, after which another process takes over the webhooks of one that was killed.",
        15.0,
    )
    max_webhook_backlog: int = option(
        "Maximum number of pending deliveries per webhook; further changes wait in the change log.", 1_000
    )
    max_webhook_backlog_bytes: int = option("Maximum total size of these deliveries, in bytes.", 4_194_304)
    max_deliveries: int = option("Number of finished deliveries that are listed and can be repeated, per webhook.", 100)
    deliveries_kept: int = option("Retention of finished deliveries, in seconds.", 2_592_000)

    # Meetings
    create_status: int = option(
        "Status for a created meeting: 201, or 200 for clients that expect it.", 201, choices=(200, 201)
    )
    meeting_lifetime: int = option("Default lifetime of a meeting without expirationTime, in seconds.", 28_800)
    meeting_grace_period: int = option(
        "Time for which meetings stay open after their end, if they have one, in seconds: console and import set "
        "expirationTime to end plus this.",
        28_800,
    )
    expired_meetings_kept: int = option(
        "Retention of expired meetings, in seconds from expirationTime or the last change, whichever is later.",
        1_209_600,
        minimum=0,
    )
    meeting_sweep_interval: float = option("How often expired meetings are removed, in seconds.", 60.0)
    assigned_meeting: bool = option("Whether every user has a myAssignedOnlineMeeting.", True)
    assigned_meeting_extensions: bool = option("Whether the assigned meeting accepts extensions (otherwise 409).", True)
    enterprise_domains: tuple[str, ...] = option(
        "SIP domains that form one enterprise; by default each domain is its own.", ()
    )
    strict_put: bool = option("Whether a PUT must contain the pass-through property.", True)
    access_levels: tuple[str, ...] = option(
        "Allowed values of accessLevel.",
        ("Everyone", "Invited", "Locked", "None", "SameEnterprise"),
        choices=("Everyone", "Invited", "Locked", "None", "SameEnterprise"),
    )
    automatic_leader_assignments: tuple[str, ...] = option(
        "Allowed values of automaticLeaderAssignment.",
        ("Disabled", "Everyone", "SameEnterprise"),
        choices=("Disabled", "Everyone", "SameEnterprise"),
    )
    entry_exit_announcements: tuple[str, ...] = option(
        "Allowed values of entryExitAnnouncement.",
        ("Disabled", "Enabled", "Unsupported"),
        choices=("Disabled", "Enabled", "Unsupported"),
    )
    lobby_bypass_for_phone_users: tuple[str, ...] = option(
        "Allowed values of lobbyBypassForPhoneUsers.", ("Disabled", "Enabled"), choices=("Disabled", "Enabled")
    )
    default_access_level: str = option("Default accessLevel.", "SameEnterprise")
    default_automatic_leader_assignment: str = option("Default automaticLeaderAssignment.", "Disabled")
    default_entry_exit_announcement: str = option("Default entryExitAnnouncement.", "Disabled")
    default_lobby_bypass_for_phone_users: str = option("Default lobbyBypassForPhoneUsers.", "Disabled")
    default_phone_user_admission: str = option(
        "Default phoneUserAdmission.", "Disabled", choices=("Disabled", "Enabled")
    )
    participants_warning_threshold: int = option(
        "participantsWarningThreshold of onlineMeetingDefaultValues.", 200, minimum=0
    )
    meeting_size: int = option("meetingSize of onlineMeetingPolicies.", 250, minimum=0)

    # The change log
    change_log: bool = option(
        "Whether changes of meetings and extensions are logged, with their contents; otherwise there is no history.",
        True,
    )
    change_log_days: int = option("Retention of former versions in the change log, in days.", 90)
    change_log_versions: int = option("Maximum number of versions with contents per extension or meeting.", 100)
    change_log_user_bytes: int = option(
        "Maximum size of an organizer's change log, in bytes; the oldest changes are forgotten first.", 33_554_432
    )
    max_filter_length: int = option("Maximum length of a filter of meetings or changes, in characters (400).", 4_096)
    max_filter_depth: int = option("Maximum nesting depth of a filter (400); 50 at most.", 16)
    max_filter_terms: int = option("Maximum number of comparisons in a filter (400); 200 at most.", 50)
    max_query_results: int = option("Maximum number of meetings in an answer to a query; the rest follows.", 100)
    max_query_bytes: int = option(
        "Approximate size of the meetings in an answer to a query, in bytes; the rest follows.", 1_048_576
    )
    max_query_comparisons: int = option(
        "Comparisons with meetings for one answer to a query; the rest follows.", 10_000
    )
    max_query_values: int = option(
        "Maximum number of values per extension that queries can find; the same on all servers of a store.", 1_000
    )
    max_query_steps: int = option(
        "Maximum number of transactions by which one query brings the index of meetings up to date (503).", 200
    )

    # The pages, help texts and dial-in information
    page_name: str = option("Name of the server, shown on its pages.", "openucwa")
    page_logo: str | None = option("SVG or PNG file, shown on the server's pages in place of its own logo.", None)
    developer_pages: bool = option(
        "Serve the pages for developers at /docs: the guides, and the API's description to try requests in.", True
    )
    enterprise_help_url: str = option("enterpriseHelpUrl of onlineMeetingInvitationCustomization.", "")
    invitation_footer_text: str = option("invitationFooterText of onlineMeetingInvitationCustomization.", "")
    invitation_help_url: str = option("invitationHelpUrl of onlineMeetingInvitationCustomization.", "")
    invitation_legal_url: str = option("invitationLegalUrl of onlineMeetingInvitationCustomization.", "")
    invitation_logo_url: str = option("invitationLogoUrl of onlineMeetingInvitationCustomization.", "")
    disclaimer_title: str = option("disclaimerTitle of onlineMeeting, shown to people who join a meeting.", "")
    disclaimer_body: str = option("disclaimerBody of onlineMeeting.", "")
    dial_in_default_region: str = option("defaultRegion of phoneDialInInformation.", "")
    dial_in_external_directory: str = option("externalDirectoryUri of phoneDialInInformation.", "")
    dial_in_internal_directory: str = option("internalDirectoryUri of phoneDialInInformation.", "")
    dial_in_toll_number: str = option("tollNumber of phoneDialInInformation.", "")
    dial_in_toll_free_numbers: tuple[str, ...] = option("tollFreeNumbers of phoneDialInInformation.", ())
    dial_in_pass_code: str = option("participantPassCode of phoneDialInInformation.", "")
    dial_in_regions: tuple[DialInRegion, ...] = option(
        "Regions of phoneDialInInformation: name, number, languages.", ()
    )
    client_policies: tuple[str, ...] = option(
        "Policies for what clients do by themselves, each NAME=VALUE, such as emoticons=Disabled; shown in policies.",
        (),
    )
    pools: tuple[Pool, ...] = option("Other pools: name, url and optionally backup.", ())

    def part(self, kind: type[Part]) -> Part:
        """The settings that a class needs. `kind`: a dataclass whose fields are named like settings."""
        return kind(**{each.name: getattr(self, each.name) for each in fields(kind)})
