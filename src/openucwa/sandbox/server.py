"""A sandbox as a server: on addresses of its own, from its start to its end."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from openucwa.app import Service
from openucwa.config import Config
from openucwa.http.message import Handler
from openucwa.sandbox.control.routes import control_routes
from openucwa.sandbox.layers import PartsWithFaults, WithFaults
from openucwa.sandbox.recording import Recorded, Recording
from openucwa.sandbox.rules import Rules
from openucwa.sandbox.sandbox import Sandbox
from openucwa.sandbox.users import Seed
from openucwa.sandbox.world import Chance, SandboxWorld
from openucwa.server.control import ProcessControl
from openucwa.server.listeners import Listener
from openucwa.server.process import serve
from openucwa.server.shared import Observer

#: Settings that would stand in the way of a clock that stands, unless somebody sets them.
PATIENT: Mapping[str, Any] = {
    "application_burst": 1_000_000,
    "participant_burst": 1_000_000,
    "invitation_burst": 1_000_000,
    # One process: its polls are woken at once, and need not re-read the log.
    "bus_poll_interval": 3_600.0,
    "change_poll_interval": 3_600.0,
    # What a client is still waiting for is its own affair.
    "shutdown_timeout": 0.2,
}


def patient(config: Config) -> Config:
    """The settings of a sandbox, where `config` has defaults."""
    defaults = Config()
    names = [name for name in PATIENT if getattr(config, name) == getattr(defaults, name)]
    return replace(config, **{name: PATIENT[name] for name in names})


def make_sandbox(config: Config, world: SandboxWorld, seed: Seed) -> Sandbox:
    """A sandbox with its control resources. ConfigError: there is no place for its store."""
    sandbox = Sandbox(patient(config), world, seed)
    rules = Rules(Chance(world.seed))
    recording = Recording()
    sandbox.routes = control_routes(sandbox, rules, recording)

    def layers(handler: Handler) -> Handler:
        failing = WithFaults(handler, rules, lambda: sandbox.service)
        return Recorded(failing, recording, world, sandbox.world.monotonic, lambda: sandbox.service)

    def forget() -> None:
        rules.start_anew()
        recording.start_anew()

    def prepare(service: Service) -> None:
        service.pipeline.parts = PartsWithFaults(service.pipeline, rules, service)

    sandbox.layers = layers
    sandbox.prepare = prepare
    sandbox.on_reset = forget
    return sandbox


async def serve_sandbox(
    sandbox: Sandbox,
    listeners: Sequence[Listener],
    control: ProcessControl,
    *,
    observer: Observer | None = None,
    ready: Callable[[list[str]], None] | None = None,
) -> int:
    """As `server.process.serve`."""
    return await serve(sandbox, sandbox.config, listeners=listeners, control=control, observer=observer, ready=ready)
