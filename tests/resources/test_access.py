"""Who reaches what below onlineMeetings: organizer, another user, an anonymous participant, a stranger."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from openucwa.app import Service
from openucwa.config_options import DialInRegion
from openucwa.identity.tokens import Caller, Tokens, new_signing_key
from tests.client import UcwaClient, add_user, extensions_of, self_of
from tests.conftest import Connect, Make
from tests.resources.messages import assert_refused
from tests.users import DANA, LENE
from tests.world import FakeWorld

Resource = dict[str, Any]

USER = "User.ReadWrite"
CONTACTS = "Contacts.ReadWrite"
INITIATE = "Conversations.Initiate"
RECEIVE = "Conversations.Receive"
MEETINGS = "Meetings.ReadWrite"
SCOPES = {USER, CONTACTS, INITIATE, RECEIVE, MEETINGS}
CONVERSATIONS = {INITIATE, RECEIVE}


@dataclass(frozen=True)
class Operation:
    """One operation below onlineMeetings. `path`: below the application; `success`: its status for the organizer.

    `hidden`: whether it is one on a meeting, and so there for the organizer alone. `scopes`: those documented.
    """

    method: str
    path: str
    success: int
    hidden: bool
    scopes: frozenset[str]


def _operation(method: str, path: str, success: int, scopes: set[str], *, hidden: bool = False) -> Operation:
    return Operation(method, f"onlineMeetings{path}", success, hidden, frozenset(scopes))


MEETING = "/myOnlineMeetings/{meeting}"
EXTENSIONS = f"{MEETING}/onlineMeetingExtensions"
EXTENSION = f"{EXTENSIONS}/{{extension}}"
OPERATIONS = [
    _operation("GET", "", 200, SCOPES),
    _operation("GET", "/onlineMeetingDefaultValues", 200, SCOPES),
    _operation("GET", "/onlineMeetingEligibleValues", 200, SCOPES),
    _operation("GET", "/onlineMeetingInvitationCustomization", 200, SCOPES),
    _operation("GET", "/onlineMeetingPolicies", 200, SCOPES),
    _operation("GET", "/phoneDialInInformation", 200, SCOPES),
    _operation("GET", "/phoneDialInInformation/1", 200, SCOPES),
    _operation("GET", "/myOnlineMeetings", 200, {MEETINGS}),
    _operation("POST", "/myOnlineMeetings", 201, {MEETINGS}),
    _operation("GET", EXTENSIONS, 200, CONVERSATIONS, hidden=True),
    _operation("POST", EXTENSIONS, 201, CONVERSATIONS, hidden=True),
    _operation("GET", EXTENSION, 200, CONVERSATIONS, hidden=True),
    _operation("PUT", EXTENSION, 200, CONVERSATIONS, hidden=True),
    _operation("DELETE", EXTENSION, 204, CONVERSATIONS, hidden=True),
    _operation("GET", MEETING, 200, CONVERSATIONS, hidden=True),
    _operation("PUT", MEETING, 200, CONVERSATIONS, hidden=True),
    _operation("DELETE", MEETING, 204, CONVERSATIONS, hidden=True),
]
HIDDEN = [operation for operation in OPERATIONS if operation.hidden]


@pytest.fixture
async def service(make_service: Make) -> Service:
    # Without the pass-through property a PUT can be sent that was not read before, as outsiders have to.
    return await make_service(strict_put=False, dial_in_regions=(DialInRegion("Redmond", "tel:+14255550001"),))


@pytest.fixture
async def meeting(lene: UcwaClient) -> Resource:
    return await lene.schedule(subject="Secret")


@pytest.fixture
async def extension(lene: UcwaClient, meeting: Resource) -> Resource:
    return await lene.extend(meeting, id="known", type="RoamedParticipantData", topic="secret")


@pytest.fixture
async def anonymous(service: Service, connect: Connect, meeting: Resource) -> UcwaClient:
    """Somebody with a token for that very meeting."""
    client = connect(service)
    await client.sign_in_to_meeting(meeting)
    await client.open()
    return client


async def send(
    client: UcwaClient, operation: Operation, app: str, meeting: str, extension: str, **more: Any
) -> httpx.Response:
    path = operation.path.format(meeting=meeting, extension=extension)
    headers = {"If-Match": "*"} if operation.method == "PUT" else {}
    if operation.method in {"POST", "PUT"}:
        more.setdefault("json", {})
    return await client.request(operation.method, f"{app}/{path}", headers=headers | more.pop("headers", {}), **more)


async def test_organizer_can_do_everything(lene: UcwaClient, meeting: Resource, extension: Resource) -> None:
    for operation in OPERATIONS:
        answer = await send(lene, operation, lene.app, meeting["onlineMeetingId"], "known")
        assert answer.status_code == operation.success, operation


async def test_organizer_can_do_everything_in_any_of_their_applications(
    service: Service, connect: Connect, meeting: Resource, extension: Resource
) -> None:
    other = connect(service)
    await other.sign_in("lenea@contoso.com")
    await other.open("another endpoint")
    for operation in OPERATIONS:
        answer = await send(other, operation, other.app, meeting["onlineMeetingId"], "known")
        assert answer.status_code == operation.success, operation


async def test_for_another_user_the_meeting_does_not_exist(
    dana: UcwaClient, meeting: Resource, extension: Resource
) -> None:
    for operation in OPERATIONS:
        answer = await send(dana, operation, dana.app, meeting["onlineMeetingId"], "known")
        if operation.hidden:
            assert_refused(answer, 404, "NotFound", "ResourceNotFound")
        else:
            assert answer.status_code == operation.success, operation


async def test_another_users_application_does_not_exist(
    lene: UcwaClient, dana: UcwaClient, meeting: Resource, extension: Resource
) -> None:
    for operation in OPERATIONS:
        answer = await send(dana, operation, lene.app, meeting["onlineMeetingId"], "known")
        assert_refused(answer, 404, "NotFound", "ApplicationNotFound")


async def test_meetings_are_closed_to_anonymous_users(
    anonymous: UcwaClient, meeting: Resource, extension: Resource
) -> None:
    for operation in OPERATIONS:
        answer = await send(anonymous, operation, anonymous.app, meeting["onlineMeetingId"], "known")
        assert_refused(answer, 403, "Forbidden", "AnonymousNotAllowed")


async def test_for_anonymous_users_the_organizers_application_does_not_exist(
    lene: UcwaClient, anonymous: UcwaClient, meeting: Resource, extension: Resource
) -> None:
    for operation in OPERATIONS:
        answer = await send(anonymous, operation, lene.app, meeting["onlineMeetingId"], "known")
        assert_refused(answer, 404, "NotFound", "ApplicationNotFound")


async def test_request_without_a_valid_token_gets_only_the_challenge(
    service: Service, lene: UcwaClient, meeting: Resource, extension: Resource, world: FakeWorld
) -> None:
    assert lene.token is not None
    foreign = Tokens((new_signing_key(world),), world).issue(caller(world))
    expired = service.tokens.issue(caller(world, lifetime=0))
    signed, _, signature = lene.token.rpartition(".")
    forged = f"{signed}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
    authorizations = ["", *(f"Bearer {token}" for token in (foreign, expired, forged, "cwt=", "cwt=x", "x"))]
    authorizations += [lene.token, f"Basic {lene.token}", "Bearer", "Bearer "]
    for operation in OPERATIONS:
        for authorization in authorizations:
            headers = {"Authorization": authorization}
            answer = await send(lene, operation, lene.app, meeting["onlineMeetingId"], "known", headers=headers)
            assert_refused(answer, 401, "Unauthorized")
            assert len(answer.headers.get_list("WWW-Authenticate")) == 2


async def test_request_without_the_header_gets_the_challenge(
    service: Service, connect: Connect, lene: UcwaClient, meeting: Resource
) -> None:
    stranger = connect(service)
    for operation in OPERATIONS:
        answer = await send(stranger, operation, lene.app, meeting["onlineMeetingId"], "known")
        assert_refused(answer, 401, "Unauthorized")


async def test_only_the_organizer_can_change_anything(
    service: Service,
    connect: Connect,
    lene: UcwaClient,
    dana: UcwaClient,
    anonymous: UcwaClient,
    meeting: Resource,
    extension: Resource,
) -> None:
    before = (await lene.get(self_of(meeting))).json()
    for client in (dana, anonymous, connect(service)):
        for operation in HIDDEN:
            for app in (client.app, lene.app):
                await send(
                    client, operation, app, meeting["onlineMeetingId"], "known", json={"topic": "x", "subject": "x"}
                )
    assert (await lene.get(self_of(meeting))).json() == before


# What outsiders can tell


def everything(answer: httpx.Response) -> tuple[int, list[tuple[str, str]], bytes]:
    """All of an answer but what differs from one answer to the next."""
    headers = [(name, value) for name, value in answer.headers.multi_items() if name not in {"x-request-id", "date"}]
    return answer.status_code, headers, answer.content


async def test_hidden_meeting_is_answered_like_a_missing_one(
    dana: UcwaClient, meeting: Resource, extension: Resource
) -> None:
    shapes: list[dict[str, Any]] = [
        {},
        {"headers": {"Accept": "application/xml"}},
        {"headers": {"Accept": "image/png"}},
        {"headers": {"Accept-Encoding": "gzip"}},
        {"headers": {"If-Match": f'"{extension["etag"]}"', "If-None-Match": f'"{meeting["etag"]}"'}},
        {"headers": {"Content-Type": "text/csv"}, "content": b"x"},
        {"content": b"{", "headers": {"Content-Type": "application/json"}},
        {"content": b"x" * 1_048_577},
        {"json": {"id": "known"}},
    ]
    for operation in HIDDEN:
        for shape in shapes:
            more = {"json": None} | shape if "content" in shape else shape
            hidden = await send(dana, operation, dana.app, meeting["onlineMeetingId"], "known", **more)
            never = await send(dana, operation, dana.app, "ABCDEFGH", "unknown", **more)
            assert hidden.status_code == 404
            assert everything(hidden) == everything(never)


async def test_other_methods_reveal_nothing_either(dana: UcwaClient, meeting: Resource, extension: Resource) -> None:
    for operation in HIDDEN:
        for method in ("PATCH", "HEAD", "OPTIONS", "POST"):
            other = Operation(method, operation.path, 0, hidden=True, scopes=frozenset())
            hidden = await send(dana, other, dana.app, meeting["onlineMeetingId"], "known")
            never = await send(dana, other, dana.app, "ABCDEFGH", "unknown")
            assert hidden.status_code == 404
            assert everything(hidden) == everything(never)


async def test_another_users_application_is_answered_like_a_missing_one(
    lene: UcwaClient, dana: UcwaClient, meeting: Resource, extension: Resource
) -> None:
    never_was = f"{lene.app[:-1]}{(int(lene.app[-1]) + 1) % 10}"
    for operation in OPERATIONS:
        hidden = await send(dana, operation, lene.app, meeting["onlineMeetingId"], "known")
        never = await send(dana, operation, never_was, meeting["onlineMeetingId"], "known")
        assert everything(hidden) == everything(never)


async def test_own_meeting_gives_no_access_to_anothers_extension(
    dana: UcwaClient, meeting: Resource, extension: Resource
) -> None:
    own = await dana.schedule()
    answer = await dana.get(f"{extensions_of(own)}/known")
    assert_refused(answer, 404, "NotFound", "ResourceNotFound")


async def test_id_used_in_anothers_meeting_is_free(dana: UcwaClient, extension: Resource) -> None:
    assert (await dana.extend(await dana.schedule(), id="known"))["id"] == "known"


# Scopes


def caller(world: FakeWorld, scopes: set[str] | None = None, lifetime: int = 60, identity: str = LENE) -> Caller:
    return Caller(
        identity=identity,
        name=None,
        meeting=None,
        generation=1,
        expires=world.now() + lifetime * 1000,
        scopes=None if scopes is None else frozenset(scopes),
    )


async def test_one_documented_scope_is_required_and_sufficient(
    service: Service, lene: UcwaClient, meeting: Resource, extension: Resource, world: FakeWorld
) -> None:
    for operation in OPERATIONS:
        for scope in sorted(SCOPES):
            lene.token = service.tokens.issue(caller(world, {scope, "Unknown.Scope"}))
            if scope not in operation.scopes:
                answer = await send(lene, operation, lene.app, meeting["onlineMeetingId"], "known")
                assert "subcode" not in assert_refused(answer, 403, "Forbidden")
            elif operation.method == "GET":
                answer = await send(lene, operation, lene.app, meeting["onlineMeetingId"], "known")
                assert answer.status_code == operation.success, operation


async def test_changes_require_the_documented_scopes_too(service: Service, lene: UcwaClient, world: FakeWorld) -> None:
    for scope in (INITIATE, RECEIVE):
        lene.token = service.tokens.issue(caller(world))
        meeting = await lene.schedule()
        await lene.extend(meeting, id="known")
        lene.token = service.tokens.issue(caller(world, {scope}))
        for operation in HIDDEN:
            answer = await send(lene, operation, lene.app, meeting["onlineMeetingId"], "known")
            assert answer.status_code == operation.success, operation
    lene.token = service.tokens.issue(caller(world, {MEETINGS}))
    assert (await lene.post(lene.meetings, json={})).status_code == 201


async def test_token_without_scopes_has_no_access(
    service: Service, lene: UcwaClient, meeting: Resource, extension: Resource, world: FakeWorld
) -> None:
    lene.token = service.tokens.issue(caller(world, set()))
    for operation in OPERATIONS:
        answer = await send(lene, operation, lene.app, meeting["onlineMeetingId"], "known")
        assert_refused(answer, 403, "Forbidden")


async def test_scopes_give_no_access_to_other_users_data(
    service: Service, dana: UcwaClient, meeting: Resource, extension: Resource, world: FakeWorld
) -> None:
    dana.token = service.tokens.issue(caller(world, SCOPES, identity=DANA))
    for operation in HIDDEN:
        answer = await send(dana, operation, dana.app, meeting["onlineMeetingId"], "known")
        assert_refused(answer, 404, "NotFound", "ResourceNotFound")


async def test_tokens_of_a_removed_user_stay_refused_when_the_address_is_added_again(
    service: Service, lene: UcwaClient
) -> None:
    before = lene.app
    await service.store.users.remove("sip:lenea@contoso.com", service.world.now())
    await add_user(service, "sip:lenea@contoso.com", "Another Lene")
    assert (await lene.get(f"{before}/me")).status_code == 401
    assert (
        await lene.post("/ucwa/v1/applications", json={"culture": "en", "endpointId": "e", "userAgent": "t"})
    ).status_code == 401
    assert (await lene.get("/Autodiscover/AutodiscoverService.svc/root/oauth/user")).status_code == 401
    await lene.sign_in("lenea@contoso.com")
    await lene.open()
