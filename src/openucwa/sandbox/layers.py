"""The layer of handlers that injects faults into a sandbox."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from openucwa.api.call import Parts
from openucwa.app import Service
from openucwa.http.authorization import bearer_token
from openucwa.http.message import Handler, Request, Response
from openucwa.model.refusals import Refusal, Unauthorized
from openucwa.sandbox.faults import strike, strikes_parts
from openucwa.sandbox.rules import HEADER, Facts, Rules, read_header


def facts_of(service: Service, request: Request) -> Facts:
    """The facts of a request that rules and records use."""
    try:
        user = service.callers.known(bearer_token(request)).identity
    except Unauthorized:
        user = None
    rel = service.router.find(request.path).resource.rel
    return Facts(rel, request.method, user, request.path.decode("latin-1"))


class PartsWithFaults:
    """Wraps the processing of a batch's parts: lets parts fail, as `WithFaults` requests."""

    def __init__(self, parts: Parts, rules: Rules, service: Service) -> None:
        self._parts = parts
        self._rules = rules
        self._service = service

    async def part(self, request: Request) -> Response:
        """As `Parts.part`."""
        named = request.header(HEADER)
        if named is None:
            fault = self._rules.find(facts_of(self._service, request), strikes_parts)
        else:
            fault = read_header(named)
        if fault is None or not strikes_parts(fault.name):
            return await self._parts.part(request)
        try:
            return await strike(fault, request, self._service, self._parts.part)
        except Refusal as refusal:
            return self._service.pipeline.refused(request, refusal)


class WithFaults:
    """Wraps a handler: lets requests fail that name a fault themselves, or that a rule strikes."""

    def __init__(self, handler: Handler, rules: Rules, service: Callable[[], Service]) -> None:
        self._handler = handler
        self._rules = rules
        self._service = service

    def __call__(self, request: Request) -> Response | Coroutine[Any, Any, Response]:
        return self._answer(request)

    async def _answer(self, request: Request) -> Response:
        service = self._service()
        named = request.header(HEADER)
        fault = self._rules.find(facts_of(service, request)) if named is None else read_header(named)
        if fault is None:
            return await self._proceed(request)
        try:
            return await strike(fault, request, service, self._proceed)
        except Refusal as refusal:
            return service.pipeline.refused(request, refusal)

    async def _proceed(self, request: Request) -> Response:
        answer: Response | Awaitable[Response] = self._handler(request)
        return answer if isinstance(answer, Response) else await answer
