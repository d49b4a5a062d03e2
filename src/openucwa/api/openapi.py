"""The description of the whole API (OpenAPI 3.1), generated from the declarations of the resources.

Nothing here is about a single resource: to change what is described, change its declaration.
"""

import inspect
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from openucwa import __version__
from openucwa.api.errors import WireError, wire_error
from openucwa.api.openapi_inputs import InputSchemas
from openucwa.api.openapi_parts import ABOUT, NAMES, SCHEMAS, TEXTS, VERSION, Described, ref, reference_page
from openucwa.api.openapi_resources import component_name, resource_schemas, shown_schema
from openucwa.api.resource import Operation, Precondition, Resource
from openucwa.http.negotiation import HTML, JSON, UCWA_JSON, UCWA_TYPES, UCWA_XML, XML
from openucwa.model import refusals
from openucwa.model.refusals import Refusal
from openucwa.model.scopes import DESCRIPTIONS

#: Errors that any request may receive.
GENERIC: tuple[type[Refusal], ...] = (
    refusals.ApiVersionNotSupported,
    refusals.ClientTimeout,
    refusals.EntityTooLarge,
    refusals.Refusal,  # stands for an internal error
    refusals.ServiceUnavailable,
)
#: Further errors of requests that require a token.
WITH_TOKEN = (refusals.Unauthorized, refusals.TooManyRequests, refusals.InvalidExchangeServerVersion)
#: Further errors of requests below an application.
BELOW_APPLICATION = (refusals.ApplicationNotFound, refusals.TooManyApplications)
#: Further errors of requests that take input.
WITH_INPUT = (refusals.DeserializationFailure, refusals.ParameterValidationFailure)

_JSON_TYPES = (JSON, UCWA_JSON)
_XML_TYPES = (XML, UCWA_XML)


def describe(routes: Sequence[tuple[str, Resource[Any]]], base: str) -> Described:
    """The OpenAPI document for these routes: (template, resource). `base`: the server's address."""
    operations = [
        (template, method, found, resource)
        for template, resource in routes
        for method, found in sorted((method, each.operation) for method, each in resource.responders.items())
    ]
    paths: dict[str, Described] = {template: {"parameters": list(_path_parameters(template))} for template, _ in routes}
    refused: dict[str, Described] = {}
    inputs = InputSchemas()
    ids = _operation_ids(operations)
    places: dict[tuple[str, str], str] = {}
    for template, method, found, resource in operations:
        described = _operation(method, found, resource, inputs)
        first = places.setdefault((method, described["summary"]), template)
        if first != template:
            described["summary"] += f" {template}: see {first}."
        described["operationId"] = ids[template, method]
        named = refusals_of(template, found, resource)
        described["responses"] = dict(
            sorted((_answers(method, found, resource) | _other_refusals(named, found, refused)).items())
        )
        paths[template][method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "openucwa",
            "version": __version__,
            "summary": "The UCWA 2.0 online-meetings API.",
            "description": ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": base}],
        "externalDocs": {
            "description": "The public reference of UCWA 2.0.",
            "url": reference_page("ucwa2_0apireference"),
        },
        "tags": _tags(routes),
        "paths": paths,
        "components": {
            "schemas": dict(sorted((SCHEMAS | dict(resource_schemas()) | inputs.components).items())),
            "responses": dict(sorted(refused.items())),
            "securitySchemes": {"token": _token_scheme(f"{base}/WebTicket/oauthtoken")},
        },
    }


_ANY_TOKEN: list[Described] = [{"token": []}]


def _token_scheme(token_url: str) -> Described:
    return {
        "type": "oauth2",
        "description": "A token from `POST /WebTicket/oauthtoken`, or of an issuer that the server accepts.",
        "flows": {"password": {"tokenUrl": token_url, "scopes": DESCRIPTIONS}},
    }


