"""applications and application: the root of everything that an endpoint of a user can see."""

from urllib.parse import quote

from openucwa.api.answer import NO_CONTENT, Answer, plain_answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation, Resource
from openucwa.channel.poll import EventChannels
from openucwa.config import Config
from openucwa.http.message import Header
from openucwa.identity.callers import Callers
from openucwa.identity.current_user import current_user
from openucwa.identity.rate import Rate
from openucwa.identity.sharing import Sharing
from openucwa.model.application import Application as Opened
from openucwa.model.refusals import (
    AlreadyExists,
    CannotRedirect,
    Conflict,
    Forbidden,
    InvalidExchangeServerVersion,
    ParameterValidationFailure,
    ResourceNotFound,
    TooManyGroups,
)
from openucwa.model.scopes import ANY_SCOPE
from openucwa.model.world import World, new_digits, new_etag
from openucwa.representation import plain
from openucwa.representation.document import Document, Link, Property
from openucwa.representation.parameters import Parameter
from openucwa.resources.additions import index_links
from openucwa.resources.communication import communication_document, new_abilities
from openucwa.resources.me import me_document
from openucwa.resources.online_meetings import OnlineMeetings
from openucwa.resources.people import People
from openucwa.resources.rendering.photos import photo_cookie
from openucwa.store import contract
from openucwa.store.contract import Store
from openucwa.telemetry import audit

APPLICATION_ID_DIGITS = 12

#: UCWA: applications, POST, Request body (anonApplications: without endpointId).
PARAMETERS = (
    Parameter("culture", required=True, max_length=100),
    Parameter("endpointId", max_length=100),
    Parameter("instanceId", max_length=100),
    Parameter("type", max_length=100),
    Parameter("userAgent", required=True, max_length=100),
)

#: UCWA: applications, OPTIONS: what is shown.
METADATA = {
    "type": "object",
    "properties": {
        "metadata": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "httpMethod": {"type": "string"},
                    "parameters": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {
                                "name": {"type": "string"},
                                "supportedValues": {"type": "array", "items": {"type": "string"}},
                            },
                        },
                    },
                },
            },
        }
    },
    "required": ["metadata"],
}

#: UCWA: Multi-tab support. One instance of the application, opened with this instanceId.
INSTANCE = Parameter("instanceId", max_length=100, description="One of the application's instances (tabs).")


class ApplicationDocuments:
    """Builds documents of applications, with all embedded resources."""

    def __init__(
        self, channels: contract.Channels, online_meetings: OnlineMeetings, people: People, *, queries: bool
    ) -> None:
        """`queries`: whether meetings can be found by queries."""
        self._channels = channels
        self._online_meetings = online_meetings
        self._people = people
        self._queries = queries

    def links(self, call: Context) -> tuple[Header, ...]:
        """The Link headers that lead from an application to the additions."""
        return index_links(call, queries=self._queries)

    async def document(self, call: Context, instance: str | None) -> Document:
        """UCWA: application. `instance`: the instanceId whose links it contains."""
        application = call.session.application
        channel = await self._channels.get(application.owner, application.id, instance or "")
        query = "" if instance is None else f"instanceId={quote(instance, safe='')}"
        ack = f"{query}&ack" if query else "ack"
        properties: dict[str, Property | None] = {
            "type": application.type,
            "culture": application.culture,
            "endpointId": application.endpoint_id or None,
            "id": application.id,
            "instanceId": instance,
            "userAgent": application.user_agent,
        }
        embedded = {
            "communication": communication_document(call, application.communication),
            "me": me_document(call),
            "onlineMeetings": await self._meetings(call, application),
            "people": self._people.document(call),
        }
        return Document(
            rel="application",
            href=f"{call.application}?{query}" if query else call.application,
            properties={name: value for name, value in properties.items() if value is not None},
            links={
                "batch": Link(f"{call.application}/batch"),
                "events": Link(f"{call.application}/events?{ack}={channel.served + 1}"),
                "policies": Link(f"{call.application}/policies"),
                **({} if application.anonymous else {"reportMyNetwork": Link(f"{call.application}/reportMyNetwork")}),
            },
            embedded={rel: document for rel, document in embedded.items() if document is not None},
        )

    async def _meetings(self, call: Context, application: Opened) -> Document | None:
        return None if application.anonymous else await self._online_meetings.document(call)


