"""The properties and links of the resources, for the API description (`openapi.py`); those of people are in
`openapi_people.py`.

A test compares this with what a server answers. A rel that is not listed is described as any resource.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from openucwa.api.openapi_parts import ref
from openucwa.api.openapi_people import PEOPLE
from openucwa.api.openapi_shape import Shape
from openucwa.api.pass_through import PASS_THROUGH_VALUE, pass_through_name

Described = dict[str, Any]


_MEETING = (
    "accessLevel:AccessLevel attendees:[string] automaticLeaderAssignment:AutomaticLeaderAssignment "
    "conferenceId:string description:string entryExitAnnouncement:EntryExitAnnouncement expirationTime:date "
    "joinUrl:string leaders:[string] lobbyBypassForPhoneUsers:GenericPolicy onlineMeetingId:string "
    "onlineMeetingRel:OnlineMeetingRel onlineMeetingUri:string organizerUri:string "
    "phoneUserAdmission:GenericPolicy subject:string"
)
_PARTICIPANTS = Shape(links="participant*")
_INVITATION = (
    "direction:Direction importance:Importance operationId:string state:InvitationState subject:string "
    "threadId:string to:string"
)
_INVITATION_LINKS = "accept acceptedByContact cancel conversation customContent decline from message messaging to"
_INVITATION_EMBEDS = "acceptedByParticipant*:participant from:participant message"

SHAPES: Mapping[str, Shape] = {
    **PEOPLE,
    "application": Shape(
        "culture:string endpointId:string id:string instanceId:string type:string userAgent:string",
        "batch events policies reportMyNetwork",
        "communication me onlineMeetings people",
    ),
    "applications": Shape(embedded="application*"),
    "attendees": _PARTICIPANTS,
    "communication": Shape(
        "audioPreference:AudioPreference conversationHistory:GenericPolicy lisLocation:string lisQueryResult:string "
        "phoneNumber:string publishEndpointLocation:boolean simultaneousRingNumberMatch:GenericPolicy "
        "supportedMessageFormats:[MessageFormat] supportedModalities:[ModalityType] "
        "videoBasedScreenSharing:GenericPolicy",
        "conversationLogs conversations joinOnlineMeeting missedItems replayMessage startMessaging startOnlineMeeting",
        puttable=True,
    ),
    "conversation": Shape(
        "activeModalities:[string] audienceMessaging:string created:date expirationTime:date importance:Importance "
        "participantCount:integer readLocally:boolean recording:boolean state:ConversationState subject:string "
        "threadId:string",
        "addParticipant attendees disableAudienceMessaging enableAudienceMessaging leaders lobby localParticipant "
        "messaging onlineMeeting participants",
    ),
    "conversations": Shape(links="conversation*"),
    "dialInRegion": Shape("languages:[string] name:string number:string"),
    "leaders": _PARTICIPANTS,
    "lobby": Shape(embedded="participant*"),
    "message": Shape(
        "direction:Direction operationId:string status:string timeStamp:date",
        "contact failedDeliveryParticipant htmlMessage messaging participant plainMessage",
    ),
    "messages": Shape(links="message*"),
    "messaging": Shape(
        "negotiatedMessageFormats:[MessageFormat] state:string",
        "addMessaging conversation sendMessage setIsTyping stopMessaging typingParticipants",
    ),
    "messagingInvitation": Shape(_INVITATION, _INVITATION_LINKS, _INVITATION_EMBEDS),
    "myOnlineMeeting": Shape(
        f"{_MEETING} legacyOnlineMeetingUri:string",
        "onlineMeetingExtensions",
        "onlineMeetingExtension*",
        puttable=True,
        also="myAssignedOnlineMeeting",
    ),
    "myOnlineMeetings": Shape(embedded="myAssignedOnlineMeeting*:myOnlineMeeting myOnlineMeeting*"),
    "onlineMeeting": Shape(
        f"{_MEETING} disclaimerBody:string disclaimerTitle:string hostingNetwork:string largeMeeting:string "
        "organizerName:string",
        "conversation onlineMeetingExtensions organizer phoneDialInInformation",
        "onlineMeetingExtension*",
    ),
    "onlineMeetingDefaultValues": Shape(
        "accessLevel:AccessLevel automaticLeaderAssignment:AutomaticLeaderAssignment "
        "defaultOnlineMeetingRel:OnlineMeetingRel entryExitAnnouncement:EntryExitAnnouncement "
        "lobbyBypassForPhoneUsers:GenericPolicy participantsWarningThreshold:integer "
        "phoneUserAdmission:GenericPolicy"
    ),
    "onlineMeetingEligibleValues": Shape(
        "accessLevels:[AccessLevel] automaticLeaderAssignments:[AutomaticLeaderAssignment] "
        "eligibleOnlineMeetingRels:[OnlineMeetingRel] entryExitAnnouncements:[EntryExitAnnouncement] "
        "lobbyBypassForPhoneUsersSettings:[GenericPolicy] phoneUserAdmissions:[GenericPolicy]",
        "myAssignedOnlineMeeting myOnlineMeetings",
    ),
    "onlineMeetingExtension": Shape("id:string type:OnlineMeetingExtensionType", puttable=True, custom=True),
    "onlineMeetingExtensions": Shape(embedded="onlineMeetingExtension*"),
    "onlineMeetingInvitation": Shape(
        f"{_INVITATION} anonymousDisplayName:string availableModalities:[string] onlineMeetingUri:string",
        _INVITATION_LINKS,
        _INVITATION_EMBEDS,
    ),
    "onlineMeetingInvitationCustomization": Shape(
        "enterpriseHelpUrl:string invitationFooterText:string invitationHelpUrl:string invitationLegalUrl:string "
        "invitationLogoUrl:string"
    ),
    "onlineMeetingPolicies": Shape(
        "entryExitAnnouncement:GenericPolicy externalUserMeetingRecording:GenericPolicy "
        "meetingRecording:GenericPolicy meetingSize:integer phoneUserAdmission:GenericPolicy voipAudio:GenericPolicy"
    ),
    "onlineMeetings": Shape(
        links="myAssignedOnlineMeeting myOnlineMeetings onlineMeetingDefaultValues onlineMeetingEligibleValues "
        "onlineMeetingInvitationCustomization onlineMeetingPolicies phoneDialInInformation"
    ),
    "participant": Shape(
        "anonymous:boolean inLobby:boolean local:boolean name:string organizer:boolean role:Role "
        "sourceNetwork:string uri:string",
        "admit contact contactPhoto contactPresence conversation demote eject me participantMessaging promote reject",
        also="localParticipant",
    ),
    "participantInvitation": Shape(_INVITATION, _INVITATION_LINKS, _INVITATION_EMBEDS),
    "participantMessaging": Shape(links="participant"),
    "participants": _PARTICIPANTS,
    "phoneDialInInformation": Shape(
        "conferenceId:string defaultRegion:string externalDirectoryUri:string internalDirectoryUri:string "
        "isAudioConferenceProviderEnabled:boolean participantPassCode:string tollFreeNumbers:[string] "
        "tollNumber:string",
        embedded="dialInRegion*",
    ),
    "redirect": Shape(links="user xframe"),
    "root": Shape(links="user xframe"),
    "typingParticipants": _PARTICIPANTS,
    "user": Shape(links="applications redirect xframe"),
}

#: What operations show that do not show a resource of their own rel.
SHOWN: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("applications", "POST"): ("application",),
    ("myGroupMemberships", "POST"): ("myGroupMembership",),
    ("myOnlineMeetings", "POST"): ("myOnlineMeeting",),
    ("presenceSubscriptions", "POST"): ("presenceSubscription",),
    ("startOrRefreshSubscriptionToContactsAndGroups", "POST"): ("myContactsAndGroupsSubscription",),
    ("onlineMeetingExtensions", "POST"): ("onlineMeetingExtension",),
    ("invitation", "GET"): ("onlineMeetingInvitation", "messagingInvitation", "participantInvitation"),
}

#: The enums that only answers contain (UCWA: the page of each), besides those of the input.
ENUMS: Mapping[str, tuple[str, ...]] = {
    "Availability": (
        "Away", "BeRightBack", "Busy", "DoNotDisturb", "IdleBusy", "IdleOnline", "Offline", "Online",
    ),
    "ContactDeviceType": ("DeskPhone", "Mobile", "PC", "Unknown", "Web"),
    "NoteType": ("OutOfOffice", "Personal"),
    "ConversationState": (
        "Conferenced", "Conferencing", "Connected", "Connecting", "Disconnected", "Disconnecting", "Incoming",
        "InLobby",
    ),
    "Direction": ("Incoming", "Outgoing"),
    "InvitationState": (
        "Alerting", "Cancelled", "Connected", "Connecting", "Declined", "Failed", "Forwarded", "TeamRing",
    ),
    "OnlineMeetingRel": ("myAssignedOnlineMeeting", "myOnlineMeetings"),
    "Role": ("Attendee", "Leader", "Unknown"),
}  # fmt: skip

_SIMPLE: Mapping[str, Described] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "date": {"$ref": "#/components/schemas/DateTime"},
}


def component_name(rel: str) -> str:
    """The name of the schema of a rel: `myOnlineMeeting` is `MyOnlineMeeting`."""
    return "".join(word[:1].upper() + word[1:] for word in rel.split(":"))


def shown_schema(rel: str, method: str) -> Described:
    """The schema of the JSON that an operation shows."""
    known = [ref("schemas", component_name(each)) for each in SHOWN.get((rel, method), (rel,)) if each in SHAPES]
    if not known:
        return ref("schemas", "Resource")
    return known[0] if len(known) == 1 else {"anyOf": known}


def resource_schemas() -> Iterator[tuple[str, Described]]:
    """The schema of each resource by its name, and those of the enums in them."""
    for rel, shape in SHAPES.items():
        yield component_name(rel), _schema(rel, shape)
    for name, values in ENUMS.items():
        yield name, {"type": "string", "enum": list(values)}


def _schema(rel: str, shape: Shape) -> Described:
    members: Described = {"rel": {"type": "string"} if shape.also else {"type": "string", "const": rel}}
    for each in shape.properties.split():
        name, _, kind = each.partition(":")
        members[name] = _type(kind)
    if shape.puttable:
        members[pass_through_name(rel)] = {"type": "string", "const": PASS_THROUGH_VALUE}
        members["etag"] = {"type": "string", "description": "For If-Match, in quotation marks."}
    links = {"self": ref("schemas", "Link")}
    for link in shape.links.split():
        links[link.rstrip("*")] = ref("schemas", "Links" if link.endswith("*") else "Link")
    members["_links"] = {"type": "object", "properties": links, "required": ["self"]}
    if shape.embedded:
        members["_embedded"] = {"type": "object", "properties": dict(map(_embedded, shape.embedded.split()))}
    described: Described = {
        "description": f"UCWA: {rel}." if shape.also is None else f"UCWA: {rel}, {shape.also}.",
        "type": "object",
        "properties": members,
        "required": ["rel", "_links"],
    }
    if shape.custom:
        described["additionalProperties"] = ref("schemas", "Value")
    return described


def _type(kind: str) -> Described:
    if kind.startswith("["):
        return {"type": "array", "items": _type(kind[1:-1])}
    return _SIMPLE.get(kind) or ref("schemas", kind)


def _embedded(text: str) -> tuple[str, Described]:
    rel, _, other = text.partition(":")
    name = rel.rstrip("*")
    target = other or name
    described = ref("schemas", component_name(target) if target in SHAPES else "Resource")
    return name, {"type": "array", "items": described} if rel.endswith("*") else described