def _tags(routes: Sequence[tuple[str, Resource[Any]]]) -> list[Described]:
    """One tag per rel, in the order of the routes, with the docstring of the first resource of that rel."""
    tags: dict[str, Described] = {}
    for _, resource in routes:
        described: Described = {"name": resource.rel, "description": inspect.getdoc(type(resource)) or ""}
        if described["description"].startswith(f"UCWA: {resource.rel}"):
            described["externalDocs"] = {"url": reference_page(f"{resource.rel.lower()}_ref")}
        tags.setdefault(resource.rel, described)
    return list(tags.values())


def _operation_ids(
    operations: Sequence[tuple[str, str, Operation, Resource[Any]]],
) -> dict[tuple[str, str], str]:
    """The id of each operation, by path and method. Of several with one name the shortest path has it as it is."""
    taken: Counter[str] = Counter()
    ids = {}
    for template, method, _, resource in sorted(operations, key=lambda each: each[0].count("/")):
        name = method.lower() + component_name(resource.rel)
        taken[name] += 1
        ids[template, method] = name if taken[name] == 1 else f"{name}{taken[name]}"
    return ids


def _operation(method: str, found: Operation, resource: Resource[Any], inputs: InputSchemas) -> Described:
    responder = resource.responders[method]
    described: Described = {
        "summary": found.summary.format(rel=resource.rel),
        "tags": [resource.rel],
        "parameters": [*_query_parameters(found, inputs), *_header_parameters(found, resource), VERSION],
        # Any one of the scopes is sufficient.
        "security": [] if resource.public else [{"token": [scope]} for scope in sorted(resource.scopes)] or _ANY_TOKEN,
    }
    if responder.__doc__:
        described["description"] = inspect.cleandoc(responder.__doc__)
    if (body := _body(method, found, resource, inputs)) is not None:
        described["requestBody"] = body
    return described


def _path_parameters(template: str) -> Iterator[Described]:
    for name in re.findall(r"{(\w+)}", template):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} | NAMES.get(name, {})


def _query_parameters(found: Operation, inputs: InputSchemas) -> Iterator[Described]:
    for parameter in found.query:
        kind = inputs.parameter(parameter)
        described: Described = {"name": parameter.name, "in": "query", "required": parameter.required}
        if (about := kind.pop("description", None)) is not None:
            described["description"] = about
        yield described | {"schema": kind}


def _header_parameters(found: Operation, resource: Resource[Any]) -> Iterator[Described]:
    required = found.precondition is Precondition.REQUIRED
    if required or resource.conditional:
        yield {
            "name": "If-Match",
            "in": "header",
            "required": required,
            "description": "The current etag; several, separated by commas; or `*`.",
            "schema": {"type": "string"},
        }
    if resource.conditional:
        yield {"name": "If-None-Match", "in": "header", "schema": {"type": "string"}}


def _body(method: str, found: Operation, resource: Resource[Any], inputs: InputSchemas) -> Described | None:
    if found.takes is None and not found.consumes:
        return None
    if found.takes is None:
        content: Described = {
            media_type: {"schema": dict(found.schema or _text(media_type))} for media_type in found.consumes
        }
        return {"required": True, "content": content}
    kind, required = inputs.body(resource.rel, method, found)
    if found.consumes:
        first, *others = found.consumes
        # Generators distinguish bodies of several types by their schemas.
        content = {first: {"schema": kind}} | {other: {"schema": inputs.same(kind, "Multipart")} for other in others}
        return {"required": True, "content": content}
    content = {media_type: {"schema": kind} for media_type in _JSON_TYPES}
    content |= {media_type: {"schema": ref("schemas", "XmlInput")} for media_type in _XML_TYPES}
    return {"required": required, "content": content}


def _text(media_type: str) -> Described:
    """The schema of a body that is no resource."""
    if media_type.startswith("image/") or media_type == "*/*":
        return {"type": "string", "format": "binary"}
    return TEXTS.get(media_type) or {"type": "string"}


