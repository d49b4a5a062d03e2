"""openucwa:schemas: the JSON Schemas that a user's extensions have to fit, by their id. An addition to UCWA."""

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from openucwa.api.answer import NO_CONTENT, Answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation, Resource
from openucwa.config import Config
from openucwa.http.negotiation import JSON
from openucwa.meetings.extension import check_id
from openucwa.meetings.json_schema import check_properties, check_schema
from openucwa.meetings.pools import Pools
from openucwa.meetings.schemas import ExtensionSchemas, schema_href
from openucwa.model.meeting import Extension
from openucwa.model.refusals import (
    EntityTooLarge,
    InvalidExchangeServerVersion,
    LimitExceeded,
    ParameterValidationFailure,
    ResourceNotFound,
)
from openucwa.model.schema import SchemaVersion
from openucwa.model.scopes import MEETINGS
from openucwa.model.values import Instant, InvalidValue
from openucwa.model.world import World, new_etag
from openucwa.representation import json
from openucwa.representation.document import Document, Link, Property
from openucwa.representation.limits import StructureLimits
from openucwa.representation.parameters import Parameter
from openucwa.resources.online_meeting_extensions import EXTENSION_REL, collection_href, extension_href
from openucwa.resources.online_meetings import (
    CHANGE_REFUSALS,
    READ_REFUSALS,
    MeetingFamily,
    meeting_href,
    organizer_of,
)
from openucwa.store.contract import Store

SCHEMA_REL = "openucwa:schema"
SCHEMA_JSON = "application/schema+json"
#: The media types of a schema as an answer.
TYPES = (SCHEMA_JSON, JSON)

#: How many extensions one request for violations checks.
CHECKED = 100

_NO_SCHEMA = "there is no schema for this id"


class SchemaFamily(MeetingFamily[SchemaVersion | None]):
    """A resource of one schema. `target`: the version in force; the server's if the user has none."""

    scopes = frozenset({MEETINGS})
    cached = False

    def __init__(self, store: Store, pools: Pools, schemas: ExtensionSchemas, world: World, config: Config) -> None:
        super().__init__(pools)
        self._store = store
        self._schemas = schemas
        self._world = world
        self._config = config

    async def locate(self, call: Context, extension_id: str = "", **_names: str) -> SchemaVersion | None:
        self.require_pool(call)
        found = await self._schemas.current(organizer_of(call), extension_id)
        if found is None:
            raise ResourceNotFound(_NO_SCHEMA)
        return found

    def document(self, call: Context, found: SchemaVersion) -> Document:
        """openucwa:schema, without the schema itself."""
        href = schema_href(call.application, found.extension_id)
        of_server = self._schemas.server.get(found.extension_id) is found
        properties: dict[str, Property] = {
            "extensionId": found.extension_id,
            "source": "server" if of_server else "user",
        }
        links = {"openucwa:violations": Link(f"{href}/violations")}
        if not of_server:
            properties |= {"version": found.version, "changed": Instant(found.changed), "etag": found.etag}
            links["openucwa:versions"] = Link(f"{href}/versions")
        return Document(rel=SCHEMA_REL, href=href, properties=properties, links=links)


class Schemas(SchemaFamily):
    """openucwa:schemas. The JSON Schemas in force, of the user and of the server."""

    rel = "openucwa:schemas"

    async def locate(self, call: Context, extension_id: str = "", **_names: str) -> SchemaVersion | None:
        self.require_pool(call)
        return None

    @Operation("The JSON Schemas for the user's extensions.", refuses=READ_REFUSALS)
    async def get(self, call: Call[SchemaVersion | None]) -> Answer:
        """openucwa:schemas, GET."""
        found = {**self._schemas.server, **await self._store.schemas.current(organizer_of(call))}
        return Answer(
            Document(
                rel=self.rel,
                href=f"{call.application}/openucwa/schemas",
                embedded={SCHEMA_REL: [self.document(call, found[name]) for name in sorted(found)]},
            )
        )


