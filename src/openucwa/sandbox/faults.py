"""Faults by name: errors, and failures of networks, proxies and clocks."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from openucwa.api.waiting import ClientGone, while_connected
from openucwa.app import Service
from openucwa.http.message import CLIENT_CLOSED_REQUEST, Delivery, Request, Response
from openucwa.model.refusals import ParameterValidationFailure, Unauthorized
from openucwa.sandbox import errors
from openucwa.sandbox.rules import Fault, Value

#: The longest delay, in seconds.
LONGEST = 3_600.0

Proceed = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Struck:
    """A request that a fault strikes. `proceed`: answers a request as usual."""

    request: Request
    service: Service
    proceed: Proceed
    parameters: Mapping[str, Value]

    def seconds(self, default: float = 1.0) -> float:
        return min(_number(self.parameters, "seconds", default), LONGEST)


Strike = Callable[[Struck], Coroutine[Any, Any, Response]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A fault other than an error. `parameters`: their names and meanings. `of_connection`: whether it is of a
    connection, and so not of a part of a batch.
    """

    strike: Strike
    meaning: str
    parameters: Mapping[str, str]
    of_connection: bool


KINDS: dict[str, Kind] = {}


def _kind(name: str, meaning: str, *, of_connection: bool = False, **parameters: str) -> Callable[[Strike], Strike]:
    def declare(strike: Strike) -> Strike:
        KINDS[name] = Kind(strike, meaning, parameters, of_connection)
        return strike

    return declare


def check(fault: Fault) -> None:
    """ParameterValidationFailure: there is no such fault, or it has no such parameters."""
    kind = KINDS.get(fault.name)
    if kind is None and errors.find(fault.name) is None:
        raise ParameterValidationFailure(
            {"fault": "is not known: name an error, such as Conflict/AlreadyExists, or one of " + ", ".join(KINDS)}
        )
    known = {"retryAfter": ""} if kind is None else kind.parameters
    if unknown := sorted(fault.parameters.keys() - known.keys()):
        raise ParameterValidationFailure({"parameters": f"{unknown[0]} is not a parameter of {fault.name}"})
    for name in ("seconds", "bytes", "status", "retryAfter"):
        if name in fault.parameters:
            _number(fault.parameters, name, 0)
    if "status" in fault.parameters and not 200 <= _number(fault.parameters, "status", 418) <= 599:
        raise ParameterValidationFailure({"parameters": "status must be from 200 to 599"})


def strikes_parts(name: str) -> bool:
    """Whether the fault of this name can happen to a part of a batch."""
    return name not in KINDS or not KINDS[name].of_connection


async def strike(fault: Fault, request: Request, service: Service, proceed: Proceed) -> Response:
    """The response to a request that `fault` strikes. ParameterValidationFailure: as `check`."""
    check(fault)
    struck = Struck(request, service, proceed, fault.parameters)
    note = f"fault: {fault.name}"
    kind = KINDS.get(fault.name)
    if kind is not None:
        try:
            return _with(await kind.strike(struck), note=note)
        except ClientGone:
            return Response(status=CLIENT_CLOSED_REQUEST, note=note)
    refusal = errors.find(fault.name)
    assert refusal is not None  # noqa: S101  # `check` has seen it
    found = service.router.find(request.path).resource
    made = errors.make(refusal, int(_number(fault.parameters, "retryAfter", 1)), sorted(found.operations))
    return _with(service.pipeline.refused(request, made), reported=True, note=note)


def _number(parameters: Mapping[str, Value], name: str, default: float) -> float:
    try:
        number = float(parameters.get(name, default))
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e9:
        raise ParameterValidationFailure({"parameters": f"{name} must be a number, 0 or more"})
    return number


def _with(response: Response, **changed: Any) -> Response:
    return msgspec.structs.replace(response, **changed)


