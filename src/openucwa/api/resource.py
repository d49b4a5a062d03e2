"""What a resource says of itself, so that the pipeline can check a request before the resource sees it."""

import enum
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Self, TypeAlias, TypeVar, overload

from openucwa.api.answer import Answer
from openucwa.api.call import Call, Context
from openucwa.http.negotiation import UCWA_TYPES
from openucwa.model.refusals import Refusal
from openucwa.model.scopes import ANY_SCOPE, CONTACTS, CONVERSATION_SCOPES, INITIATE, MEETINGS, RECEIVE, USER
from openucwa.representation.parameters import Parameter

__all__ = [
    "ANY_SCOPE", "CONTACTS", "CONVERSATION_SCOPES", "FORM_TYPES", "INITIATE", "MEETINGS", "METHODS", "RECEIVE",
    "SAFE_METHODS", "USER", "Operation", "Precondition", "Resource", "Responder",
]  # fmt: skip

T = TypeVar("T")

#: Media types of request bodies.
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")

#: The methods that a resource may have, and those that change nothing.
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
SAFE_METHODS = frozenset({"GET", "HEAD"})


class Precondition(enum.Enum):
    """Whether a request has to say, by If-Match, what it means to change."""

    OPTIONAL = enum.auto()
    REQUIRED = enum.auto()


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of a resource; as a decorator it declares the function that does it.

    `summary`: one line for people, unlike that of any other operation; `{rel}` stands for the resource's rel.
    `answers`: the status of success. `takes`: the documented input; None: none is documented, and what comes is
    ignored. `additional_properties`: unknown names belong to the input (an extension's own properties); the resource
    reads it itself. `consumes`: the media types of the body, () for JSON and XML. `default_type`:
    the type of a body that names none; None: it is refused. `refuses`: documented errors besides
    the generic ones. `produces`: media types of the answer; () where it has no body. `negotiated`: whether Accept
    decides; if not, the answer comes whatever the client accepts.
    `shows`: the JSON Schema of an answer's JSON, by status, where that is neither a resource nor a reason.
    `precondition`: whether If-Match is needed. `pass_through`: whether the body has to have the pass-through property.
    """

    summary: str
    answers: tuple[int, ...] = (200,)
    takes: Sequence[Parameter] | None = None
    query: Sequence[Parameter] = ()
    additional_properties: bool = False
    consumes: tuple[str, ...] = ()
    default_type: str | None = None
    produces: tuple[str, ...] = UCWA_TYPES
    negotiated: bool = True
    refuses: tuple[type[Refusal], ...] = ()
    shows: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    precondition: Precondition = Precondition.OPTIONAL
    pass_through: bool = False

    def __call__(self, function: Callable[[Any, Call[T]], Coroutine[Any, Any, Answer]]) -> "Responder[T]":
        """Declares the method of a resource that does it."""
        return Responder(self, function)


Respond: TypeAlias = Callable[[Call[T]], Coroutine[Any, Any, Answer]]


class Responder(Generic[T]):
    """A method of a resource that does an `Operation`; on an instance it is a bound method like any other."""

    def __init__(self, operation: Operation, function: Callable[[Any, Call[T]], Coroutine[Any, Any, Answer]]) -> None:
        self.operation = operation
        self.function = function
        self.__doc__ = function.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Respond[T]: ...
    def __get__(self, instance: object | None, owner: type) -> "Self | Respond[T]":
        return self if instance is None else self.function.__get__(instance, owner)


class Resource(Generic[T]):
    """A resource: `get`, `post`, ... answer a call whose `target` is what `locate` found.

    `rel`: its name. `public`: no token is needed. `scopes`: of these the caller needs one; empty: none.
    `anonymous`: whether anonymous users may come here. `batchable`: whether it may be part of a batch.
    `html_challenge`: whether its 401 is a page for people, whatever the client asks for.
    `conditional`: whether it has an etag of its own, so that If-Match and If-None-Match count.
    `cached`: whether the answer to a GET can be given again until a row of the caller's changes: it shows nothing that
    is not the caller's own or the same for all, and neither time nor chance.
    """

    rel: str
    public: ClassVar[bool] = False
    scopes: frozenset[str] = frozenset()
    anonymous: ClassVar[bool] = True
    batchable: ClassVar[bool] = True
    html_challenge: ClassVar[bool] = False
    conditional: ClassVar[bool] = False
    cached: ClassVar[bool] = False
    responders: ClassVar[Mapping[str, Responder[Any]]] = {}
    operations: ClassVar[Mapping[str, Operation]] = {}

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls.responders = {
            method: found for method in METHODS if isinstance(found := getattr(cls, method.lower(), None), Responder)
        }
        cls.operations = {method: responder.operation for method, responder in cls.responders.items()}

    async def locate(self, call: Context, **_names: str) -> T:
        """Finds what the path names, for this caller. A refusal where there is nothing."""
        return None  # type: ignore[return-value]  # a resource without a noun of its own has no target

    def etag(self, call: Context, target: T) -> str | None:
        """The etag of what was found; None: it has none."""
        return None

    def refusal(self, call: Context, refusal: Refusal | None) -> Answer | None:
        """The resource's own answer to a refusal, or to a fault of the server (None); None: that of all others."""
        return None