class Applications(Resource[None]):
    """UCWA: applications, applications2; with an anonymous token: anonApplications."""

    rel = "applications"

    def __init__(
        self,
        store: Store,
        documents: ApplicationDocuments,
        callers: Callers,
        sharing: Sharing,
        world: World,
        config: Config,
    ) -> None:
        self._store = store
        self._documents = documents
        self._callers = callers
        self._world = world
        self._config = config
        self._openings = Rate(config.application_rate, config.application_burst, "applications opened", world, sharing)

    @Operation("The applications of the caller.", refuses=(InvalidExchangeServerVersion,))
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: applications2, GET."""
        await current_user(self._store.users, call.caller)
        shown = []
        for session in await self._store.applications.all(call.caller.identity):
            call.known_session = session
            shown.append(await self._documents.document(call, None))
        return Answer(Document(rel=self.rel, href=f"{call.prefix}/applications", embedded={"application": shown}))

    @Operation(
        "Opens an application, or returns the existing one of this endpoint.",
        answers=(201, 200),
        takes=PARAMETERS,
        refuses=(Forbidden, AlreadyExists, TooManyGroups, Conflict, CannotRedirect),
    )
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: applications, POST; anonApplications, POST."""
        caller = call.caller
        values = call.values
        if "endpointId" not in values and not caller.anonymous:
            raise ParameterValidationFailure({"endpointId": "is missing"})
        await current_user(self._store.users, caller)
        self._openings.take(caller.identity)
        instance = values.get("instanceId")
        draft = Opened(
            owner=caller.identity,
            id=new_digits(self._world, APPLICATION_ID_DIGITS),
            endpoint_id=values.get("endpointId", ""),
            culture=values["culture"],
            user_agent=values["userAgent"],
            type=values.get("type"),
            created=self._world.now(),
            communication=new_abilities(new_etag(self._world), history=self._config.history_kept > 0),
            meeting=caller.meeting,
            name=caller.name,
            etag=new_etag(self._world),
        )
        opened, new = await self._store.applications.open(
            draft, instance, self._world.now(), self._config.max_applications
        )
        if len(opened.instances) > self._config.max_instances and instance is not None:
            await self._store.applications.close_instance(opened.owner, opened.id, instance, self._world.now())
            raise Conflict(f"the application has {self._config.max_instances} instances already")
        call.known_session = await self._store.applications.session(opened.owner, opened.id)
        document = await self._documents.document(call, instance)
        # An existing endpoint gets 201 with the same application; only an existing instance gets another status.
        status = 201 if new or instance is None else 200
        return Answer(
            document,
            status,
            etag=call.session.application.etag,
            location=document.href,
            headers=(*self._documents.links(call), *photo_cookie(call, self._callers)),
        )

    @Operation("The methods of this resource, with their parameters.", shows={200: METADATA})
    async def options(self, call: Call[None]) -> Answer:
        """UCWA: applications, OPTIONS; anonApplications, OPTIONS."""
        metadata: list[plain.Plain] = [
            {
                "httpMethod": method,
                "parameters": [
                    {"name": each.name, "supportedValues": list(each.choices)}
                    for each in (*operation.query, *(operation.takes or ()))
                ],
            }
            for method, operation in sorted(self.operations.items())
        ]
        return plain_answer(call.media_type, "optionsMetadata", {"metadata": metadata})


class Application(Resource[None]):
    """UCWA: application."""

    rel = "application"
    scopes = ANY_SCOPE
    conditional = True

    def __init__(
        self,
        applications: contract.Applications,
        documents: ApplicationDocuments,
        callers: Callers,
        channels: EventChannels,
        world: World,
    ) -> None:
        self._applications = applications
        self._documents = documents
        self._callers = callers
        self._channels = channels
        self._world = world

    def etag(self, call: Context, target: None) -> str:
        return call.session.application.etag

    @Operation(
        "The application with its embedded resources.",
        query=(INSTANCE,),
        refuses=(InvalidExchangeServerVersion, CannotRedirect),
    )
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: application, GET."""
        document = await self._documents.document(call, known_instance(call))
        return Answer(
            document, etag=call.etag, headers=(*self._documents.links(call), *photo_cookie(call, self._callers))
        )

    @Operation(
        "Ends the application, or one of its instances.",
        answers=(204,),
        query=(INSTANCE,),
        produces=(),
        refuses=(CannotRedirect,),
    )
    async def delete(self, call: Call[None]) -> Answer:
        """UCWA: application, DELETE; Multi-tab support."""
        application = call.session.application
        if (instance := known_instance(call)) is None:
            await self._applications.close(application.owner, application.id, self._world.now())
            audit.log(audit.SignedOut(application.owner, call.request.client, application.id))
        else:
            await self._applications.close_instance(application.owner, application.id, instance, self._world.now())
        self._channels.end(application.owner, application.id, instance)
        return NO_CONTENT


def known_instance(call: Call[None]) -> str | None:
    """The instanceId in the request's query; None if there is none. ResourceNotFound: unknown."""
    instance: str | None = call.values.get("instanceId")
    if instance is not None and instance not in call.session.application.instances:
        raise ResourceNotFound("no such instance of this application")
    return instance
