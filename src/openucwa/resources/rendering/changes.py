"""Rendering of changes of meetings and extensions (openucwa:change)."""

import msgspec

from openucwa.api.call import Context
from openucwa.model.change import Change, ChangeKind
from openucwa.model.meeting import Meeting, meeting_uri
from openucwa.model.values import Instant
from openucwa.representation.document import Document, Link, Property
from openucwa.resources.my_online_meetings import MeetingDocuments
from openucwa.resources.online_meeting_extensions import (
    EXTENSION_REL,
    collection_href,
    extension_document,
    extension_href,
)
from openucwa.resources.online_meetings import meeting_href, organizer_of

CHANGE_REL = "openucwa:change"


def change_document(call: Context, change: Change, href: str, documents: MeetingDocuments) -> Document:
    """openucwa:change, with the meeting or the extension as it was afterwards, if the caller may see it.

    `href`: of the changes behind this one.
    """
    own = change.organizer == organizer_of(call)
    properties: dict[str, Property | None] = {
        "changed": Instant(change.at),
        "changedBy": change.actor or None,
        "changeSet": change.change_set if own else None,
        "etagAfter": change.etag or None,
        "etagBefore": change.etag_before or None,
        "extensionId": change.extension_id or None,
        "extensionType": (change.type or change.type_before) or None,
        "kind": str(change.kind),
        "onlineMeetingId": change.meeting_id,
        "onlineMeetingUri": meeting_uri(change.organizer, change.meeting_id),
        "organizerUri": change.organizer,
        "userAgent": change.user_agent or None,
    }
    links = {"next": Link(href)}
    if own:
        meeting = meeting_href(call, change.meeting_id)
        resource = meeting if change.of_meeting else extension_href(collection_href(meeting), change.extension_id)
        links["myOnlineMeeting"] = Link(meeting)
        links["openucwa:version"] = Link(f"{resource}/versions/{change.number}")
    shown = _shown(call, change, href, documents, own=own)
    return Document(
        rel=CHANGE_REL,
        href=f"{href}#change",
        properties={name: value for name, value in properties.items() if value is not None},
        links=links,
        embedded={} if shown is None else {shown.rel: shown},
    )


def _shown(call: Context, change: Change, href: str, documents: MeetingDocuments, *, own: bool) -> Document | None:
    if change.contents is None or change.kind is ChangeKind.REMOVED:
        return None
    if change.of_meeting:
        meeting = documents.document(call, msgspec.json.decode(change.contents, type=Meeting), ())
        if own:
            return meeting
        properties = {name: value for name, value in meeting.properties.items() if name != "legacyOnlineMeetingUri"}
        return Document(rel="onlineMeeting", href=f"{href}#onlineMeeting", properties=properties)
    extension = change.extension
    if extension is None:
        return None
    if own:
        return extension_document(extension, collection_href(meeting_href(call, change.meeting_id)))
    # Who is not in the meeting has no resource of it.
    return Document(
        rel=EXTENSION_REL,
        href=f"{href}#{EXTENSION_REL}",
        properties={"id": extension.id, "type": str(extension.type)},
        custom=extension.properties,
    )
