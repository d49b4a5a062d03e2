"""Which JSON Schemas an extension has to fit: the server's for its id, and its organizer's own."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from openucwa.config_options import ConfigError
from openucwa.meetings.json_schema import check_properties, check_schema
from openucwa.model.schema import SchemaVersion
from openucwa.model.values import InvalidValue
from openucwa.store.contract import Schemas


@dataclass(frozen=True, slots=True)
class ServerSchemas:
    """The schemas of the setting `schemas`, by the extensions' id."""

    by_id: Mapping[str, SchemaVersion]

    @staticmethod
    def read(folder: str | None, max_work: int) -> "ServerSchemas":
        """ConfigError: the folder cannot be read, or a schema in it is not accepted."""
        if folder is None:
            return ServerSchemas({})
        try:
            files = sorted(Path(folder).iterdir())
            return ServerSchemas(
                {
                    unquote(each.stem): _version(unquote(each.stem), each.read_bytes(), max_work, each)
                    for each in files
                    if each.suffix == ".json"
                }
            )
        except OSError as error:
            raise ConfigError(f"schemas: {folder}: {error.strerror}") from None


def _version(extension_id: str, schema: bytes, max_work: int, file: Path) -> SchemaVersion:
    try:
        check_schema(json.loads(schema), max_work)
    except InvalidValue as invalid:
        raise ConfigError(f"schemas: {file} {invalid}") from None
    except ValueError as error:
        raise ConfigError(f"schemas: {file} is not JSON: {error}") from None
    return SchemaVersion(extension_id, 1, hashlib.sha256(schema).hexdigest()[:32], schema, 0)


class ExtensionSchemas:
    """The schemas in force. `max_work`: what one check may cost."""

    def __init__(self, schemas: Schemas, server: ServerSchemas, max_work: int) -> None:
        self._schemas = schemas
        self.server = server.by_id
        self.max_work = max_work

    async def current(self, owner: str, extension_id: str) -> SchemaVersion | None:
        """The schema that is shown for the id: the owner's, or else the server's; None: there is none."""
        found = (await self._schemas.current(owner)).get(extension_id)
        return found or self.server.get(extension_id)

    async def check(self, owner: str, extension_id: str, properties: bytes) -> SchemaVersion | None:
        """Checks an extension that `owner` is about to store; returns the schema that is shown for it, as `current`.

        ParameterValidationFailure: it does not fit. EntityTooLarge: the check would cost too much.
        """
        server, own = self.server.get(extension_id), (await self._schemas.current(owner)).get(extension_id)
        for found in (server, own):
            if found is not None and found.schema is not None:
                check_properties(found.schema, properties, self.max_work)
        return own or server

    def link(self, application: str, shown: SchemaVersion | None) -> str | None:
        """The href of the schema that is shown for an extension, with its version. `application`: the href of the
        application.
        """
        if shown is None:
            return None
        href = schema_href(application, shown.extension_id)
        return href if shown is self.server.get(shown.extension_id) else f"{href}/versions/{shown.version}"


def schema_href(application: str, extension_id: str) -> str:
    """The href of openucwa:schema. `application`: that of the application."""
    return f"{application}/openucwa/schemas/{quote(extension_id, safe='')}"
