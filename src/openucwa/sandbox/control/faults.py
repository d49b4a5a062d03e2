"""/sandbox/faults: the rules by which requests fail, and the catalogue of faults."""

from collections.abc import Callable
from typing import Any

from openucwa.api.answer import NO_CONTENT, Answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation, Resource
from openucwa.app import Routes
from openucwa.http.negotiation import JSON
from openucwa.model.refusals import DeserializationFailure, ParameterValidationFailure, ResourceNotFound
from openucwa.sandbox import errors
from openucwa.sandbox.control import json_input
from openucwa.sandbox.faults import KINDS, check
from openucwa.sandbox.matching import Rels, checked_rel
from openucwa.sandbox.rules import Fault, Rules, RuleWanted

_RULE = {"type": "object", "properties": {"id": {"type": "string"}, "hits": {"type": "integer"}}}


class Faults(Resource[None]):
    """The rules by which requests fail."""

    rel = "sandbox:faults"
    public = True

    def __init__(self, rules: Rules, rels: Rels) -> None:
        self._rules = rules
        self._rels = rels

    @Operation(
        "The rules.",
        produces=(JSON,),
        negotiated=False,
        shows={200: {"type": "object", "properties": {"rules": {"type": "array", "items": _RULE}}}},
    )
    async def get(self, call: Call[None]) -> Answer:
        return json_input.shown({"rules": [rule.shown() for rule in self._rules.all()]})

    @Operation(
        "Adds a rule.",
        answers=(201,),
        consumes=json_input.TYPES,
        default_type=JSON,
        schema=json_input.schema(RuleWanted),
        produces=(JSON,),
        negotiated=False,
        refuses=(DeserializationFailure, ParameterValidationFailure),
        shows={201: _RULE},
    )
    async def post(self, call: Call[None]) -> Answer:
        wanted = json_input.read(call, RuleWanted)
        check(Fault(wanted.fault, wanted.parameters))
        checked_rel(wanted.rel, self._rels())
        return json_input.shown(self._rules.add(wanted).shown(), 201)

    @Operation("Removes all rules.", answers=(204,), produces=())
    async def delete(self, call: Call[None]) -> Answer:
        self._rules.clear()
        return NO_CONTENT


class FaultRule(Resource[str]):
    """One rule."""

    rel = "sandbox:fault"
    public = True

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    async def locate(self, call: Context, **names: str) -> str:
        return names["fault_id"]

    @Operation("Removes the rule.", answers=(204,), produces=(), refuses=(ResourceNotFound,))
    async def delete(self, call: Call[str]) -> Answer:
        self._rules.remove(call.target)
        return NO_CONTENT


class Catalogue(Resource[None]):
    """The faults that can be injected: the errors of each operation, as it declares them, and all other faults."""

    rel = "sandbox:catalogue"
    public = True

    def __init__(self, routes: Callable[[], Routes]) -> None:
        """`routes`: of the API."""
        self._routes = routes

    @Operation("All faults.", produces=(JSON,), negotiated=False, shows={200: {"type": "object"}})
    async def get(self, call: Call[None]) -> Answer:
        operations: list[dict[str, Any]] = [
            {
                "rel": resource.rel,
                "path": template,
                "method": method,
                "errors": errors.of_operation(template, operation, resource),
            }
            for template, resource in self._routes()
            for method, operation in resource.operations.items()
        ]
        faults = [
            {"name": name, "meaning": kind.meaning, "parameters": kind.parameters} for name, kind in KINDS.items()
        ]
        return json_input.shown({"operations": operations, "faults": faults})