def _answers(method: str, found: Operation, resource: Resource[Any]) -> dict[str, Described]:
    """The responses of a successful operation."""
    shown: dict[str, Described] = {}
    etag = {"ETag": {"schema": {"type": "string"}}} if resource.conditional else {}
    for status in found.answers:
        described: Described = {"description": "Done."}
        if headers := etag | ({"Location": {"schema": {"type": "string"}}} if status == 201 else {}):
            described["headers"] = headers
        if found.produces and status != 204:
            described["content"] = _content(
                found.produces, found.shows.get(status), "Resource", shown_schema(resource.rel, method)
            )
        shown[str(status)] = described
    if method in {"GET", "HEAD"} and resource.conditional:
        shown["304"] = {"description": "Not modified: If-None-Match lists the current etag.", "headers": etag}
    return shown


def _content(
    media_types: Sequence[str], kind: Mapping[str, Any] | None, name: str, shown: Described | None = None
) -> Described:
    """`kind`: the schema of the JSON; None: it is `shown`, or `name`, in XML too."""
    described: Described = {}
    for media_type in media_types:
        if media_type in _JSON_TYPES:
            described[media_type] = {"schema": kind if kind is not None else shown or ref("schemas", name)}
        elif media_type in _XML_TYPES:
            described[media_type] = {"schema": ref("schemas", f"Xml{name}") if kind is None else {"type": "string"}}
        else:
            described[media_type] = {"schema": _text(media_type)}
    return described


def refusals_of(template: str, found: Operation, resource: Resource[Any]) -> list[type[Refusal]]:
    """All refusals of an operation, by the pipeline or by the operation itself."""
    named = [*GENERIC, *found.refuses]
    if not resource.public:
        named += WITH_TOKEN
        if resource.scopes:
            named.append(refusals.Forbidden)
        if not resource.anonymous:
            named.append(refusals.AnonymousNotAllowed)
    if "{" in template:
        named.append(refusals.ResourceNotFound)
    if "{application_id}" in template:
        named += BELOW_APPLICATION
    if found.produces and found.negotiated:
        named.append(refusals.NotAcceptable)
    if not resource.batchable:
        named.append(refusals.BadRequest)
    if found.takes is not None or found.consumes:
        named += (*WITH_INPUT, refusals.UnsupportedMediaType)
    if found.query:
        named.append(refusals.ParameterValidationFailure)
    if found.precondition is Precondition.REQUIRED:
        named.append(refusals.PreconditionRequired)
    if resource.conditional:
        named.append(refusals.PreconditionFailed)
    return named


def _other_refusals(
    named: Sequence[type[Refusal]], found: Operation, components: dict[str, Described]
) -> dict[str, Described]:
    """The responses for refusals, by status. Those shared by several operations go into `components`."""
    by_status: dict[int, dict[WireError, type[Refusal]]] = {}
    for refusal in named:
        row = wire_error(refusal)
        by_status.setdefault(row.status, {}).setdefault(row, refusal)
    shown: dict[str, Described] = {}
    for status, rows in by_status.items():
        if (kind := found.shows.get(status)) is not None:
            shown[str(status)] = {"description": "Refused.", "content": _content(found.produces, kind, "Reason")}
            continue
        ordered = sorted(rows, key=lambda row: row.subcode or "")
        name = ".".join([str(status), *(row.subcode or row.code for row in ordered)])
        components.setdefault(name, _refused(status, {row: rows[row] for row in ordered}))
        shown[str(status)] = ref("responses", name)
    return shown


def _refused(status: int, rows: Mapping[WireError, type[Refusal]]) -> Described:
    described: Described = {
        "description": "\n\n".join(
            f"`{row.code}{'/' + row.subcode if row.subcode else ''}`: {_meaning(refusal)}"
            for row, refusal in rows.items()
        ),
        "content": _content(UCWA_TYPES, None, "Reason"),
    }
    if status == 401:
        described["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
        described["content"] |= {HTML: {"schema": _text(HTML)}}
    if status in {429, 503}:
        described["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return described


def _meaning(refusal: type[Refusal]) -> str:
    if refusal is Refusal:
        return "Internal server error; the server's log has the request id."
    return (inspect.getdoc(refusal) or "").partition("\n\n")[0]
