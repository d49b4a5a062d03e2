"""Versions of meetings and extensions (openucwa:versions), as the server's change log has them."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from openucwa.client.errors import InvalidAnswer
from openucwa.client.located import Located
from openucwa.client.opened import Locate, OpenApplication
from openucwa.client.operations import D_co
from openucwa.client.resources import Resource
from openucwa.client.steps import Steps

V = TypeVar("V")

VERSION = "openucwa:version"


class Version(Located[D_co]):
    """A version of a meeting or an extension: after one change, or before its removal. `resource`: as it was answered.

    `find`: finds it again in a reopened application.
    """

    def __init__(self, application: OpenApplication[D_co], resource: Resource, find: Locate) -> None:
        super().__init__(application, resource.href)
        self.resource = resource
        self._found = find

    def _find(self) -> Steps[str]:
        return (yield from self._found())

    def _locate_restore(self) -> Steps[str]:
        """The href that restores it."""
        href = yield from self.locate()
        if href != self.resource.href:
            self.resource = (yield from self.application.session.send("GET", href)).resource
        return self.resource.link("openucwa:restore")

    @property
    def number(self) -> int:
        """Its number; later versions have higher ones."""
        return self.resource.number("number") or 0

    @property
    def kind(self) -> str:
        """The kind of the change: added, replaced, patched, removed or restored."""
        return self.resource.text("kind")

    @property
    def changed(self) -> datetime | None:
        """When."""
        return self.resource.moment("changed")

    @property
    def changed_by(self) -> str | None:
        """The SIP URI of the user who changed it; None: the server did."""
        found = self.resource.properties.get("changedBy")
        return found if isinstance(found, str) else None


def all_versions(
    application: OpenApplication[D_co], locate: Locate, make: Callable[[Resource, Locate], V]
) -> Steps[list[V]]:
    """All pages of a list of versions. `locate`: finds the list. `make`: makes a version of a resource, and of how it
    is found again.
    """

    def found_again(number: int | None) -> Locate:
        def find() -> Steps[str]:
            resources = yield from _pages(application, locate)
            for each in resources:
                if each.number("number") == number:
                    return each.href
            raise InvalidAnswer("the version is no longer listed")

        return find

    resources = yield from _pages(application, locate)
    return [make(each, found_again(each.number("number"))) for each in resources]


def _pages(application: OpenApplication[D_co], locate: Locate) -> Steps[list[Resource]]:
    page = (yield from application.send("GET", locate)).resource
    found = list(page.embedded.get(VERSION, ()))
    while (following := page.find_link("next")) is not None:
        page = (yield from application.session.send("GET", following)).resource
        found += page.embedded.get(VERSION, ())
    return found
