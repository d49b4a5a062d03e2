"""The constant parts of the API description (`openapi.py`): the meaning of path parameters and the schemas of all
bodies.
"""

from collections.abc import Mapping
from typing import Any

from openucwa.api.errors import ERRORS
from openucwa.http.negotiation import XML
from openucwa.representation.patches import JSON_PATCH, MERGE_PATCH
from openucwa.representation.xml import NAMESPACE

Described = dict[str, Any]


def ref(kind: str, name: str) -> Described:
    """A reference to a component: `schemas` or `responses`, and its name."""
    return {"$ref": f"#/components/{kind}/{name}"}


def _texts(description: str, media_type: str, example: str) -> Described:
    return {"type": "string", "contentMediaType": media_type, "description": description, "examples": [example]}


ABOUT = f"""\
The online-meetings part of Microsoft's UCWA 2.0, served by openucwa.

Start at `GET /` and follow the links: clients should use the hrefs in answers, not these paths.
Representations and bodies are JSON or XML, by `Accept` and `Content-Type`; to change a resource that has an etag, send
it in `If-Match`. The input of a POST may also be in the query; the body takes precedence.
Passwords and secrets must be in the body.
Names of documented properties are matched without regard to case; null counts as absent.
Everything below `/ucwa/v1` is served below `/ucwa/oauth/v1` too.

A method that a path does not list is answered 405 with `Allow`, a path that is not listed 404 (below `/ucwa/v1` 401
without a token). Malformed HTTP is refused by the connection, in JSON: 400, 408 if the request's headers do not arrive
in time, 431 if they are too large, 501 if the body's transfer coding is unknown, 505.

XML bodies have the namespace `{NAMESPACE}`.
"""

#: The names in paths.
NAMES: Mapping[str, Described] = {
    "application_id": {"description": "The application's id, assigned by applications, POST."},
    "meeting_id": {"description": "The meeting's onlineMeetingId."},
    "extension_id": {
        "description": "The extension's id, percent-encoded; it may contain an encoded slash.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 256},
    },
    "conversation": {"description": "The conversation's id; the event channel delivers its href."},
    "invitation": {"description": "The invitation's id; the event channel delivers its href."},
    "message": {"description": "The message's number."},
    "webhook_id": {"description": "The webhook's id."},
    "delivery": {"description": "The id of a message to a webhook."},
    "log": {"description": "The conversation log's id."},
    "number": {"description": "The number of a message in a conversation log."},
    "version": {"description": "The number of a version of the meeting or the extension."},
    "schema_version": {"description": "The number of a version of a JSON Schema."},
    "removal": {"description": "The number of a meeting's removal."},
    "address": {"description": "The participant's SIP address, percent-encoded."},
    "organizer": {"description": "The SIP address of a meeting's organizer."},
    "snapshot": {"description": "The snapshot's name."},
    "fault_id": {"description": "The rule's id."},
    "subscription": {"description": "The subscription's id."},
    "folder": {"description": "The version of the files of the pages."},
    "group": {"description": "The group's id."},
    "membership": {"description": "The id of a group, a comma, and the address of a contact in it."},
    "level": {"description": "A privacy relationship level."},
    "subscribed": {"description": "The subscription's id, a comma, and the SIP address of the contact."},
    "files": {"description": "The version of the files used by the server's pages."},
    "name": {"description": "The name of a file used by the server's pages."},
    "region": {"description": "The region's position in the list, from 1."},
}

VERSION = {
    "name": "X-MS-RequiresMinResourceVersion",
    "in": "header",
    "description": "The UCWA resource version that the client requires; above 2.0: 404 APIVersionNotSupported.",
    "schema": {"type": "string"},
}

#: Bodies that are no properties of a resource, by media type; all others are plain text.
TEXTS: Mapping[str, Described] = {
    MERGE_PATCH: ref("schemas", "MergePatch"),
    JSON_PATCH: ref("schemas", "JsonPatch"),
    "multipart/batching": {
        "type": "string",
        "description": "Requests, or their answers: each part is `application/http`, with one message of HTTP/1.1.",
        "examples": [
            (
                "--b\r\nContent-Type: application/http; msgtype=request\r\n\r\n"
                "GET /ucwa/v1/applications/103 HTTP/1.1\r\nAccept: application/json\r\n\r\n\r\n--b--\r\n"
            )
        ],
    },
}


def reference_page(name: str) -> str:
    """The address of a page of the public reference."""
    return f"https://learn.microsoft.com/en-us/skype-sdk/ucwa/{name}"


