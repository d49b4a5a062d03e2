"""Examples of bodies for the API description (`openapi_inputs.py`). Tests send them; the users are the sandbox's."""

from collections.abc import Mapping
from typing import Any

_DANA = "sip:danab@contoso.com"
_OPERATION = "74cb7404e0a247d5a2d4eb0376a47dbf"
_TEXT = "data:text/plain;charset=utf-8,Hello"

#: By rel and method; without the pass-through property of a PUT.
EXAMPLES: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("addMessaging", "POST"): {"operationId": _OPERATION, "message": _TEXT},
    ("addParticipant", "POST"): {"operationId": _OPERATION, "to": _DANA},
    ("addToContactList", "POST"): {"displayName": "Contoso", "smtpAddress": "everyone@contoso.com"},
    ("applications", "POST"): {"culture": "en-US", "endpointId": "a7c1", "userAgent": "my program"},
    ("communication", "PUT"): {"supportedMessageFormats": ["Plain", "Html"], "supportedModalities": ["Messaging"]},
    ("contactPrivacyRelationship", "PUT"): {"relationshipLevel": "Workgroup"},
    ("continueMessaging", "POST"): {"operationId": _OPERATION, "message": _TEXT},
    ("decline", "POST"): {"reason": "Local"},
    ("group", "PUT"): {"name": "Project team"},
    ("joinOnlineMeeting", "POST"): {
        "onlineMeetingUri": "sip:lenea@contoso.com;gruu;opaque=app:conf:focus:id:4VTL4XW4",
        "operationId": _OPERATION,
    },
    ("location", "POST"): {"location": "Copenhagen"},
    ("makeMeAvailable", "POST"): {"signInAs": "Online", "supportedModalities": ["Messaging"]},
    ("myGroupMemberships", "POST"): {"contactUri": _DANA},
    ("myGroups", "POST"): {"displayName": "Friends"},
    ("myOnlineMeeting", "PUT"): {
        "subject": "Quarterly planning",
        "attendees": [_DANA],
        "accessLevel": "Everyone",
        "expirationTime": "/Date(1894696200000)/",
    },
    ("myOnlineMeetings", "POST"): {
        "subject": "Quarterly planning",
        "attendees": [_DANA],
        "accessLevel": "Invited",
    },
    ("note", "POST"): {"message": "In a workshop until three"},
    ("onlineMeetingExtension", "PUT"): {
        "id": "agenda",
        "type": "RoamedParticipantData",
        "seats": 14,
        "speakers": ["Lene"],
    },
    ("onlineMeetingExtensions", "POST"): {
        "id": "agenda",
        "type": "RoamedParticipantData",
        "seats": 12,
        "speakers": ["Lene", "Dana"],
        "doorsOpen": "/Date(1894696200000)/",
    },
    ("openucwa:password", "POST"): {"currentPassword": "lenea-password", "newPassword": "correct horse battery staple"},
    ("openucwa:rotateSecret", "POST"): {"secret": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="},
    ("openucwa:signOut", "POST"): {"keepThis": True},
    ("openucwa:webhook", "PUT"): {
        "url": "https://example.com/hook",
        "kinds": ["extension.replaced", "extension.patched"],
        "state": "Paused",
    },
    ("openucwa:webhooks", "POST"): {
        "description": "My program",
        "url": "https://example.com/hook",
        "filter": "extensions('agenda')/seats gt 10",
    },
    ("presence", "POST"): {"availability": "Busy"},
    ("presenceSubscription", "POST"): {"duration": 30},
    ("presenceSubscriptionMemberships", "POST"): {"contactUris": [_DANA], "presenceSubscriptionId": "1"},
    ("presenceSubscriptions", "POST"): {"duration": 30, "uris": [_DANA]},
    ("removeContactFromAllGroups", "POST"): {"contactUri": _DANA},
    ("removeFromContactList", "POST"): {"groupId": "1"},
    ("reportMyNetwork", "POST"): {"clientNetworkType": "Internal", "ip": "192.0.2.7"},
    ("startMessaging", "POST"): {
        "operationId": _OPERATION,
        "to": _DANA,
        "subject": "Lunch?",
        "importance": "Normal",
        "message": _TEXT,
    },
    ("startOnlineMeeting", "POST"): {"operationId": _OPERATION, "subject": "Quarterly planning"},
    ("startOrRefreshSubscriptionToContactsAndGroups", "POST"): {"duration": 30},
}
