"""All settings: one frozen `Config`, each option with name, type, default and help.

A TOML file is overridden by the environment (`OPENUCWA_NAME`), and that by the command line.
`docs/configuration.md` lists the same; a test compares them.
What belongs here is which settings there are, where a value comes from and whether it can be used; what a setting
does is the affair of the part that uses it.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_origin

import msgspec

from openucwa.config_checks import problems
from openucwa.config_identity import Directory, Issuer

ENVIRONMENT_PREFIX = "OPENUCWA_"


class ConfigError(Exception):
    """A setting that can't be used. The text names it, its source, and what is wrong."""


class Pool(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another pool of servers. `url`: its root, absolute. `backup`: the name or URL of the pool that stands in."""

    name: str
    url: str
    backup: str | None = None


class DialInRegion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """UCWA: dialInRegion. `languages`: culture names. `number`: a tel URI."""

    name: str
    number: str
    languages: tuple[str, ...] = ("en-US",)


def option(help_text: str, default: Any, *, least: float | None = None, one_of: tuple[object, ...] = ()) -> Any:
    """A setting of `Config` with its line of help.

    `least`: the least that a number may be; where it is not given an int is at least 1, and a float above 0.
    `one_of`: the values that are possible where only some are; of a list, its entries.
    """
    return field(default=default, metadata={"help": help_text, "least": least, "one_of": one_of})


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that can be set. Durations are in seconds, sizes in bytes."""

    # Where it serves
    data: str = option("Folder of the SQLite database. Made on first start.", "./openucwa-data")
    store: str | None = option(
        "PostgreSQL database: postgresql://USER:PASSWORD@HOST:PORT/DATABASE; default: SQLite in the folder data.", None
    )
    store_connections: int = option("Connections that read from PostgreSQL, of each process.", 4)
    store_lanes: int = option("Connections that write to PostgreSQL, of each process.", 4)
    listen: tuple[str, ...] = option("URLs to listen on, http or https.", ("http://127.0.0.1:8080",))
    tls_cert: str | None = option("File with the TLS certificate chain (PEM), for https.", None)
    tls_key: str | None = option("File with its private key (PEM).", None)
    public_url: str | None = option("URL under which clients reach the server, if not by the listeners' own.", None)
    hosts: tuple[str, ...] = option(
        "Host names (with port where not the default) that absolute links may bear when a request came in by them.", ()
    )
    trusted_proxies: tuple[str, ...] = option(
        "Addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto count.", ()
    )
    allow_origin: tuple[str, ...] = option("Web origins that may use the frame page and CORS.", ())
    join_url: str | None = option(
        "Template of joinUrl with {domain}, {user} and {id}; "
        "default: the server's own page, /meet/{user}@{domain}/{id}.",
        None,
    )
    bus: str | None = option(
        "Event bus between servers: nats://HOST:PORT; default: PostgreSQL where it is the store, else this machine.",
        None,
    )
    bus_look: float = option("Seconds between two looks at the event log without being told.", 5.0)
    workers: int = option("Processes that serve, on the same listeners.", 1)
    status_listen: tuple[str, ...] = option(
        "URLs for /healthz, /readyz and /metrics, http; worker i of several, from 0, takes the port plus i.", ()
    )
    traces: str | None = option("Where OpenTelemetry traces are sent: an OTLP/HTTP endpoint's URL.", None)
    log_level: str = option("debug, info, warning or error.", "info", one_of=("debug", "info", "warning", "error"))
    log_format: str = option("text, or json: an object a line.", "text", one_of=("text", "json"))
    log_file: str | None = option("Log file to append to; default: stderr.", None)

    # Patience
    header_timeout: float = option("Seconds for a client to send its request's headers.", 15.0)
    body_timeout: float = option("Seconds for a client to send its request's body (then 408).", 30.0)
    keep_alive: float = option("Seconds that an idle connection is kept.", 75.0)
    write_timeout: float = option(
        "Seconds without progress until a client that does not read its response is disconnected.", 60.0
    )
    shutdown_timeout: float = option("Seconds that requests under way may take at a stop.", 10.0, least=0)
    store_timeout: float = option("Seconds to wait for the store (then 503).", 5.0)

    # Limits
    max_connections: int = option("Open connections; more are answered 503.", 20_000)
    max_header_bytes: int = option("Bytes of a request's line and headers.", 65_536)
    max_pipelined: int = option("Maximum number of pipelined requests waiting per connection (503).", 100)
    max_body_bytes: int = option("Bytes of a request's body (413).", 1_048_576)
    max_body_bytes_without_token: int = option(
        "Maximum size of a request body without a valid token, or for an unknown resource, in bytes (413).", 65_536
    )
    max_body_bytes_in_flight: int = option(
        "Maximum total size of request bodies held by a process, in bytes (503).", 268_435_456
    )
    max_unsent_bytes: int = option(
        "Maximum total size of responses not yet read by clients, per process, in bytes; "
        "the slowest client is disconnected.",
        268_435_456,
    )
    max_answer_bytes: int = option(
        "Approximate maximum size of an answer, and of a batch's answer as a whole, in bytes (413; 429 in a batch).",
        16_777_216,
    )
    log_backlog: int = option(
        "Maximum size of log lines waiting to be written, in bytes; more are dropped and counted.", 8_388_608
    )
    max_body_depth: int = option("Nesting of a request's body (400).", 32)
    max_body_elements: int = option("Values in a JSON body, or elements or attributes in an XML body (400).", 40_000)
    max_extension_bytes: int = option("Bytes of an extension's properties as compact JSON (413).", 65_536)
    max_extension_properties: int = option("Programmer-defined properties of an extension (400).", 300)
    max_extensions: int = option("Extensions of a meeting (409 TooManyGroups).", 100)
    max_meetings: int = option("Meetings of an organizer (409 TooManyOnlineMeetings).", 1_000)
    max_applications: int = option("Applications of a user; the longest idle one ends (410).", 64)
    max_instances: int = option("Instances (tabs) of an application (409).", 32)
    max_attendees: int = option("Entries of attendees, and of leaders (400).", 1_000)
    max_message_bytes: int = option("Maximum size of a message in UTF-8, in bytes (413).", 65_536)
    max_event_bytes: int = option(
        "Approximate maximum size of an event set, in bytes; the rest follows in the next one.",
        1_048_576,
    )
    participant_rate: float = option(
        "Messages and other actions per participant and meeting, sustained, per second (429).", 10.0
    )
    participant_burst: int = option("Messages and other actions per participant and meeting at once (429).", 100)
    invitation_rate: float = option("Invitations from one user to another, sustained, per second (429).", 0.1)
    invitation_burst: int = option("Invitations from one user to another at once (429).", 10)
    application_rate: float = option("Applications opened per user, sustained, per second (429).", 1.0)
    application_burst: int = option("Applications opened per user at once (429).", 100)
    max_description: int = option("Characters of a meeting's description (400).", 16_384)
    max_batch: int = option("Requests in a batch (429).", 100)
    max_part_headers: int = option("Header lines of a request in a batch (400).", 100)
    response_cache_bytes: int = option("Size of the response cache in bytes; 0 disables it.", 33_554_432, least=0)
    max_requests_in_flight: int = option("Concurrent requests per user, including parts of a batch (429).", 100)

    # Signing in
    ticket_lifetime: int = option("Seconds that a ticket of the password grant is good for.", 28_800)
    anonymous_ticket_lifetime: int = option("Seconds that an anonymous-meeting ticket is good for.", 3_600)
    anonymous: bool = option("Whether the anonymous-meeting grant is offered.", True)
    key_look: float = option("Seconds between two looks for new and removed signing keys.", 30.0)
    sign_in_failures: int = option("Failed sign-ins of one user before it is slowed down.", 5)
    sign_in_delay: float = option("Seconds of the first delay; it doubles with each failure.", 2.0, least=0)
    sign_in_delay_max: float = option("Seconds of the longest delay.", 300.0, least=0)
    address_failures: int = option("Failed sign-ins from one address before it is slowed down.", 50)

    issuers: tuple[Issuer, ...] = option("OpenID Connect providers whose access tokens are accepted.", ())
    directories: tuple[Directory, ...] = option("LDAP directories that passwords are verified by.", ())
    max_token_bytes: int = option("Bytes of an access token (401).", 16_384)
    foreign_tokens_cached: int = option("Access tokens of issuers that are not verified again.", 4_096)
    max_introspections: int = option("Questions to issuers about access tokens at a time (503).", 16)

    # Applications and event channels
    conversation_timeout: int = option("Seconds without a poll until an application's conversations end.", 300)
    application_timeout: int = option("Seconds after the last poll until an application ends.", 900)
    application_sweep: float = option("Seconds between two looks for applications that have ended.", 30.0)
    events_low: int = option("Seconds that low-priority events wait, where the client does not say.", 15)
    events_medium: int = option("Seconds that medium-priority events wait, where the client does not say.", 5)
    events_timeout: int = option("Seconds that a poll without events waits, where the client does not say.", 180)
    invitation_timeout: int = option("Seconds until an invitation that nobody answers fails.", 30)
    lobby_timeout: int = option(
        "Seconds until a participant who waits in the lobby is removed (reason Timeout).", 1_800
    )
    typing_timeout: float = option("Seconds that somebody is said to type who does not say so again.", 10.0)
    events_kept: int = option("Seconds that the event log is kept.", 86_400)
    max_events: int = option("Maximum number of events per answer; the rest follows in the next one.", 500)

    # Meetings
    create_status: int = option(
        "Status of a created meeting: 201, or 200 for clients that want it.", 201, one_of=(200, 201)
    )
    meeting_lifetime: int = option("Seconds until a meeting expires that was given no expirationTime.", 28_800)
    expired_meetings_kept: int = option("Seconds that a meeting is kept past its expirationTime.", 1_209_600, least=0)
    meeting_sweep: float = option("Seconds between two looks for meetings past that.", 60.0)
    assigned_meeting: bool = option("Whether every user has a myAssignedOnlineMeeting.", True)
    assigned_meeting_extensions: bool = option("Whether it takes extensions (if not: 409).", True)
    enterprise_domains: tuple[str, ...] = option(
        "SIP domains that form one enterprise; by default each domain is its own.", ()
    )
    strict_put: bool = option("Whether a PUT must bear the pass-through property.", True)
    access_levels: tuple[str, ...] = option(
        "Eligible values of accessLevel.",
        ("Everyone", "Invited", "Locked", "None", "SameEnterprise"),
        one_of=("Everyone", "Invited", "Locked", "None", "SameEnterprise"),
    )
    automatic_leader_assignments: tuple[str, ...] = option(
        "Eligible values of automaticLeaderAssignment.",
        ("Disabled", "Everyone", "SameEnterprise"),
        one_of=("Disabled", "Everyone", "SameEnterprise"),
    )
    entry_exit_announcements: tuple[str, ...] = option(
        "Eligible values of entryExitAnnouncement.",
        ("Disabled", "Enabled", "Unsupported"),
        one_of=("Disabled", "Enabled", "Unsupported"),
    )
    lobby_bypass_for_phone_users: tuple[str, ...] = option(
        "Eligible values of lobbyBypassForPhoneUsers.", ("Disabled", "Enabled"), one_of=("Disabled", "Enabled")
    )
    default_access_level: str = option("accessLevel of a meeting that does not say.", "SameEnterprise")
    default_automatic_leader_assignment: str = option(
        "automaticLeaderAssignment of a meeting that does not say.", "Disabled"
    )
    default_entry_exit_announcement: str = option("entryExitAnnouncement of a meeting that does not say.", "Disabled")
    default_lobby_bypass_for_phone_users: str = option(
        "lobbyBypassForPhoneUsers of a meeting that does not say.", "Disabled"
    )
    default_phone_user_admission: str = option(
        "phoneUserAdmission of a meeting that does not say.", "Disabled", one_of=("Disabled", "Enabled")
    )
    participants_warning_threshold: int = option(
        "participantsWarningThreshold of onlineMeetingDefaultValues.", 200, least=0
    )
    meeting_size: int = option("meetingSize of onlineMeetingPolicies.", 250, least=0)

    # What the enterprise tells its users
    enterprise_help_url: str = option("enterpriseHelpUrl of onlineMeetingInvitationCustomization.", "")
    invitation_footer_text: str = option("invitationFooterText of onlineMeetingInvitationCustomization.", "")
    invitation_help_url: str = option("invitationHelpUrl of onlineMeetingInvitationCustomization.", "")
    invitation_legal_url: str = option("invitationLegalUrl of onlineMeetingInvitationCustomization.", "")
    invitation_logo_url: str = option("invitationLogoUrl of onlineMeetingInvitationCustomization.", "")
    dial_in_default_region: str = option("defaultRegion of phoneDialInInformation.", "")
    dial_in_external_directory: str = option("externalDirectoryUri of phoneDialInInformation.", "")
    dial_in_internal_directory: str = option("internalDirectoryUri of phoneDialInInformation.", "")
    dial_in_toll_number: str = option("tollNumber of phoneDialInInformation.", "")
    dial_in_toll_free_numbers: tuple[str, ...] = option("tollFreeNumbers of phoneDialInInformation.", ())
    dial_in_pass_code: str = option("participantPassCode of phoneDialInInformation.", "")
    dial_in_regions: tuple[DialInRegion, ...] = option(
        "Regions of phoneDialInInformation: name, number, languages.", ()
    )
    pools: tuple[Pool, ...] = option("Other pools: name, url and, where there is one, backup.", ())


_TYPES: Mapping[str, Any] = {f.name: f.type for f in fields(Config)}

#: What a value of a type is called in an error.
_KINDS: Mapping[Any, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
    str | None: "a text",
    tuple[str, ...]: "a list of texts",
}

#: Names that the environment may hold besides settings: the file of settings itself, and what Kubernetes sets in
#: every container for a service that is called openucwa.
_NOT_SETTINGS = re.compile(r"CONFIG|SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_\d+_.*)?")


class Loaded(NamedTuple):
    """The settings in force and where each comes from: a file, an environment variable, `command line`, `default`."""

    config: Config
    sources: Mapping[str, str]


def options() -> tuple["Field[Any]", ...]:
    """Every setting, in the order of the documentation."""
    return fields(Config)


def environment_name(name: str) -> str:
    """The environment variable of a setting: `max_body_bytes` -> `OPENUCWA_MAX_BODY_BYTES`."""
    return ENVIRONMENT_PREFIX + name.upper()


def load(file: Path | None, environment: Mapping[str, str] = os.environ, **flags: object) -> Config:
    """The settings in force. `flags`: what the command line says; None or (): nothing.

    In the environment a list is separated by commas, and a list of tables (pools) is JSON.
    ConfigError: an unknown name, a value of the wrong type or out of bounds, an unreadable file.
    """
    return load_with_sources(file, environment, **flags).config


def load_with_sources(file: Path | None, environment: Mapping[str, str] = os.environ, **flags: object) -> Loaded:
    """As `load`, with the source of each setting."""
    values: dict[str, object] = {}
    sources = dict.fromkeys(_TYPES, "default")

    def take(given: Mapping[str, object], source: str, *, strict: bool) -> None:
        for name, value in given.items():
            values[name] = _convert(name, value, source, strict=strict)
            sources[name] = source

    if file is not None:
        take(_read(file), str(file), strict=True)
    for variable, text in sorted(environment.items()):
        if variable.startswith(ENVIRONMENT_PREFIX) and not _NOT_SETTINGS.fullmatch(variable, len(ENVIRONMENT_PREFIX)):
            source = f"environment variable {variable}"
            name = _known(variable.removeprefix(ENVIRONMENT_PREFIX).lower(), source)
            take({name: _from_text(name, text, source)}, source, strict=False)
    take({name: value for name, value in flags.items() if value not in (None, ())}, "command line", strict=True)
    config = Config(**values)  # type: ignore[arg-type]  # each value was converted to its option's type
    for name, problem in problems(config):
        raise ConfigError(f"setting {name} ({sources[name]}): {problem}")
    return Loaded(config, sources)


def _read(file: Path) -> Mapping[str, object]:
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"the settings file {file} cannot be read: {error.strerror or error}") from None
    except ValueError as error:  # tomllib's own, and what is not UTF-8
        raise ConfigError(f"the settings file {file} is not TOML: {error}") from None
    return {_known(name, str(file)): value for name, value in values.items()}


def _known(name: str, source: str) -> str:
    if name in _TYPES:
        return name
    near = difflib.get_close_matches(name, _TYPES, n=1)
    hint = f"; is {near[0]} meant?" if near else ""
    raise ConfigError(f"setting {name} ({source}): there is no such setting{hint}")


def _from_text(name: str, text: str, source: str) -> object:
    wanted = _TYPES[name]
    if wanted == str | None and not text:
        return None
    if get_origin(wanted) is not tuple:
        return text
    if get_args(wanted)[0] is str:
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        return msgspec.json.decode(text or "[]")
    except msgspec.DecodeError as error:
        raise ConfigError(f"setting {name} ({source}): has to be a list of tables in JSON: {error}") from None


def _convert(name: str, value: object, source: str, *, strict: bool) -> object:
    wanted = _TYPES[name]
    try:
        return msgspec.convert(value, wanted, strict=strict)
    except msgspec.ValidationError as error:
        kind = _KINDS.get(wanted)
        problem = f"has to be {kind}, not {value!r}" if kind else str(error)
        raise ConfigError(f"setting {name} ({source}): {problem}") from None
