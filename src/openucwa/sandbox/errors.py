"""The errors that a fault can name, from the table of errors, and what each operation can be made to answer."""

from collections.abc import Iterable, Mapping
from typing import Any

from openucwa.api.errors import ERRORS, FAULT, WireError, wire_error
from openucwa.api.openapi import refusals_of
from openucwa.api.resource import Operation, Resource
from openucwa.model import refusals
from openucwa.model.refusals import Refusal

#: What the reference lists for operations that never send it: they are sent here when they are asked for.
LISTED: tuple[type[Refusal], ...] = (
    refusals.Conflict,
    refusals.AlreadyExists,
    refusals.TooManyGroups,
    refusals.CannotRedirect,
    refusals.CallbackChannelError,
    refusals.InvalidExchangeServerVersion,
)

WHY = "a fault of the sandbox"


def name_of(row: WireError) -> str:
    """`ServiceFailure/CallbackChannelError`, `Forbidden`."""
    return f"{row.code}/{row.subcode}" if row.subcode else row.code


#: By name. An internal error, `ServiceFailure`, has no refusal of its own.
BY_NAME: Mapping[str, type[Refusal]] = {name_of(row): refusal for refusal, row in ERRORS.items()} | {
    name_of(FAULT): Refusal
}
_BY_LOWER_NAME = {name.lower(): refusal for name, refusal in BY_NAME.items()}


def find(name: str) -> type[Refusal] | None:
    """The error of this name, in any case; its subcode alone is enough."""
    lower = name.strip().lower()
    if lower in _BY_LOWER_NAME:
        return _BY_LOWER_NAME[lower]
    return next((found for full, found in _BY_LOWER_NAME.items() if full.rpartition("/")[2] == lower), None)


def make(kind: type[Refusal], retry_after: int, methods: Iterable[str]) -> Refusal:
    """An error of this kind. `retry_after`: where it has that header. `methods`: what the resource supports."""
    if issubclass(kind, refusals.ParameterValidationFailure):
        return kind({"sandbox": WHY})
    if issubclass(kind, refusals.MethodNotAllowed):
        return kind(WHY, tuple(methods))
    if issubclass(kind, refusals.TooManyRequests | refusals.ServiceUnavailable | refusals.CallbackChannelError):
        return kind(WHY, retry_after)
    return kind(WHY)


def of_operation(template: str, operation: Operation, resource: Resource[Any]) -> list[dict[str, object]]:
    """The errors that an operation can be made to answer. `declared`: whether it sends the error by itself as well."""
    declared = {wire_error(refusal): refusal for refusal in refusals_of(template, operation, resource)}
    listed = {wire_error(refusal): refusal for refusal in LISTED} if "{application_id}" in template else {}
    rows = sorted(declared | listed, key=lambda row: (row.status, row.code, row.subcode or ""))
    return [
        {
            "name": name_of(row),
            "status": row.status,
            "code": row.code,
            **({"subcode": row.subcode} if row.subcode else {}),
            "declared": row in declared,
        }
        for row in rows
    ]
