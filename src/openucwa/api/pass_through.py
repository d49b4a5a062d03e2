"""The pass-through property: clients return it in a PUT to show that they read the resource first."""

import uuid
from functools import cache

#: The property's value; only its name matters.
PASS_THROUGH_VALUE = "please pass this in a PUT request"  # noqa: S105  # no secret: every answer shows it

_NAMESPACE = uuid.UUID("5d1f0a5e-3f0c-5c0e-9d0b-0f5ce0c7a2f1")


@cache
def pass_through_name(rel: str) -> str:
    """The property's name for resources of this rel: a GUID, the same on every server and across restarts."""
    return str(uuid.uuid5(_NAMESPACE, rel))
