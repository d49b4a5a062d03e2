"""What may be imported: lines are checked by the same rules as requests, apart from what an administrator may do."""

import json
import re
from dataclasses import dataclass
from uuid import UUID

import msgspec
from argon2 import extract_parameters
from argon2.exceptions import InvalidHashError

from openucwa.config import Config
from openucwa.meetings.extension import MAX_ID_LENGTH, ExtensionLimits, read_extension
from openucwa.meetings.json_schema import check_schema
from openucwa.meetings.meeting import PARAMETERS
from openucwa.model.change import Change
from openucwa.model.meeting import Extension, MeetingRel
from openucwa.model.refusals import ParameterValidationFailure, Refusal
from openucwa.model.user import is_sip_uri
from openucwa.model.values import InvalidValue
from openucwa.representation import parameters
from openucwa.representation.json import read_value
from openucwa.representation.limits import StructureLimits
from openucwa.transfer import lines
from openucwa.transfer.lines import (
    AnyLine,
    ChangeLine,
    ExtensionLine,
    HandoverLine,
    Header,
    MeetingLine,
    RemovedUserLine,
    SchemaLine,
    UserLine,
    change_of,
    line_of_extension,
    line_of_meeting,
)

_MEETING_ID = re.compile(r"[A-Z0-9]{8}")
_CONFERENCE_ID = re.compile(r"[0-9]{1,20}")
_ETAG = re.compile(r"[0-9]{1,20}")
_HASH = re.compile(r"\$argon2id?\$[!-~]{1,500}")
#: What a sign-in may take, whoever tries it: memory in KiB, memory in KiB times passes, threads.
_MAX_HASH_MEMORY = 1_048_576
_MAX_HASH_WORK = 8_388_608
_MAX_HASH_THREADS = 64


