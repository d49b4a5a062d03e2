"""The description of the whole API (OpenAPI 3.1), made from what the resources say of themselves."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from openucwa import __version__
from openucwa.model import refusals
from openucwa.model.refusals import Refusal
from openucwa.representation.parameters import Parameter, schema
from openucwa.wire.errors import ERRORS, wire_error
from openucwa.wire.negotiation import UCWA_TYPES
from openucwa.wire.resource import ANY_SCOPE, Operation, Request, Resource, Response, operation

#: What any request may be answered, whatever the resource.
GENERIC: tuple[type[Refusal], ...] = (
    refusals.BadRequest,
    refusals.ResourceNotFound,
    refusals.NotAcceptable,
    refusals.ClientTimeout,
    refusals.EntityTooLarge,
    refusals.PreconditionFailed,
    refusals.InvalidExchangeServerVersion,
    refusals.ServiceUnavailable,
)
#: What a request that needs a token may be answered besides.
WITH_TOKEN: tuple[type[Refusal], ...] = (refusals.Unauthorized, refusals.Forbidden, refusals.TooManyRequests)


def describe(routes: Sequence[tuple[str, Resource[Any]]]) -> dict[str, Any]:
    """The OpenAPI document for these routes: (template, resource)."""
    paths: dict[str, dict[str, Any]] = {}
    for template, resource in routes:
        names = re.findall(r"{(\w+)}", template)
        paths[template] = {
            "parameters": [
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
            ],
            **{
                method.lower(): _operation(template, method, found, resource)
                for method, found in sorted(resource.operations.items())
            },
        }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "openucwa",
            "version": __version__,
            "summary": "The UCWA 2.0 online-meetings API.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {
            "schemas": {"Resource": _RESOURCE, "reason": _REASON},
            "responses": {status: {"description": text, "content": _REASONS} for status, text in _refusals().items()},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A ticket from /WebTicket/oauthtoken."}
            },
        },
    }


_RESOURCE = {
    "type": "object",
    "properties": {
        "rel": {"type": "string"},
        "_links": {"type": "object"},
        "_embedded": {"type": "object"},
    },
    "required": ["_links"],
}
_REASON = {
    "type": "object",
    "properties": {
        "code": {"type": "string", "enum": sorted({row.code for row in ERRORS.values()})},
        "subcode": {"type": "string", "enum": sorted({row.subcode for row in ERRORS.values() if row.subcode})},
        "message": {"type": "string"},
        "parameters": {},
        "debugInfo": {},
    },
    "required": ["code", "message"],
}


def _operation(template: str, method: str, found: Operation, resource: Resource[Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": f"{method} {template}",
        "summary": found.summary,
        "tags": [resource.rel],
        "parameters": _parameters(method, found),
        "responses": _responses(method, found, resource),
    }
    if (body := _body(method, found)) is not None:
        described["requestBody"] = body
    if not resource.public:
        described["security"] = [{"token": sorted(resource.scopes & ANY_SCOPE)}]
    return described


def _parameters(method: str, found: Operation) -> list[dict[str, Any]]:
    described = []
    properties = schema(found.query)["properties"] if found.query else {}
    required = {parameter.name for parameter in found.query if parameter.required}
    for name, kind in properties.items():
        described.append({"name": name, "in": "query", "required": name in required, "schema": kind})
    if method == "PUT":
        described.append({"name": "If-Match", "in": "header", "required": True, "schema": {"type": "string"}})
    return described


def _body(method: str, found: Operation) -> dict[str, Any] | None:
    if found.consumes:
        return {"content": {media_type: {"schema": {"type": "string"}} for media_type in found.consumes}}
    if found.takes is None:
        return None
    kind = _input(found.takes, free=found.free)
    return {"content": {media_type: {"schema": kind} for media_type in UCWA_TYPES}, "required": method == "PUT"}


def _input(parameters: Sequence[Parameter], *, free: bool) -> Mapping[str, Any]:
    kind = dict(schema(parameters))
    if free:
        kind["description"] = "All other names are the application's own properties."
    return kind


def _responses(method: str, found: Operation, resource: Resource[Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    content = {
        media_type: {"schema": {"$ref": "#/components/schemas/Resource"}} if "ucwa" in media_type else {}
        for media_type in found.produces
    }
    for status in found.answers:
        shown[str(status)] = {"description": "Done."} | ({"content": content} if content and status != 204 else {})
    if method == "GET":
        shown["304"] = {"description": "What If-None-Match names is what there is."}
    refused = [*GENERIC, *found.refuses]
    if not resource.public:
        refused += WITH_TOKEN
    if found.takes is not None or found.consumes:
        refused.append(refusals.UnsupportedMediaType)
    if method == "PUT":
        refused.append(refusals.PreconditionRequired)
    for refusal in refused:
        refused_with = str(wire_error(refusal).status)
        shown.setdefault(refused_with, {"$ref": f"#/components/responses/{refused_with}"})
    return dict(sorted(shown.items()))


def _refusals() -> dict[str, str]:
    """For each status of the error table the codes and subcodes that it comes with."""
    told: dict[str, list[str]] = {}
    for row in ERRORS.values():
        told.setdefault(str(row.status), []).append(f"{row.code}/{row.subcode}" if row.subcode else row.code)
    return {status: ", ".join(names) for status, names in sorted(told.items())}


_REASONS = {media_type: {"schema": {"$ref": "#/components/schemas/reason"}} for media_type in UCWA_TYPES[:1]} | {
    media_type: {} for media_type in UCWA_TYPES[1:]
}


class OpenApi(Resource[None]):
    """The description, at /openapi.json."""

    rel = "openapi"
    public = True

    def __init__(self, routes: Sequence[tuple[str, Resource[Any]]]) -> None:
        self._routes = routes
        self._described: bytes | None = None

    @operation("The description of this API.", produces=("application/json",))
    async def on_get(self, req: Request, resp: Response, target: None) -> None:
        # Made when somebody asks: a server that starts in a second has no time for it.
        if self._described is None:
            self._described = msgspec.json.encode(describe(self._routes))
        resp.content_type = "application/json"
        resp.data = self._described