class Schema(SchemaFamily):
    """openucwa:schema. The JSON Schema for the extensions with a certain id."""

    rel = SCHEMA_REL
    conditional = True

    def __init__(self, store: Store, pools: Pools, schemas: ExtensionSchemas, world: World, config: Config) -> None:
        super().__init__(store, pools, schemas, world, config)
        self._limits = StructureLimits(config.max_body_depth, config.max_body_elements)

    async def locate(self, call: Context, extension_id: str = "", **names: str) -> SchemaVersion | None:
        if call.method == "GET":
            return await super().locate(call, extension_id=extension_id, **names)
        self.require_pool(call)
        try:
            check_id(extension_id)
        except InvalidValue as invalid:
            raise ResourceNotFound(f"the id of an extension {invalid}") from None
        found = (await self._store.schemas.current(organizer_of(call))).get(extension_id)
        if found is None and call.method == "DELETE":
            raise ResourceNotFound(_NO_SCHEMA)
        return found or SchemaVersion(extension_id, 0, "", None, 0)

    def etag(self, call: Context, target: SchemaVersion | None) -> str | None:
        return target.etag or None if target is not None else None

    @Operation("The schema.", produces=TYPES, refuses=READ_REFUSALS)
    async def get(self, call: Call[SchemaVersion | None]) -> Answer:
        """openucwa:schema, GET."""
        return _schema(call, call.target)

    @Operation(
        "Sets the JSON Schema (2020-12) for the user's extensions with this id.",
        answers=(200, 201),
        consumes=(SCHEMA_JSON,),
        schema={"type": "object"},
        refuses=(*CHANGE_REFUSALS, LimitExceeded, EntityTooLarge, InvalidExchangeServerVersion),
    )
    async def put(self, call: Call[SchemaVersion | None]) -> Answer:
        """openucwa:schema, PUT. Extensions that are stored already stay as they are; openucwa:violations lists those
        that do not fit.
        """
        schema = call.text.encode()
        if len(schema) > self._config.max_schema_bytes:
            raise EntityTooLarge(
                f"the schema has {len(schema):,} bytes; at most {self._config.max_schema_bytes:,} are allowed"
            )
        try:
            check_schema(json.read_value(call.text, self._limits), self._config.max_schema_work)
        except InvalidValue as invalid:
            raise ParameterValidationFailure({"schema": str(invalid)}) from None
        extension_id = call.target.extension_id if call.target is not None else ""
        stored = await self._store.schemas.put(
            organizer_of(call),
            extension_id,
            call.if_match,
            new_etag(self._world),
            schema,
            self._world.now(),
            self._config.max_schemas,
            self._config.max_schema_versions,
        )
        document = self.document(call, stored)
        if call.etag is not None:
            return Answer(document, etag=stored.etag)
        return Answer(document, 201, etag=stored.etag, location=document.href)

    @Operation("Removes the schema, but not its versions.", answers=(204,), produces=(), refuses=CHANGE_REFUSALS)
    async def delete(self, call: Call[SchemaVersion | None]) -> Answer:
        """openucwa:schema, DELETE."""
        extension_id = call.target.extension_id if call.target is not None else ""
        etag, now = new_etag(self._world), self._world.now()
        await self._store.schemas.remove(organizer_of(call), extension_id, call.if_match, etag, now)
        return NO_CONTENT


class SchemaVersions(SchemaFamily):
    """openucwa:schemaVersions. The versions of a user's schema that are kept."""

    rel = "openucwa:schemaVersions"

    async def locate(self, call: Context, extension_id: str = "", **_names: str) -> SchemaVersion | None:
        self.require_pool(call)
        return SchemaVersion(extension_id, 0, "", None, 0)

    @Operation("The versions of the schema, newest first.", refuses=READ_REFUSALS)
    async def get(self, call: Call[SchemaVersion | None]) -> Answer:
        """openucwa:schemaVersions, GET. Removed schemas have versions too."""
        extension_id = call.target.extension_id if call.target is not None else ""
        versions = await self._store.schemas.versions(organizer_of(call), extension_id)
        if not versions:
            raise ResourceNotFound(_NO_SCHEMA)
        href = f"{schema_href(call.application, extension_id)}/versions"
        embedded = [
            Document(
                rel="openucwa:schemaVersion",
                href=f"{href}/{each.version}",
                properties={
                    "version": each.version,
                    "changed": Instant(each.changed),
                    "removed": each.schema is None,
                    "etag": each.etag,
                },
            )
            for each in versions
        ]
        return Answer(Document(rel=self.rel, href=href, embedded={"openucwa:schemaVersion": embedded}))


