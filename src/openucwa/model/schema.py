"""JSON Schemas of extensions."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """One version of a user's schema for the extensions with a certain id. An addition to UCWA.

    `version`: from 1, ascending. `schema`: JSON; None: the schema was removed. `changed`: ms since 1970.
    """

    extension_id: str
    version: int
    etag: str
    schema: bytes | None
    changed: int