@dataclass(frozen=True, slots=True)
class ImportRules:
    """The limits of the settings."""

    config: Config

    def check(self, line: AnyLine) -> None:
        """ParameterValidationFailure, EntityTooLarge: what is wrong with the line, by the names of its properties."""
        match line:
            case Header() if line.version > lines.VERSION:
                raise ParameterValidationFailure(
                    {"version": f"{line.version} is newer than {lines.VERSION}, the newest that this server reads"}
                )
            case UserLine():
                _refuse(self._user(line))
            case RemovedUserLine():
                _refuse({} if is_sip_uri(line.uri.lower()) else {"uri": _NO_URI})
            case MeetingLine():
                _refuse(self._meeting(line))
            case HandoverLine():
                _refuse(self._handover(line))
            case ExtensionLine():
                _refuse({} if is_sip_uri(line.organizer.lower()) else {"organizer": _NO_URI})
                self.extension(line)
            case SchemaLine():
                _refuse(self._schema(line))
            case ChangeLine():
                _refuse({} if is_sip_uri(line.organizer.lower()) else {"organizer": _NO_URI})
                _refuse(self._change(line))

    def _handover(self, line: HandoverLine) -> dict[str, str]:
        ends = {"organizer": line.organizer.lower(), "successor": line.successor.lower()}
        wrong = {name: _NO_URI for name, uri in ends.items() if not is_sip_uri(uri)}
        if ends["organizer"] == ends["successor"]:
            wrong["successor"] = "must be another user than organizer"
        if not _MEETING_ID.fullmatch(line.online_meeting_id):
            wrong["onlineMeetingId"] = f"must match {_MEETING_ID.pattern}"
        return wrong

    def extension(self, line: ExtensionLine) -> Extension:
        """The extension that the line describes; as `check`."""
        try:
            properties = json.loads(bytes(line.properties))
        except ValueError:
            properties = None
        if not isinstance(properties, dict):
            raise ParameterValidationFailure({"properties": "must be an object"})
        draft = read_extension(
            {"id": line.id, "type": str(line.type), **properties},
            href=None,
            pass_through="",
            stored=None,
            limits=ExtensionLimits(self.config.max_extension_properties, self.config.max_extension_bytes),
        )
        if draft.id is None:
            raise ParameterValidationFailure({"id": "is required"})
        if not _ETAG.fullmatch(line.etag):
            raise ParameterValidationFailure({"etag": "must be a number of up to 20 digits"})
        return Extension(draft.id, draft.type, line.etag, draft.properties)

    def _change(self, line: ChangeLine) -> dict[str, str]:
        """As what the contents describe: they can be restored."""
        if not _MEETING_ID.fullmatch(line.online_meeting_id):
            return {"onlineMeetingId": f"must match {_MEETING_ID.pattern}"}
        change = change_of(line)
        try:
            meeting, extension = change.meeting, change.extension
            if extension is not None:
                return self._former(change, extension)
            if meeting is None:
                return {}
            wrong = self._meeting(line_of_meeting(meeting))
        except (ValueError, OverflowError, msgspec.MsgspecError) as invalid:
            return {"contents": str(invalid)}
        if (meeting.organizer, meeting.id) != (change.organizer, change.meeting_id):
            wrong["contents"] = "must be of the meeting that the line names"
        return wrong

    def _former(self, change: Change, extension: Extension) -> dict[str, str]:
        line = line_of_extension(change.organizer, change.meeting_id, extension)
        checked = self.extension(line)
        if (checked.id, json.loads(checked.properties)) == (extension.id, json.loads(extension.properties)):
            return {}
        return {"contents": "must have the properties that are the programmer's own, and no others"}

    def _schema(self, line: SchemaLine) -> dict[str, str]:
        wrong = {} if is_sip_uri(line.owner.lower()) else {"owner": _NO_URI}
        if not 1 <= len(line.extension_id) <= MAX_ID_LENGTH:
            wrong["extensionId"] = f"must have 1 to {MAX_ID_LENGTH} characters"
        schema = bytes(line.schema)
        if len(schema) > self.config.max_schema_bytes:
            return wrong | {"schema": f"has more than {self.config.max_schema_bytes:,} bytes"}
        limits = StructureLimits(self.config.max_body_depth, self.config.max_body_elements)
        try:
            check_schema(read_value(schema.decode(), limits), self.config.max_schema_work)
        except (InvalidValue, Refusal) as invalid:
            wrong["schema"] = str(invalid)
        return wrong

    def _user(self, line: UserLine) -> dict[str, str]:
        wrong = {} if is_sip_uri(line.uri.lower()) else {"uri": _NO_URI}
        if not line.name.strip() or not line.name.isprintable():
            wrong["name"] = "is empty or contains control characters"
        if line.password_hash:
            wrong |= _check_hash(line.password_hash)
        if not 1 <= line.generation < 2**31:
            wrong["generation"] = "must be from 1 to 2147483647"
        return wrong

    def _meeting(self, line: MeetingLine) -> dict[str, str]:
        wrong = {} if is_sip_uri(line.organizer.lower()) else {"organizer": _NO_URI}
        for name, text, pattern in (
            ("onlineMeetingId", line.online_meeting_id, _MEETING_ID),
            ("conferenceId", line.conference_id, _CONFERENCE_ID),
            ("etag", line.etag, _ETAG),
        ):
            if not pattern.fullmatch(text):
                wrong[name] = f"must match {pattern.pattern}"
        try:
            UUID(line.conversation_id)
        except ValueError:
            wrong["conversationId"] = "must be a UUID"
        if line.expiration_time is None and line.online_meeting_rel != MeetingRel.MY_ASSIGNED_ONLINE_MEETING:
            wrong["expirationTime"] = "is required, except for an assigned meeting"
        if len(line.description) > self.config.max_description:
            wrong["description"] = f"has more than {self.config.max_description} characters"
        for name, entries in (("attendees", line.attendees), ("leaders", line.leaders)):
            if len(entries) > self.config.max_attendees:
                wrong[name] = f"has more than {self.config.max_attendees} entries"
        given = {
            "accessLevel": line.access_level,
            "attendees": line.attendees,
            "automaticLeaderAssignment": line.automatic_leader_assignment,
            "description": line.description,
            "entryExitAnnouncement": line.entry_exit_announcement,
            "leaders": line.leaders,
            "lobbyBypassForPhoneUsers": line.lobby_bypass_for_phone_users,
            "phoneUserAdmission": line.phone_user_admission,
            "subject": line.subject,
        }
        try:
            values = parameters.read(PARAMETERS, given)
        except ParameterValidationFailure as failure:
            return wrong | dict(failure.parameters)
        # A value in another case would be another one once it is stored.
        for name, value in values.items():
            if isinstance(value, str) and value != given[name]:
                wrong[name] = f"must be written {value}"
        return wrong


_NO_URI = "must be a SIP URI of the form sip:USER@DOMAIN"
_NO_HASH = "must be a hash of Argon2"


def _check_hash(text: str) -> dict[str, str]:
    if not _HASH.fullmatch(text):
        return {"passwordHash": _NO_HASH}
    try:
        cost = extract_parameters(text)
    except (InvalidHashError, ValueError):
        return {"passwordHash": _NO_HASH}
    if (
        cost.memory_cost > _MAX_HASH_MEMORY
        or cost.memory_cost * cost.time_cost > _MAX_HASH_WORK
        or cost.parallelism > _MAX_HASH_THREADS
    ):
        return {
            "passwordHash": f"takes more than {_MAX_HASH_MEMORY:,} KiB, {_MAX_HASH_WORK:,} KiB times passes or "
            f"{_MAX_HASH_THREADS} threads for each sign-in"
        }
    return {}


def _refuse(wrong: dict[str, str]) -> None:
    if wrong:
        raise ParameterValidationFailure(wrong)