class OneSchemaVersion(SchemaFamily):
    """openucwa:schemaVersion. One version of a user's schema."""

    rel = "openucwa:schemaVersion"

    async def locate(
        self, call: Context, extension_id: str = "", schema_version: str = "", **_names: str
    ) -> SchemaVersion | None:
        self.require_pool(call)
        for each in await self._store.schemas.versions(organizer_of(call), extension_id):
            if str(each.version) == schema_version and each.schema is not None:
                return each
        raise ResourceNotFound("there is no such version of this schema")

    @Operation("One version of the schema.", produces=TYPES, refuses=READ_REFUSALS)
    async def get(self, call: Call[SchemaVersion | None]) -> Answer:
        """openucwa:schemaVersion, GET."""
        return _schema(call, call.target)


class Violations(SchemaFamily):
    """openucwa:violations. The stored extensions that do not fit a schema."""

    rel = "openucwa:violations"

    @Operation(
        "The user's extensions with this id that do not fit the schema.",
        query=(Parameter("after", description="The meeting after which to continue; the link next has it."),),
        refuses=READ_REFUSALS,
    )
    async def get(self, call: Call[SchemaVersion | None]) -> Answer:
        """openucwa:violations, GET. It checks up to 100 extensions; `next` leads to the others."""
        if call.target is None or call.target.schema is None:
            raise ResourceNotFound(_NO_SCHEMA)
        extension_id, after = call.target.extension_id, call.values.get("after", "")
        found = await self._store.schemas.extensions(organizer_of(call), extension_id, after, CHECKED)
        violations = []
        for meeting_id, extension in found:
            faults = self._faults(call.target.schema, extension)
            if faults:
                violations.append(_violation(call, meeting_id, extension, faults))
            await asyncio.sleep(0)  # other requests get a turn between two checks
        href = f"{schema_href(call.application, extension_id)}/violations"
        links = {"next": Link(f"{href}?after={quote(found[-1][0], safe='')}")} if len(found) == CHECKED else {}
        properties: dict[str, Property] = {"checked": len(found)}
        if call.target is not self._schemas.server.get(extension_id):
            properties["version"] = call.target.version
        return Answer(
            Document(
                rel=self.rel,
                href=f"{href}?after={quote(after, safe='')}" if after else href,
                properties=properties,
                links=links,
                embedded={"openucwa:violation": violations},
            )
        )

    def _faults(self, schema: bytes, extension: Extension) -> dict[str, str]:
        try:
            check_properties(schema, extension.properties, self._config.max_schema_work)
        except ParameterValidationFailure as invalid:
            return dict(invalid.parameters)
        except EntityTooLarge as refusal:
            return {"properties": str(refusal)}
        return {}


def _violation(call: Context, meeting_id: str, extension: Extension, faults: dict[str, str]) -> Document:
    href = extension_href(collection_href(meeting_href(call, meeting_id)), extension.id)
    return Document(
        rel="openucwa:violation",
        href=f"{schema_href(call.application, extension.id)}/violations#{meeting_id}",
        properties={
            "onlineMeetingId": meeting_id,
            "etag": extension.etag,
            "violations": [f"{name}: {why}" for name, why in faults.items()],
        },
        links={EXTENSION_REL: Link(href)},
    )


def _schema(call: Call[Any], found: SchemaVersion | None) -> Answer:
    if found is None or found.schema is None:
        raise ResourceNotFound(_NO_SCHEMA)
    return Answer(body=found.schema, content_type=call.media_type, etag=found.etag)


def schema_routes(
    root: str, store: Store, pools: Pools, schemas: ExtensionSchemas, world: World, config: Config
) -> Iterator[tuple[str, Resource[Any]]]:
    """`root`: the template of openucwa:schemas."""
    with_all = (store, pools, schemas, world, config)
    schema = f"{root}/{{extension_id}}"
    yield root, Schemas(*with_all)
    yield schema, Schema(*with_all)
    yield f"{schema}/versions", SchemaVersions(*with_all)
    yield f"{schema}/versions/{{schema_version}}", OneSchemaVersion(*with_all)
    yield f"{schema}/violations", Violations(*with_all)
