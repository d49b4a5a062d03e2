"""events: the event channel of an application."""

from urllib.parse import quote

from openucwa.api.answer import Answer
from openucwa.api.call import Call
from openucwa.api.openapi_parts import ref
from openucwa.api.resource import Operation, Resource
from openucwa.api.waiting import while_connected
from openucwa.channel.event_set import Timers
from openucwa.channel.poll import EventChannels
from openucwa.http.authorization import bearer_token
from openucwa.identity.callers import Callers
from openucwa.identity.current_user import current_user
from openucwa.model.refusals import (
    ApplicationNotFound,
    CannotRedirect,
    InvalidExchangeServerVersion,
    ParameterValidationFailure,
    PGetReplaced,
    TooManyApplications,
)
from openucwa.people.privacy import Privacy
from openucwa.representation.document import Events, Link
from openucwa.representation.parameters import Parameter
from openucwa.resources.applications import INSTANCE, known_instance
from openucwa.resources.rendering.contacts import ContactRenderer
from openucwa.resources.rendering.conversations import ConversationRenderer
from openucwa.resources.rendering.events import EventRenderer
from openucwa.store.contract import Store

#: UCWA: events, GET, Query parameters; every href given to clients contains `ack`.
QUERY = (
    INSTANCE,
    Parameter("ack", kind="integer", description="The number of the requested set of events."),
    Parameter("low", kind="integer", description="Delay of low-priority events, 5 to 1800 seconds."),
    Parameter("medium", kind="integer", description="Delay of medium-priority events, 5 to 1800 seconds."),
    Parameter("timeout", kind="integer", description="Timeout of the poll, 180 to 1800 seconds."),
    Parameter("priority", kind="integer", description="Priority of this poll among concurrent ones."),
)


class EventChannel(Resource[None]):
    """UCWA: events."""

    rel = "events"
    batchable = False

    def __init__(
        self,
        store: Store,
        channels: EventChannels,
        documents: ConversationRenderer,
        privacy: Privacy,
        contacts: ContactRenderer,
        callers: Callers,
    ) -> None:
        self._contacts = contacts
        self._store = store
        self._callers = callers
        self._documents = documents
        self._privacy = privacy
        self._channels = channels

    @Operation(
        "Polls for events.",
        query=QUERY,
        refuses=(InvalidExchangeServerVersion, PGetReplaced, CannotRedirect),
        shows={200: ref("schemas", "Events")},
    )
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: events, GET."""
        instance = known_instance(call)
        values = call.values
        if instance is None and call.session.application.instances:
            raise ParameterValidationFailure({"instanceId": "is missing: each instance has a channel of its own"})
        renderer = EventRenderer(call, self._store, self._documents, self._privacy, self._contacts)
        poll = self._channels.poll(
            call.session,
            instance or "",
            values.get("ack", 1),
            asked=Timers(low=values.get("low"), medium=values.get("medium"), timeout=values.get("timeout")),
            priority=values.get("priority", 0),
            topics=renderer.topics,
            render=renderer.render,
        )
        try:
            served = await while_connected(call.request.connection, poll)
        except (ApplicationNotFound, TooManyApplications):
            await current_user(self._store.users, call.caller)
            raise
        # The token may have expired during the poll, or the user's password changed: then the events are not for it.
        await self._callers.check(bearer_token(call.request))
        await current_user(self._store.users, call.caller)
        href = f"{call.application}/events?"
        if instance is not None:
            href += f"instanceId={quote(instance, safe='')}&"
        return Answer(
            Events(
                href=f"{href}ack={served.number}",
                links={served.next: Link(f"{href}ack={served.next_number}")},
                senders=served.senders,
            )
        )
