"""Methods that are written as steps, and the objects that have them."""

from collections.abc import Callable, Coroutine
from functools import update_wrapper
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from openucwa.client.drivers import AsyncDriver, SyncDriver
from openucwa.client.steps import Driver, Steps

P = ParamSpec("P")
T_co = TypeVar("T_co", covariant=True)
D_co = TypeVar("D_co", bound=Driver, covariant=True)


class Bound(Generic[D_co]):
    """An object whose operations are carried out by a driver: `AsyncDriver` makes them coroutines."""

    def __init__(self, driver: D_co) -> None:
        self._driver = driver


class Operation(Generic[P, T_co]):
    """A method that is written as steps. On an object of an `AsyncDriver` it returns a coroutine, on one of a
    `SyncDriver` the result.
    """

    def __init__(self, function: Callable[Concatenate[Any, P], Steps[T_co]]) -> None:
        self._function = function
        update_wrapper(self, function)  # type: ignore[arg-type]  # it is called through what it returns

    def steps(self, owner: Bound[Any], *arguments: P.args, **options: P.kwargs) -> Steps[T_co]:
        """The steps themselves, for other operations."""
        return self._function(owner, *arguments, **options)

    @overload
    def __get__(self, instance: None, owner: type) -> "Operation[P, T_co]": ...
    @overload
    def __get__(self, instance: Bound[AsyncDriver], owner: type) -> Callable[P, Coroutine[Any, Any, T_co]]: ...
    @overload
    def __get__(self, instance: Bound[SyncDriver], owner: type) -> Callable[P, T_co]: ...
    def __get__(self, instance: Bound[Any] | None, owner: type) -> Any:
        if instance is None:
            return self

        def call(*arguments: P.args, **options: P.kwargs) -> Any:
            return instance._driver.run(self._function(instance, *arguments, **options))

        return update_wrapper(call, self._function)


#: Decorates a method that is written as steps.
operation = Operation
