"""/sandbox/clock: the time of day, which can be frozen, set and advanced."""

import msgspec

from openucwa.api.answer import Answer
from openucwa.api.call import Call
from openucwa.api.resource import Operation, Resource
from openucwa.http.negotiation import JSON
from openucwa.model.refusals import DeserializationFailure, ParameterValidationFailure
from openucwa.sandbox.control import json_input
from openucwa.sandbox.durations import LATEST, ms_of, seconds_of
from openucwa.sandbox.durations import shown as shown_time
from openucwa.sandbox.world import SandboxWorld


class ClockChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change of the clock, in this order. `frozen`: whether it stands still. `now`: the time to set it to, ISO 8601;
    a later one is reached as by `advance`, an earlier one ends no waits. `advance`: seconds, or text such as `15m`.
    """

    frozen: bool | None = None
    now: str | None = None
    advance: float | str | None = None


class ClockShown(msgspec.Struct, frozen=True):
    """The clock. `ms`: its time in milliseconds since 1970."""

    now: str
    ms: int
    frozen: bool


class Clock(Resource[None]):
    """The sandbox's clock. Everything that waits for time follows it, except for the timeouts of connections."""

    rel = "sandbox:clock"
    public = True

    def __init__(self, world: SandboxWorld) -> None:
        self._world = world

    @Operation("The clock.", produces=(JSON,), negotiated=False, shows={200: json_input.schema(ClockShown)})
    async def get(self, call: Call[None]) -> Answer:
        return self._shown()

    @Operation(
        "Freezes, sets or advances the clock.",
        consumes=json_input.TYPES,
        default_type=JSON,
        schema=json_input.schema(ClockChange),
        produces=(JSON,),
        negotiated=False,
        refuses=(DeserializationFailure,),
        shows={200: json_input.schema(ClockShown)},
    )
    async def post(self, call: Call[None]) -> Answer:
        """Answers once everything that was due has been done, in order."""
        change = json_input.read(call, ClockChange)
        try:
            seconds = None if change.advance is None else seconds_of(change.advance)
        except ValueError as error:
            raise ParameterValidationFailure({"advance": str(error)}) from None
        try:
            now = None if change.now is None else ms_of(change.now)
        except ValueError:
            raise ParameterValidationFailure({"now": "is not a time in ISO 8601, from 1970 to 2999"}) from None
        if (self._world.now() if now is None else now) + (seconds or 0) * 1000 > LATEST:
            raise ParameterValidationFailure({"advance": "would set the clock beyond the year 2999"})
        if change.frozen is not None:
            (self._world.freeze if change.frozen else self._world.run)()
        if now is not None:
            if now > (before := self._world.now()):
                await self._world.advance((now - before) / 1000)
            self._world.turn_back(now)
        if seconds is not None:
            await self._world.advance(seconds)
        return self._shown()

    def _shown(self) -> Answer:
        now = self._world.now()
        return json_input.shown(ClockShown(shown_time(now), now, self._world.frozen))
