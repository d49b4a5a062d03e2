"""Deviations of a request from the reference, although the server accepts it."""

from collections.abc import Iterator
from typing import Any

import msgspec

from openucwa.api.pass_through import pass_through_name
from openucwa.api.resource import Operation
from openucwa.app import Service
from openucwa.http import negotiation
from openucwa.http.message import Request
from openucwa.http.query import parse
from openucwa.sandbox.rules import HEADER

#: Members of a representation, which a client returns in a PUT.
_OWN = {"rel", "etag", "_links", "_embedded"}
#: Parameters that any address may have: those of the server's own links as well.
_ANYWHERE = {"ack", "originalDomain", "low", "medium", "priority", "timeout"}


def deviations(service: Service, request: Request) -> list[str]:
    """A sentence for each."""
    found = service.router.find(request.path)
    if found.template is None:
        return ["the path does not exist"]
    operation = found.resource.operations.get(request.method)
    if operation is None:
        return [f"{found.resource.rel} has no {request.method}"]
    deviations = list(_headers(request, operation))
    if request.query:
        deviations += _query(request, operation)
    if request.body and operation.takes is not None and not operation.additional_properties:
        deviations += _properties(request, operation, pass_through_name(found.resource.rel))
    return deviations


def _headers(request: Request, operation: Operation) -> Iterator[str]:
    if operation.negotiated and operation.produces and b"accept" not in request.headers:
        yield "the Accept header is missing"
    if request.body and b"content-type" not in request.headers:
        yield "the body has no Content-Type"
    if HEADER in request.headers:
        yield "it has the sandbox's own header X-OpenUCWA-Fault"


def _query(request: Request, operation: Operation) -> Iterator[str]:
    taken = (*operation.query, *(operation.takes or ()))
    known = {parameter.name for parameter in taken} | _ANYWHERE
    yield from _names(parse(request.query), known, "query parameter")


def _properties(request: Request, operation: Operation, own: str) -> Iterator[str]:
    if negotiation.kind_of(request.header(b"content-type")) != "json":
        return
    try:
        given: Any = msgspec.json.decode(request.body)
    except msgspec.DecodeError:
        return
    if isinstance(given, dict):
        known = {parameter.name for parameter in operation.takes or ()} | _OWN | {own}
        # In a PUT a client returns what it has read.
        yield from _names(given, known, "property", others=operation.pass_through)


def _names(given: Any, known: set[str], kind: str, *, others: bool = False) -> Iterator[str]:
    """`others`: whether there may be other names than the known ones."""
    by_lower = {name.lower(): name for name in known}
    for name in given:
        if name in known:
            continue
        documented = by_lower.get(name.lower())
        if documented is not None:
            yield f"{kind} {name} is spelled {documented}"
        elif not others:
            yield f"{kind} {name[:128]} is not documented"
