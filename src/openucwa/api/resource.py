"""Declarations of resources and operations: what the pipeline needs to check a request before the resource sees it."""

import enum
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Self, TypeAlias, TypeVar, overload

from openucwa.api.answer import Answer
from openucwa.api.call import Call, Context
from openucwa.http.negotiation import UCWA_TYPES
from openucwa.model.refusals import Refusal
from openucwa.representation.parameters import Parameter

T = TypeVar("T")

#: Media types of request bodies.

#: The methods that a resource may have, and the safe ones among them.
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Precondition(enum.Enum):
    """Whether a request must name the version that it replaces, by If-Match."""

    OPTIONAL = enum.auto()
    REQUIRED = enum.auto()


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of a resource; as a decorator it declares the function that implements it.

    `summary`: one line, different for each operation; `{rel}` stands for the resource's rel. `answers`: the status of
    success. `takes`: the documented input; None: no input is documented, and a body is ignored.
    `additional_properties`: names other than the documented ones are input too (an extension's own properties); the
    resource reads them itself. `consumes`: the media types of the body, () for JSON and XML. `default_type`: the type
    of a body without Content-Type; None: it is refused. `schema`: the JSON Schema of a body that the resource reads
    itself. `refuses`: documented errors besides the generic ones.
    `produces`: media types of the answer; () if it has no body. `negotiated`: whether Accept decides; otherwise it is
    ignored. `shows`: the JSON Schema of an answer's JSON, by status, if it is neither a resource nor a reason.
    `precondition`: whether If-Match is required. `pass_through`: whether the body must contain the pass-through
    property.
    """

    summary: str
    answers: tuple[int, ...] = (200,)
    takes: Sequence[Parameter] | None = None
    query: Sequence[Parameter] = ()
    additional_properties: bool = False
    consumes: tuple[str, ...] = ()
    default_type: str | None = None
    schema: Mapping[str, Any] | None = None
    produces: tuple[str, ...] = UCWA_TYPES
    negotiated: bool = True
    refuses: tuple[type[Refusal], ...] = ()
    shows: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    precondition: Precondition = Precondition.OPTIONAL
    pass_through: bool = False

    def __call__(self, function: Callable[[Any, Call[T]], Coroutine[Any, Any, Answer]]) -> "Responder[T]":
        """Declares the decorated method."""
        return Responder(self, function)


Respond: TypeAlias = Callable[[Call[T]], Coroutine[Any, Any, Answer]]


class Responder(Generic[T]):
    """A method of a resource with its `Operation`; on an instance it acts as a bound method."""

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
    """A resource: `get`, `post`, ... answer a call whose `target` is the result of `locate`.

    `rel`: its name. `public`: no token is required. `scopes`: the caller needs one of these; empty: none. `anonymous`:
    whether anonymous users have access. `batchable`: whether it may be part of a batch. `html_challenge`: whether its
    401 is always an HTML page. `photo_cookie`: whether a GET may have the photo cookie instead of a token.
    `conditional`: whether it has an etag of its own, so that If-Match and If-None-Match count. `cached`: whether a GET
    may be cached until one of the caller's rows changes: it depends on nothing but the caller's data and the settings,
    neither on time nor on chance. `cache_control`: the Cache-Control of its 304.
    """

    rel: str
    public: ClassVar[bool] = False
    scopes: frozenset[str] = frozenset()
    anonymous: ClassVar[bool] = True
    batchable: ClassVar[bool] = True
    html_challenge: ClassVar[bool] = False
    photo_cookie: ClassVar[bool] = False
    conditional: ClassVar[bool] = False
    cached: ClassVar[bool] = False
    cache_control: ClassVar[bytes] = b"no-cache"
    responders: ClassVar[Mapping[str, Responder[Any]]] = {}
    operations: ClassVar[Mapping[str, Operation]] = {}

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls.responders = {
            method: found for method in METHODS if isinstance(found := getattr(cls, method.lower(), None), Responder)
        }
        cls.operations = {method: responder.operation for method, responder in cls.responders.items()}

    async def locate(self, call: Context, **_names: str) -> T:
        """Finds what the path names, for this caller. Refuses if there is nothing."""
        return None  # type: ignore[return-value]  # a resource without a noun of its own has no target

    def required_scopes(self, call: Context, target: T) -> frozenset[str]:
        """The scopes of which the caller needs one, for this target."""
        return self.scopes

    def etag(self, call: Context, target: T) -> str | None:
        """The etag of the target; None: it has none."""
        return None

    def refusal(self, call: Context, refusal: Refusal | None) -> Answer | None:
        """The resource's own form of a refusal, or of an internal error (None); None: the common form."""
        return None
