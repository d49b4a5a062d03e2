"""Falcon's media handlers: what resources hand over becomes JSON or XML here, and nowhere else."""

from typing import Any

from falcon.media import BaseHandler

from openucwa.representation import json, xml
from openucwa.representation.document import Document, Events, Reason


class JsonHandler(BaseHandler):
    """Documents, events and reasons as JSON."""

    def serialize(self, media: Any, content_type: str = "") -> bytes:  # Falcon's signature
        match media:
            case Document():
                return json.write(media)
            case Events():
                return json.write_events(media)
            case Reason():
                return json.write_reason(media)
        raise TypeError(type(media))


class XmlHandler(BaseHandler):
    """Documents, events and reasons as XML."""

    def serialize(self, media: Any, content_type: str = "") -> bytes:  # Falcon's signature
        match media:
            case Document():
                return xml.write(media)
            case Events():
                return xml.write_events(media)
            case Reason():
                return xml.write_reason(media)
        raise TypeError(type(media))
