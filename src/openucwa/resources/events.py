"""events: the channel through which an application is told what happened."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from openucwa.channel.pending import Timers
from openucwa.channel.poll import EventChannels
from openucwa.channel.told import Priority, Told
from openucwa.model.event import Event, application_topic
from openucwa.model.refusals import (
    CannotRedirect,
    InvalidExchangeServerVersion,
    ParameterValidationFailure,
    PGetReplaced,
)
from openucwa.representation.document import EventEntry, Events, Link
from openucwa.representation.parameters import Parameter
from openucwa.resources.applications import known_instance
from openucwa.resources.communication import communication_document
from openucwa.resources.me import me_href
from openucwa.store.contract import Store
from openucwa.wire.connection import while_connected
from openucwa.wire.resource import Call, Request, Resource, Response, operation

#: UCWA: events, GET, Query parameters; `ack` is in every href that a client is given.
QUERY = (
    Parameter("ack", kind="integer"),
    Parameter("low", kind="integer"),
    Parameter("medium", kind="integer"),
    Parameter("timeout", kind="integer"),
    Parameter("priority", kind="integer"),
)


class EventChannel(Resource[None]):
    """UCWA: events."""

    rel = "events"
    batchable = False

    def __init__(self, store: Store, channels: EventChannels) -> None:
        self._store = store
        self._channels = channels

    @operation(
        "Waits for what happened since.",
        query=QUERY,
        refuses=(InvalidExchangeServerVersion, PGetReplaced, CannotRedirect),
    )
    async def on_get(self, req: Request, resp: Response, target: None) -> None:
        """UCWA: events, GET."""
        call = req.call
        instance = known_instance(req)
        values = call.values
        if instance is None and call.here.application.instances:
            raise ParameterValidationFailure({"instanceId": "is missing: each instance has a channel of its own"})
        reader = _Reader(call, self._store)
        poll = self._channels.poll(
            call.here,
            instance or "",
            values.get("ack", 1),
            asked=Timers(low=values.get("low"), medium=values.get("medium"), timeout=values.get("timeout")),
            priority=values.get("priority", 0),
            topics=reader.topics,
            read=reader.read,
        )
        served = await while_connected(req, poll)
        href = f"{call.application}/events?"
        if instance is not None:
            href += f"instanceId={quote(instance, safe='')}&"
        resp.media = Events(
            href=f"{href}ack={served.number}",
            links={served.next: Link(f"{href}ack={served.next_number}")},
            senders=served.senders,
        )


class _Reader:
    """The log in the terms of one application: its topics, and what their events are to it."""

    def __init__(self, call: Call, store: Store) -> None:
        self._call = call
        self._store = store
        application = call.here.application
        self._topic = application_topic(application.owner, application.id)

    async def topics(self) -> Mapping[str, int]:
        return {self._topic: 0}

    async def read(self, event: Event) -> Sequence[Told]:
        rel, _, relation = event.kind.partition(" ")
        if rel == "communication":
            return (await self._communication(relation),)
        return (self._of_me(rel, relation),)

    async def _communication(self, relation: str) -> Told:
        # As it is now, not as it was then: who is told late is told the truth.
        session = await self._store.session(self._call.caller.identity, self._call.here.application.id)
        document = communication_document(self._call, session.application.communication)
        entry = EventEntry(relation, "communication", Link(document.href), embedded=document)
        return Told("communication", document.href, entry, Priority.MEDIUM, resource=document.href)

    def _of_me(self, rel: str, relation: str) -> Told:
        me = me_href(self._call)
        href = me if rel == "me" else f"{me}/{rel}"
        return Told("me", me, EventEntry(relation, rel, Link(href)), Priority.MEDIUM, resource=href)
