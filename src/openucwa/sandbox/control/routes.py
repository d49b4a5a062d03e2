"""All control resources, on one page, and their description."""

from collections.abc import Sequence
from typing import Any

import msgspec

from openucwa.api.answer import Answer
from openucwa.api.call import Call
from openucwa.api.openapi import describe
from openucwa.api.resource import Operation, Resource
from openucwa.http.negotiation import JSON
from openucwa.resources.guides import ApiPage
from openucwa.sandbox.control import json_input
from openucwa.sandbox.control.clock import Clock
from openucwa.sandbox.control.faults import Catalogue, FaultRule, Faults
from openucwa.sandbox.control.requests import Deviations, Har, Requests, Verification
from openucwa.sandbox.control.state import Reset, Restore, Snapshot, Snapshots, State
from openucwa.sandbox.recording import Recording
from openucwa.sandbox.rules import Rules
from openucwa.sandbox.sandbox import ROOT, Sandbox

Routes = Sequence[tuple[str, Resource[Any]]]

ABOUT = """\
Controls a sandbox of openucwa: its clock, its state, its faults, and the record of what it was asked. Anyone who can
reach the address can do this; there are no tokens. `openucwa serve` has none of these resources.
"""


class Index(Resource[None]):
    """Links to the control resources of a sandbox."""

    rel = "sandbox"
    public = True

    def __init__(self, routes: Routes, sandbox: Sandbox) -> None:
        self._routes = routes
        self._sandbox = sandbox

    @Operation("The control resources.", produces=(JSON,), negotiated=False, shows={200: {"type": "object"}})
    async def get(self, call: Call[None]) -> Answer:
        """With their paths, and the number of polls that wait, so that a test need not guess when one does."""
        hrefs = {resource.rel.partition(":")[2]: template for template, resource in self._routes}
        polls = self._sandbox.service.channels.count
        return json_input.shown(
            {"sandbox": True, "openapi": f"{ROOT}/openapi.json", "resources": hrefs, "waitingPolls": polls}
        )


class Description(Resource[None]):
    """The description of the control resources."""

    rel = "sandbox:openapi"
    public = True

    def __init__(self, routes: Routes) -> None:
        self._routes = routes

    @Operation("The description of the control resources.", produces=(JSON,), shows={200: {"type": "object"}})
    async def get(self, call: Call[None]) -> Answer:
        described = describe(self._routes, call.base)
        described["info"] |= {"title": "openucwa sandbox", "summary": "Control of a sandbox.", "description": ABOUT}
        return Answer(body=msgspec.json.encode(described), content_type=JSON)


def control_routes(sandbox: Sandbox, rules: Rules, recording: Recording) -> Routes:
    """The control resources of `sandbox`, by path."""

    def rels() -> frozenset[str]:
        return frozenset(resource.rel.lower() for _, resource in sandbox.service.routes)

    routes: list[tuple[str, Resource[Any]]] = [
        (f"{ROOT}/clock", Clock(sandbox.clock)),
        (f"{ROOT}/faults", Faults(rules, rels)),
        (f"{ROOT}/faults/catalogue", Catalogue(lambda: sandbox.service.routes)),
        (f"{ROOT}/faults/{{fault_id}}", FaultRule(rules)),
        (f"{ROOT}/requests", Requests(recording, rels)),
        (f"{ROOT}/requests/verify", Verification(recording, rels)),
        (f"{ROOT}/requests/har", Har(recording, rels)),
        (f"{ROOT}/requests/deviations", Deviations(recording)),
        (f"{ROOT}/reset", Reset(sandbox)),
        (f"{ROOT}/state", State(sandbox)),
        (f"{ROOT}/snapshots", Snapshots(sandbox)),
        (f"{ROOT}/snapshots/{{snapshot}}", Snapshot(sandbox)),
        (f"{ROOT}/snapshots/{{snapshot}}/restore", Restore(sandbox)),
    ]
    description = f"{ROOT}/openapi.json"
    config = sandbox.config
    pages = ((f"{ROOT}/docs", ApiPage(description, config.page_name)),) if config.developer_pages else ()
    return ((ROOT, Index(routes, sandbox)), (description, Description(routes)), *pages, *routes)
