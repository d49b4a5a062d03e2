"""What a resource says of itself, so that the door can check a request before the resource sees it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

import falcon.asgi

from openucwa.identity.tickets import Ticket
from openucwa.model.application import Session
from openucwa.model.refusals import Refusal
from openucwa.model.scopes import ANY_SCOPE, CONTACTS, CONVERSATION_SCOPES, INITIATE, MEETINGS, RECEIVE, USER
from openucwa.representation.parameters import Parameter
from openucwa.wire.negotiation import UCWA_TYPES

__all__ = [
    "ANY_SCOPE", "CONTACTS", "CONVERSATION_SCOPES", "FORM_TYPES", "INITIATE", "MEETINGS", "RECEIVE", "USER",
    "Call", "Operation", "Request", "Resource", "Response", "operation",
]  # fmt: skip

T = TypeVar("T")
Responder = TypeVar("Responder", bound=Callable[..., Any])

#: Media types of request bodies.
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of a resource.

    `answers`: the status of success. `takes`: the documented input; None: none is documented, and what comes is
    ignored. `free`: unknown names belong to the input (an extension's own properties), the resource reads it itself.
    `consumes`: the media types of the body, () for JSON and XML. `refuses`: documented errors besides the generic ones.
    `summary`: one line for people. `produces`: media types of the answer; () where it has no body.
    `default_type`: the Content-Type of a body that has none. `any_accept`: whether it answers whatever the Accept.
    `shows`: the JSON Schema of an answer's JSON, by status, where that is neither a resource nor a reason.
    """

    summary: str
    answers: tuple[int, ...] = (200,)
    takes: Sequence[Parameter] | None = None
    query: Sequence[Parameter] = ()
    free: bool = False
    consumes: tuple[str, ...] = ()
    default_type: str | None = None
    any_accept: bool = False
    produces: tuple[str, ...] = UCWA_TYPES
    refuses: tuple[type[Refusal], ...] = ()
    shows: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)


def operation(summary: str, **details: Any) -> Callable[[Responder], Responder]:
    """Declares a responder (`on_get`, ...) as an `Operation`."""

    def declare(responder: Responder) -> Responder:
        responder.operation = Operation(summary, **details)  # type: ignore[attr-defined]
        return responder

    return declare


@dataclass(slots=True)
class Call:
    """What the door found out about a request, for the resource that answers it.

    `prefix`: the spelling of `/ucwa/v1` that the request came in by. `media_type`: that of the answer.
    `given`: the body's properties. `values`: the documented input, read and checked. `if_match`: the etags of
    If-Match; None: any will do. `body`: where the operation reads it itself; `encoding`: what decodes it, None where it
    is no text; `text`: the body, decoded. `refusal`: the resource's own form of refusals.
    """

    method: str = "GET"
    prefix: str = "/ucwa/v1"
    base: str = ""
    media_type: str = UCWA_TYPES[0]
    ticket: Ticket | None = None
    session: Session | None = None
    etag: str | None = None
    given: dict[str, object] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    refusal: "Callable[[Call, int, str], tuple[Mapping[str, str], bytes] | None] | None" = None
    body: bytes = b""
    encoding: str | None = None
    text: str = ""
    if_match: frozenset[str] | None = None

    @property
    def here(self) -> Session:
        """The session of the application in the path."""
        if self.session is None:
            raise RuntimeError("there is a session only below /applications/{application_id}")
        return self.session

    @property
    def caller(self) -> Ticket:
        """Who is calling."""
        if self.ticket is None:
            raise RuntimeError("there is a caller only on resources that need a ticket")
        return self.ticket

    @property
    def application(self) -> str:
        """The href of the application in the path."""
        return f"{self.prefix}/applications/{self.here.application.id}"


class Request(falcon.asgi.Request):
    """A request and what the door found out about it."""

    __slots__ = ("call",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.call = Call()


Response = falcon.asgi.Response


class Resource(Generic[T]):
    """A resource. Responders get what `locate` found as `target`.

    `rel`: its name. `public`: no ticket is needed. `scopes`: of these the caller needs one; empty: none.
    `anonymous`: whether anonymous users may come here. `batchable`: whether it may be part of a batch.
    `html_challenge`: whether its 401 is a page for people, whatever the client asks for.
    `conditional`: whether it has an etag of its own, so that If-Match and If-None-Match count.
    `kept`: whether the answer to a GET can be given again until a row of the caller's changes: it shows nothing that is
    not the caller's own or the same for all, and neither time nor chance.
    """

    rel: str
    public: ClassVar[bool] = False
    scopes: frozenset[str] = frozenset()
    anonymous: ClassVar[bool] = True
    batchable: ClassVar[bool] = True
    html_challenge: ClassVar[bool] = False
    conditional: ClassVar[bool] = False
    kept: ClassVar[bool] = False
    operations: ClassVar[dict[str, Operation]] = {}

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls.operations = {
            name.removeprefix("on_").upper(): found
            for name in dir(cls)
            if name.startswith("on_") and (found := getattr(getattr(cls, name), "operation", None)) is not None
        }

    def refusal(self, call: Call, status: int, message: str) -> tuple[Mapping[str, str], bytes] | None:
        """Headers and JSON body of a refusal, where this resource's are not UCWA's; None: they are."""
        return None

    async def locate(self, call: Call, **_names: str) -> T:
        """Finds what the path names, for this caller, and sets `call.etag`. A refusal where there is nothing."""
        return None  # type: ignore[return-value]  # a resource without a noun of its own has no target
