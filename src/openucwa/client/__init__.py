"""A client of UCWA's online meetings: discovery, sign-in, applications, meetings and their extensions, events, joining.

It imports nothing of the server. The logic is in steps (`steps.py`), which drivers of httpx carry out, with `await` or
without. docs/client.md is its introduction.
"""

from openucwa.client import errors
from openucwa.client.application import Application
from openucwa.client.batches import Part
from openucwa.client.change_sets import ChangeSet
from openucwa.client.changes import Change, Changes
from openucwa.client.channel import Events
from openucwa.client.client import AsyncClient, Client
from openucwa.client.conversations import Conversation, Invitation, Participant
from openucwa.client.credentials import AnonymousMeeting, BearerToken, Password, RefreshToken, Token
from openucwa.client.drivers import AsyncDriver, SyncDriver
from openucwa.client.errors import ConnectionFailed, EditConflict, JoinFailed, Reason, Refused, UcwaError
from openucwa.client.extensions import Edit, Extension, ExtensionState, ExtensionVersion, merge_properties
from openucwa.client.finding import FoundMeeting, FoundMeetings, text_literal
from openucwa.client.meetings import Meeting, MeetingVersion, RemovedMeeting
from openucwa.client.policy import Policy
from openucwa.client.resources import APPLICATION_RENEWED, Event, Link, Resource
from openucwa.client.schedules import Schedule
from openucwa.client.session import Answer

__all__ = [
    "APPLICATION_RENEWED",
    "AnonymousMeeting",
    "Answer",
    "Application",
    "AsyncClient",
    "AsyncDriver",
    "BearerToken",
    "Change",
    "ChangeSet",
    "Changes",
    "Client",
    "ConnectionFailed",
    "Conversation",
    "Edit",
    "EditConflict",
    "Event",
    "Events",
    "Extension",
    "ExtensionState",
    "ExtensionVersion",
    "FoundMeeting",
    "FoundMeetings",
    "Invitation",
    "JoinFailed",
    "Link",
    "Meeting",
    "MeetingVersion",
    "Part",
    "Participant",
    "Password",
    "Policy",
    "Reason",
    "RefreshToken",
    "Refused",
    "RemovedMeeting",
    "Resource",
    "Schedule",
    "SyncDriver",
    "Token",
    "UcwaError",
    "errors",
    "merge_properties",
    "text_literal",
]
