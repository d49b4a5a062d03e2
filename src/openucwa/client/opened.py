"""An open application, as everything in it sees it: how to send requests, and how to reopen it."""

from collections.abc import Callable, Mapping
from typing import Any

from openucwa.client.errors import ApplicationNotFound
from openucwa.client.operations import Bound, D_co
from openucwa.client.resources import Resource, Value
from openucwa.client.session import Answer, Body, Session
from openucwa.client.steps import Acquire, Steps

#: How the href of something is found.
Locate = Callable[[], Steps[str]]


class OpenApplication(Bound[D_co]):
    """An open application, without what can be done in it. `resource`: as it was answered. `generation`: how often it
    was reopened, because it had ended (404 ApplicationNotFound); then links are found again, and the conversations
    of before are over.
    """

    def __init__(self, session: Session[D_co], options: Mapping[str, Value], *, renew: bool) -> None:
        super().__init__(session.driver)
        self.session = session
        self.generation = 0
        self.resource = Resource()
        self._options = options
        self._renew = renew
        self._renewing = session.driver.lock()
        self._closed = False

    def open(self) -> Steps[None]:
        """Opens it, or finds it again by its `endpointId`."""
        href = yield from self.session.applications()
        self.resource = (yield from self.session.send("POST", href, Body(self._options), repeatable=True)).resource

    def renew(self, generation: int) -> Steps[None]:
        """Reopens it, unless someone else has done so since `generation`."""
        yield Acquire(self._renewing)
        try:
            if self.generation == generation:
                yield from self.open()
                self.generation += 1
        finally:
            self._renewing.release()

    @property
    def renews(self) -> bool:
        """Whether it is reopened if it has ended."""
        return self._renew and not self._closed

    def send(self, method: str, locate: Locate, body: Body | None = None, **options: Any) -> Steps[Answer]:
        """A request below the application; once more if the application had to be reopened."""
        generation = self.generation
        try:
            return (yield from self.session.send(method, (yield from locate()), body, **options))
        except ApplicationNotFound:
            if not self.renews:
                raise
            yield from self.renew(generation)
        return (yield from self.session.send(method, (yield from locate()), body, **options))

    def link(self, *rels: str) -> Locate:
        """A way to find a link: of the application, or of what it embeds: `link("communication",
        "joinOnlineMeeting")`.
        """

        def locate() -> Steps[str]:
            resource = self.resource
            for rel in rels[:-1]:
                resource = resource.inner(rel)
            yield from ()
            return resource.link(rels[-1])

        return locate
