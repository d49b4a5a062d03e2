"""/sandbox/requests: what the sandbox was asked."""

from collections.abc import Mapping
from typing import Any

import msgspec

from openucwa.api.answer import NO_CONTENT, Answer
from openucwa.api.call import Call
from openucwa.api.resource import Operation, Resource
from openucwa.http.negotiation import JSON
from openucwa.model.refusals import DeserializationFailure, ParameterValidationFailure
from openucwa.representation.parameters import Parameter
from openucwa.sandbox.control import json_input
from openucwa.sandbox.har import har
from openucwa.sandbox.matching import Rels, checked_rel
from openucwa.sandbox.recording import Entry, Expected, Recording, Wanted

_QUERY = (
    Parameter("method"),
    Parameter("path", description="The whole path; `*` stands for any text."),
    Parameter("rel"),
    Parameter("user"),
    Parameter("status", kind="integer"),
    Parameter("body", description="What the body contains."),
    Parameter("since", kind="integer", minimum=0),
)
_FOUND = {"type": "object", "properties": {"requests": {"type": "array", "items": json_input.schema(Entry)}}}


def _wanted(values: Mapping[str, Any], rels: Rels) -> Wanted:
    wanted = msgspec.convert(dict(values), Wanted)
    checked_rel(wanted.rel, rels())
    return wanted


class Requests(Resource[None]):
    """The last requests, with their answers, oldest first."""

    rel = "sandbox:requests"
    public = True

    def __init__(self, recording: Recording, rels: Rels) -> None:
        self._recording = recording
        self._rels = rels

    @Operation("The last requests.", query=_QUERY, produces=(JSON,), negotiated=False, shows={200: _FOUND})
    async def get(self, call: Call[None]) -> Answer:
        return json_input.shown({"requests": self._recording.find(_wanted(call.values, self._rels))})

    @Operation("Forgets all requests.", answers=(204,), produces=())
    async def delete(self, call: Call[None]) -> Answer:
        self._recording.clear()
        return NO_CONTENT


class Verification(Resource[None]):
    """Whether as many requests came as were expected."""

    rel = "sandbox:verify"
    public = True

    def __init__(self, recording: Recording, rels: Rels) -> None:
        self._recording = recording
        self._rels = rels

    @Operation(
        "Counts requests.",
        consumes=json_input.TYPES,
        default_type=JSON,
        schema=json_input.schema(Expected),
        produces=(JSON,),
        negotiated=False,
        refuses=(DeserializationFailure, ParameterValidationFailure),
        shows={
            200: {
                "type": "object",
                "properties": {
                    "verified": {"type": "boolean"},
                    "count": {"type": "integer"},
                    "expected": {"type": "string"},
                },
            }
        },
    )
    async def post(self, call: Call[None]) -> Answer:
        expected = json_input.read(call, Expected)
        checked_rel(expected.rel, self._rels())
        return json_input.shown(self._recording.verify(expected))


class Har(Resource[None]):
    """The last requests as HAR, for people."""

    rel = "sandbox:har"
    public = True

    def __init__(self, recording: Recording, rels: Rels) -> None:
        self._recording = recording
        self._rels = rels

    @Operation(
        "The last requests as HAR 1.2.",
        query=_QUERY,
        produces=(JSON,),
        negotiated=False,
        shows={200: {"type": "object"}},
    )
    async def get(self, call: Call[None]) -> Answer:
        return json_input.shown(har(self._recording.find(_wanted(call.values, self._rels)), call.base))


class Deviations(Resource[None]):
    """Deviations of requests from the reference: unknown names, other spellings, no Accept."""

    rel = "sandbox:deviations"
    public = True

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    @Operation(
        "The requests that deviate from the reference.",
        produces=(JSON,),
        negotiated=False,
        shows={200: {"type": "object"}},
    )
    async def get(self, call: Call[None]) -> Answer:
        found = [
            {"number": entry.number, "method": entry.method, "path": entry.path, "deviations": entry.deviations}
            for entry in self._recording.find(Wanted())
            if entry.deviations
        ]
        return json_input.shown({"requests": found})
