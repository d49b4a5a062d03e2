"""Which scopes each resource wants: the table of the reference, and what is enforced by it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from openucwa.api.resource import Resource
from openucwa.app import Service
from openucwa.config import Config
from openucwa.config_options import DialInRegion
from openucwa.identity.tokens import Caller
from openucwa.model.scopes import ANY_SCOPE, INITIATE, MEETINGS, RECEIVE
from tests.client import UcwaClient
from tests.conftest import Connect, make_in_process
from tests.hostile.requests import Request
from tests.hostile.stage import Answer, Stage
from tests.users import LENE
from tests.world import FakeWorld

_REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "spec" / "ucwa-resources.json"
#: A method that no resource has; what the stage can be set to in turn.
_NO_METHOD, _STATES = "PROPFIND", 4
needs_reference = pytest.mark.skipif(not _REFERENCE.exists(), reason="the reference's table is not on this machine")


def documented() -> dict[str, dict[str, Any]]:
    resources: dict[str, dict[str, Any]] = json.loads(_REFERENCE.read_text("utf-8"))["resources"]
    # The first version has none on its page; the second one changes contacts as well.
    resources["removeContactFromAllGroups"] = resources["removeContactFromAllGroups2"]
    return resources


def protected(service: Service) -> list[tuple[str, Resource[Any]]]:
    return [(template, resource) for template, resource in service.routes if not resource.public]


def token_with(service: Service, *scopes: str, identity: str = LENE, generation: int | None = 1) -> str:
    expires = service.world.now() + 3_600_000
    return service.tokens.issue(Caller(identity, "Lene", None, generation, expires, frozenset(scopes)))


@needs_reference
async def test_each_documented_resource_requires_the_documented_scopes(service: Service) -> None:
    reference = documented()
    ours = {resource.rel: resource.scopes for _, resource in protected(service) if resource.rel in reference}
    assert ours == {rel: frozenset(reference[rel]["scopes"]) for rel in ours}


@needs_reference
async def test_scope_by_resource_by_method_is_enforced(config: Config, prepared_data: Path) -> None:
    regions = (DialInRegion("Copenhagen", "tel:+4512345678"),)
    service = make_in_process(replace(config, dial_in_regions=regions), FakeWorld(), prepared_data)
    await service.start()
    await service.release()  # so that nobody waits for events
    try:
        await check_table(service)
    finally:
        await service.stop()


async def check_table(service: Service) -> None:
    stage, reference = Stage(service), documented()
    table = [
        (template, method, scope, frozenset(reference.get(resource.rel, {"scopes": resource.scopes})["scopes"]))
        for template, resource in protected(service)
        for method in (*resource.operations, _NO_METHOD)
        for scope in sorted(ANY_SCOPE)
    ]
    wrong, seen = [], set()
    for _ in range(_STATES):
        await stage.set()
        for row in table:
            answer = await ask_with(stage, *row[:3]) if is_harmless(*row[1:]) else None
            # What is not there in this state of the stage is there in another.
            if answer is not None and answer.status != 404:
                seen.add(row)
                wrong += [f"{row[2]} {row[1]} {row[0]}: {answer.status}"] * (not is_right(answer, *row[1:]))
    assert not wrong, "\n".join(wrong)
    assert not [row for row in table if row not in seen and row[1] == _NO_METHOD]
    assert sum(row[1] != _NO_METHOD and row[2] not in row[3] for row in seen) > 100


async def ask_with(stage: Stage, template: str, method: str, scope: str) -> Answer:
    token = token_with(stage.service, scope)
    headers = (("authorization", f"Bearer {token}"), ("content-type", "application/json"))
    path = template.replace("{", "~").replace("}", "~")
    _, answer = await stage.send(Request(method, path, "", headers, b"{}"))
    return answer


def is_harmless(method: str, scope: str, wanted: frozenset[str]) -> bool:
    """Whether nothing is carried out, but by a server that does not look at scopes."""
    return method == _NO_METHOD or (bool(wanted) and scope not in wanted)


def is_right(answer: Answer, method: str, scope: str, wanted: frozenset[str]) -> bool:
    """A scope that is wanted lets through: to a method that no resource has, which changes nothing and says so."""
    if scope in wanted or not wanted:
        return method != _NO_METHOD or answer.status == 405
    shown = json.loads(answer.body)
    return answer.status == 403 and shown["code"] == "Forbidden" and all(name in shown["message"] for name in wanted)


async def test_any_documented_scope_suffices_and_others_do_not(
    service: Service, lene: UcwaClient, connect: Connect
) -> None:
    meeting = await lene.schedule()
    extensions = meeting["_links"]["onlineMeetingExtensions"]["href"]
    client = connect(service)
    for scopes, status in (
        ((RECEIVE,), 201),
        ((INITIATE,), 201),
        ((MEETINGS,), 403),
        ((MEETINGS, RECEIVE), 201),
        ((), 403),
    ):
        client.token = token_with(service, *scopes)
        answer = await client.post(extensions, json={"id": "-".join(scopes), "type": "RoamedParticipantData"})
        assert answer.status_code == status, (scopes, answer.text)
        if status == 403:
            assert answer.json()["code"] == "Forbidden"
            assert RECEIVE in answer.json()["message"]
            assert INITIATE in answer.json()["message"]


async def test_requested_scopes_are_enforced(service: Service, lene: UcwaClient, connect: Connect) -> None:
    extensions = (await lene.schedule())["_links"]["onlineMeetingExtensions"]["href"]
    client = connect(service)
    form = {"grant_type": "password", "username": "lenea@contoso.com", "password": "correct horse battery staple"}
    for scope, status in (("Conversations.Receive", 200), ("Meetings.ReadWrite", 403)):
        granted = (await client.http.post("/WebTicket/oauthtoken", data=form | {"scope": scope})).json()
        assert granted["scope"] == scope
        client.token = granted["access_token"]
        assert (await client.get(extensions)).status_code == status
