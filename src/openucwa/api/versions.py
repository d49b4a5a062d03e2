"""Versions of resources (UCWA: Versioning)."""

import re

from openucwa.http.lists import ListLimits, elements
from openucwa.http.message import Request

#: The supported version of UCWA's resources.
UCWA_VERSION = 2.0

_HEADER = b"x-ms-requiresminresourceversion"
_VERSION = re.compile(r"[0-9]+(?:\.[0-9]*)?")


def required_version(request: Request, limits: ListLimits) -> str | None:
    """The highest version that the client requires of the resource, as sent; None: any.

    What is not a number is ignored.
    """
    if _HEADER not in request.headers:
        return None
    versions = (each for each in elements(request.header(_HEADER) or "", limits) if _VERSION.fullmatch(each))
    return max(versions, key=float, default=None)


def requires_second(request: Request, limits: ListLimits) -> bool:
    """Whether the client requires the second version of the resource."""
    version = required_version(request, limits)
    return version is not None and float(version) > 1
