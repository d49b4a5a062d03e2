"""The record as HAR 1.2, which browsers' developer tools and other viewers show."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from openucwa import __version__
from openucwa.sandbox.recording import Entry, Message


def har(entries: Sequence[Entry], base: str) -> dict[str, Any]:
    """`base`: the address of the sandbox."""
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "openucwa sandbox", "version": __version__},
            "entries": [_entry(entry, base) for entry in entries],
        }
    }


def _entry(entry: Entry, base: str) -> dict[str, Any]:
    url = f"{base}{entry.path}" + (f"?{entry.query}" if entry.query else "")
    ms = entry.seconds * 1000
    return {
        "startedDateTime": entry.at,
        "time": ms,
        "request": {
            "method": entry.method,
            "url": url,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _headers(entry.request),
            "queryString": [{"name": name, "value": value} for name, value in parse_qsl(entry.query, True)],
            "postData": {"mimeType": _type(entry.request), "text": entry.request.body},
            "headersSize": -1,
            "bodySize": len(entry.request.body.encode()),
        },
        "response": {
            "status": entry.status or 0,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _headers(entry.response),
            "content": {
                "size": len(entry.response.body.encode()),
                "mimeType": _type(entry.response),
                "text": entry.response.body,
            },
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": len(entry.response.body.encode()),
        },
        "cache": {},
        "timings": {"send": 0, "wait": ms, "receive": 0},
        "comment": "; ".join(entry.deviations),
    }


def _headers(message: Message) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in message.headers]


def _type(message: Message) -> str:
    return next((value for name, value in message.headers if name.lower() == "content-type"), "")