_SCALARS = ("string", "number", "boolean")
_HREF = {"type": "object", "properties": {"href": {"type": "string"}}, "required": ["href"]}
SCHEMAS: Described = {
    "MergePatch": {
        "description": "JSON Merge Patch (RFC 7396): the members to be changed; null removes one.",
        "type": "object",
        "additionalProperties": True,
        "examples": [{"seats": 14, "remark": None}],
    },
    "JsonPatch": {
        "description": "JSON Patch (RFC 6902).",
        "type": "array",
        "items": ref("schemas", "JsonPatchOperation"),
        "examples": [
            [{"op": "test", "path": "/seats", "value": 12}, {"op": "replace", "path": "/seats", "value": 14}],
        ],
    },
    "JsonPatchOp": {"type": "string", "enum": ["add", "remove", "replace", "move", "copy", "test"]},
    "ChangeOperation": {"type": "string", "enum": ["add", "replace", "patch", "remove"]},
    "JsonPatchOperation": {
        "type": "object",
        "properties": {
            "op": ref("schemas", "JsonPatchOp"),
            "path": {"type": "string", "description": "JSON Pointer (RFC 6901) into the resource's JSON."},
            "from": {"type": "string", "description": "The source of move and copy."},
            "value": {"description": "Of add, replace and test."},
        },
        "required": ["op", "path"],
    },
    "Resource": {
        "description": "A resource (UCWA: Media types and schemas). Its other members are its properties.",
        "type": "object",
        "properties": {
            "rel": {"type": "string"},
            "_links": {
                "type": "object",
                "properties": {"self": _HREF},
                "required": ["self"],
                "additionalProperties": {"anyOf": [ref("schemas", "Link"), ref("schemas", "Links")]},
            },
            "_embedded": {
                "type": "object",
                "additionalProperties": {"anyOf": [ref("schemas", "Resource"), ref("schemas", "Resources")]},
            },
            "etag": {"type": "string"},
        },
        "required": ["rel", "_links"],
    },
    "Resources": {"type": "array", "items": ref("schemas", "Resource")},
    "Link": _HREF
    | {
        "description": "A typed reference; its rel is its name (UCWA: Web links).",
        "properties": {"href": {"type": "string"}, "title": {"type": "string"}, "revision": {"type": "string"}},
    },
    "Links": {"type": "array", "items": ref("schemas", "Link")},
    "Token": {
        "description": "A token (RFC 6749, 5.1).",
        "type": "object",
        "properties": {
            "access_token": {"type": "string"},
            "expires_in": {"type": "integer", "description": "Lifetime in seconds."},
            "ms_rtc_identityscope": {"type": "string", "const": "local"},
            "token_type": {"type": "string", "const": "Bearer"},
            "scope": {"type": "string", "description": "Only if fewer than all were requested."},
        },
        "required": ["access_token", "expires_in", "token_type"],
    },
    "TokenError": {
        "description": "Why there is no token (RFC 6749, 5.2).",
        "type": "object",
        "properties": {"error": {"type": "string"}},
        "required": ["error"],
    },
    "DateTime": {
        "type": "string",
        "description": "`/Date(ms)/`, with or without an offset: milliseconds since 1970. In input also ISO 8601.",
        "pattern": r"^(/Date\(-?[0-9]{1,15}([+-][0-9]{4})?\)/|[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}.*)$",
        "examples": ["/Date(1894696200000)/", "2030-01-15T08:30:00Z"],
    },
    "Events": {
        "description": "An answer of the event channel (UCWA: events). Of next, resume and resync there is one.",
        "type": "object",
        "properties": {
            "_links": {
                "type": "object",
                "properties": {
                    "self": ref("schemas", "Link"),
                    "next": ref("schemas", "Link"),
                    "resume": ref("schemas", "Link"),
                    "resync": ref("schemas", "Link"),
                },
                "required": ["self"],
            },
            "sender": {"type": "array", "items": ref("schemas", "Sender")},
        },
        "required": ["_links", "sender"],
    },
    "Sender": {
        "description": "The events of one sender, in order.",
        "type": "object",
        "properties": {
            "rel": {"type": "string"},
            "href": {"type": "string"},
            "events": {"type": "array", "items": ref("schemas", "Event")},
        },
        "required": ["rel", "href", "events"],
    },
    "EventType": {"type": "string", "enum": ["added", "updated", "deleted", "started", "completed"]},
    "EventLink": {
        "type": "object",
        "properties": {"rel": {"type": "string"}, "href": {"type": "string"}, "title": {"type": "string"}},
        "required": ["rel", "href"],
    },
    "Event": {
        "description": "An event. Its `_embedded` contains the resource that it is about, by the rel of its `link`.",
        "type": "object",
        "properties": {
            "link": ref("schemas", "EventLink"),
            "in": ref("schemas", "EventLink"),
            "type": ref("schemas", "EventType"),
            "status": {"type": "string", "enum": ["Success", "Failure"]},
            "reason": ref("schemas", "EventReason"),
            "_embedded": {"type": "object", "additionalProperties": ref("schemas", "Resource")},
        },
        "required": ["link", "type"],
    },
    "EventReason": {
        "description": "Why something ended (UCWA: reason).",
        "type": "object",
        "properties": {"code": {"type": "string"}, "subcode": {"type": "string"}, "message": {"type": "string"}},
        "required": ["code"],
    },
    "Value": {
        "description": "A programmer-defined property: a string (a date reads `/Date(ms)/`), integer, number or "
        "boolean, or an array of those of one kind. null: not set.",
        "anyOf": [{"type": [*_SCALARS, "null"]}]
        + [{"type": "array", "items": {"type": scalar}} for scalar in _SCALARS],
    },
    "Reason": {
        "description": "An error (UCWA: Errors and informational messages).",
        "type": "object",
        "properties": {
            "code": {"type": "string", "enum": sorted({row.code for row in ERRORS.values()})},
            "subcode": {"type": "string", "enum": sorted({row.subcode for row in ERRORS.values() if row.subcode})},
            "message": {"type": "string", "description": "What was wrong, for people to read."},
            "parameters": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"name": {"type": "string"}, "reason": {"type": "string"}},
                    "required": ["name", "reason"],
                },
            },
            "debugInfo": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "required": ["code", "message"],
    },
    "XmlResource": _texts(
        "The resource as XML.",
        XML,
        f'<resource rel="note" href="/me/note" xmlns="{NAMESPACE}"><property name="rel">note</property></resource>',
    ),
    "XmlReason": _texts(
        "The error as XML.",
        XML,
        f'<reason xmlns="{NAMESPACE}"><code>NotFound</code><message>There is no such meeting.</message></reason>',
    ),
    "XmlInput": _texts(
        "The same properties as in JSON, each an element; arrays are a propertyList of items.",
        XML,
        f'<input xmlns="{NAMESPACE}"><property name="subject">Standup</property>'
        '<propertyList name="attendees"><item>sip:danab@contoso.com</item></propertyList></input>',
    ),
}
