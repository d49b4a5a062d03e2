"""/sandbox/reset and /sandbox/snapshots: saving and restoring the whole state."""

from typing import Any

import msgspec

from openucwa.api.answer import NO_CONTENT, Answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation, Resource
from openucwa.http.negotiation import JSON
from openucwa.model.refusals import DeserializationFailure, ParameterValidationFailure, ResourceNotFound
from openucwa.sandbox.control import json_input
from openucwa.sandbox.durations import ms_of, shown
from openucwa.sandbox.sandbox import Sandbox


class ResetWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`user`: the SIP URI of the only user whose meetings and applications are removed; by default everything is."""

    user: str | None = None


class Reset(Resource[None]):
    """Returns to the state after the start: its users, nothing else, and its time of day and chance."""

    rel = "sandbox:reset"
    public = True

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    @Operation(
        "Removes everything but the users, or everything of one user.",
        answers=(204,),
        consumes=json_input.TYPES,
        default_type=JSON,
        schema=json_input.schema(ResetWanted),
        produces=(),
        refuses=(ResourceNotFound,),
    )
    async def post(self, call: Call[None]) -> Answer:
        wanted = json_input.read(call, ResetWanted)
        if wanted.user is None:
            await self._sandbox.reset()
        else:
            await self._sandbox.empty(wanted.user.lower())
        return NO_CONTENT


class StateShown(msgspec.Struct, frozen=True):
    """A state. `now`: its time of day, ISO 8601. `tables`: its rows by table, of this version of openucwa."""

    tables: dict[str, list[dict[str, Any]]]
    now: str | None = None


class State(Resource[None]):
    """All data as JSON: users, applications, meetings, extensions, conversations and everything else."""

    rel = "sandbox:state"
    public = True

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    @Operation("The present state.", produces=(JSON,), negotiated=False, shows={200: json_input.schema(StateShown)})
    async def get(self, call: Call[None]) -> Answer:
        now, tables = await self._sandbox.export()
        return json_input.shown({"now": shown(now), "tables": tables})

    @Operation(
        "Returns to a state.",
        answers=(204,),
        consumes=json_input.TYPES,
        schema=json_input.schema(StateShown),
        produces=(),
        refuses=(DeserializationFailure, ParameterValidationFailure),
    )
    async def put(self, call: Call[None]) -> Answer:
        """Everything else is removed; waiting polls end. A table that is left out is empty."""
        wanted = json_input.read(call, StateShown)
        try:
            now = None if wanted.now is None else ms_of(wanted.now)
        except ValueError:
            raise ParameterValidationFailure({"now": "is not a time in ISO 8601, from 1970 to 2999"}) from None
        await self._sandbox.take_over(now, wanted.tables)
        return NO_CONTENT


class Snapshots(Resource[None]):
    """The names of the snapshots."""

    rel = "sandbox:snapshots"
    public = True

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    @Operation(
        "The names of the snapshots.",
        produces=(JSON,),
        negotiated=False,
        shows={200: {"type": "object", "properties": {"names": {"type": "array", "items": {"type": "string"}}}}},
    )
    async def get(self, call: Call[None]) -> Answer:
        return json_input.shown({"names": self._sandbox.snapshots})


class Snapshot(Resource[str]):
    """A snapshot: users, meetings and everything else, the time of day, and chance."""

    rel = "sandbox:snapshot"
    public = True

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def locate(self, call: Context, **names: str) -> str:
        return names["snapshot"]

    @Operation("Saves the current state under this name.", answers=(204,), produces=())
    async def put(self, call: Call[str]) -> Answer:
        await self._sandbox.take(call.target)
        return NO_CONTENT

    @Operation("Removes the snapshot.", answers=(204,), produces=())
    async def delete(self, call: Call[str]) -> Answer:
        await self._sandbox.forget(call.target)
        return NO_CONTENT


class Restore(Resource[str]):
    """Returns to a snapshot."""

    rel = "sandbox:restore"
    public = True

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def locate(self, call: Context, **names: str) -> str:
        return names["snapshot"]

    @Operation("Restores the snapshot; waiting polls end.", answers=(204,), produces=())
    async def post(self, call: Call[str]) -> Answer:
        await self._sandbox.restore(call.target)
        return NO_CONTENT
