"""The short form of a resource in the API description: its properties and links."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """The content of a resource. `properties`: `name:type`, separated by blanks; a type is string, integer, boolean,
    date, the name of an enum, or one of these in brackets: an array. `links`, `embedded`: rels; `rel*` is an array, and
    `rel:other` embeds resources of another rel. `puttable`: it has an etag and a pass-through property. `custom`: it
    has programmer-defined properties. `also`: a further rel with the same content.
    """

    properties: str = ""
    links: str = ""
    embedded: str = ""
    puttable: bool = False
    custom: bool = False
    also: str | None = None