@_kind("delay", "The answer is delayed.", seconds="Delay in seconds of real time; 1 by default.")
async def _delay(struck: Struck) -> Response:
    await while_connected(struck.request.connection, asyncio.sleep(struck.seconds()))
    return await struck.proceed(struck.request)


@_kind(
    "slow",
    "The answer's body arrives in small pieces.",
    of_connection=True,
    seconds="Duration in seconds; 1 by default.",
)
async def _slow(struck: Struck) -> Response:
    return _with(await struck.proceed(struck.request), delivery=Delivery(seconds=struck.seconds()))


@_kind("cut", "The connection is closed without an answer, and nothing is done.", of_connection=True)
async def _cut(_struck: Struck) -> Response:
    return Response(status=CLIENT_CLOSED_REQUEST, delivery=Delivery(head=False))


@_kind("reset", "The connection is reset without an answer, and nothing is done.", of_connection=True)
async def _reset(_struck: Struck) -> Response:
    return Response(status=CLIENT_CLOSED_REQUEST, delivery=Delivery(head=False, reset=True))


@_kind("lost", "The request is carried out, but its answer is lost: the connection is closed.", of_connection=True)
async def _lost(struck: Struck) -> Response:
    return _with(await struck.proceed(struck.request), delivery=Delivery(head=False))


@_kind(
    "truncated",
    "The body is truncated.",
    of_connection=True,
    bytes="Number of bytes that are sent; half of them by default.",
)
async def _truncated(struck: Struck) -> Response:
    response = await struck.proceed(struck.request)
    kept = int(_number(struck.parameters, "bytes", len(response.body) // 2))
    return _with(response, delivery=Delivery(body=kept))


@_kind("malformed", "The body is neither JSON nor XML.")
async def _malformed(struck: Struck) -> Response:
    response = await struck.proceed(struck.request)
    # Never compressed: it would not be the body that cannot be read.
    headers = tuple(header for header in response.headers if header[0] != b"Content-Encoding")
    return _with(response, headers=headers, encoded=b"", body=b'{"_links": <oops')


@_kind("hang", "There is no answer until the client disconnects; nothing is done.", of_connection=True)
async def _hang(struck: Struck) -> Response:
    await while_connected(struck.request.connection, asyncio.Event().wait())
    return Response(status=CLIENT_CLOSED_REQUEST)


@_kind("duplicate", "The request is carried out twice; the second answer is sent.")
async def _duplicate(struck: Struck) -> Response:
    await struck.proceed(struck.request)
    return await struck.proceed(struck.request)


@_kind("resync", "A poll is answered with a resync link, as if it were out of order.")
async def _resync(struck: Struck) -> Response:
    query = re.sub(rb"(^|&)(ack)=[^&]*", rb"\1\2=2000000000", struck.request.query, flags=re.IGNORECASE)
    return await struck.proceed(_with_request(struck.request, query=query))


@_kind("token", "The token is refused, as if it had expired or been revoked.")
async def _token(struck: Struck) -> Response:
    return struck.service.pipeline.refused(struck.request, Unauthorized("the token has expired"))


@_kind("etag", "Someone else changes the resource just before, so its etag no longer matches.")
async def _etag(struck: Struck) -> Response:
    request = struck.request
    own = {name: value for name, value in request.headers.items() if name in (b"authorization", b"host")}
    found = await struck.proceed(
        _with_request(request, method="GET", headers={**own, b"accept": b"application/json"}, body=b"")
    )
    if found.status == 200:
        put = {**own, b"content-type": b"application/json", b"if-match": b"*"}
        await struck.proceed(_with_request(request, method="PUT", headers=put, body=found.body))
    return await struck.proceed(request)


@_kind("status", "The answer has an undocumented status.", status="The status; 418 by default.")
async def _status(struck: Struck) -> Response:
    status = int(_number(struck.parameters, "status", 418))
    return Response(status=status, reported=True, headers=((b"X-Request-Id", struck.request.id.encode()),))


def _with_request(request: Request, **changed: Any) -> Request:
    return msgspec.structs.replace(request, **changed)
