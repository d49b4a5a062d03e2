"""Things of an application, whose hrefs are found by following links, again where the application was
reopened.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from openucwa.client.errors import (
    PreconditionFailed,
    Reason,
    ResourceNotFound,
    UcwaError,
)
from openucwa.client.opened import OpenApplication
from openucwa.client.operations import Bound, D_co
from openucwa.client.resources import Resource, Value, json_date
from openucwa.client.session import Answer, Body
from openucwa.client.steps import Steps


class Located(Bound[D_co]):
    """A thing of an application. `href`: where it is at present, if that is known."""

    def __init__(self, application: OpenApplication[D_co], href: str | None) -> None:
        super().__init__(application.session.driver)
        self.application = application
        self._href = href
        self._generation = application.generation

    def _find(self) -> Steps[str]:
        """Follows the links that lead here."""
        raise NotImplementedError

    def locate(self) -> Steps[str]:
        """Where it is in the application as it is at present."""
        if self._href is None or self._generation != self.application.generation:
            found = yield from self._find()
            self._href, self._generation = found, self.application.generation
        return self._href

    def _moved(self, href: str) -> None:
        self._href, self._generation = href, self.application.generation

    def _send(self, method: str, body: Body | None = None, **options: Any) -> Steps[Answer]:
        return (yield from self.application.send(method, self.locate, body, **options))

    def _delete(self, headers: Mapping[str, str] | None = None) -> Steps[None]:
        """Deletes it. If an answer was lost and it then does not exist, it was deleted."""
        try:
            yield from self._send("DELETE", headers=headers, repeatable=True)
        except ResourceNotFound as error:
            if error.attempts == 1:
                raise

    def _put(self, read: Resource, properties: Mapping[str, Value]) -> Steps[Resource]:
        """Replaces what was read. If the answer is lost, the resource is read to find out whether the change was made.

        PreconditionFailed: it has been changed since.
        """
        headers = {"If-Match": f'"{read.etag}"'}
        for attempt in range(1, self.application.session.policy.attempts + 1):
            try:
                answer = yield from self._send("PUT", Body(properties), headers=headers, repeatable=False)
            except UcwaError as error:
                if not error.may_have_happened or attempt == self.application.session.policy.attempts:
                    raise
                stored = (yield from self._send("GET")).resource
                if stored.etag == read.etag:
                    continue
                if shows(stored, properties):
                    return stored
                raise PreconditionFailed(
                    Reason("PreconditionFailed", None, "the resource was changed by someone else"), status=412
                ) from error
            return answer.resource
        raise AssertionError("unreachable")


def shows(resource: Resource, properties: Mapping[str, Value]) -> bool:
    """Whether a resource has these properties, its etag apart."""
    return all(
        _comparable(resource.properties.get(name, "")) == _comparable(value)
        for name, value in properties.items()
        if name != "etag"
    )


def _comparable(value: Value) -> object:
    """A value in the form that it has in both formats and with the precision of the wire."""
    if isinstance(value, datetime):
        return json_date(value)
    if isinstance(value, str):
        try:
            return json_date(datetime.fromisoformat(value))
        except ValueError:
            return value
    return [_comparable(each) for each in value] if isinstance(value, list | tuple) else value
