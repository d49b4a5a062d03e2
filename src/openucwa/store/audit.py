"""The audit log: one line for each removal, once it is committed."""

import logging
from collections.abc import Iterable
from typing import NamedTuple

#: Above logging's own levels, so that no `log_level` hides it.
AUDIT = 60

logger = logging.getLogger("openucwa.audit")


class Removal(NamedTuple):
    """A removal. `kind`: what was removed (a user, meeting, ...); `owner`: whose it was; `reason`: why, in words."""

    kind: str
    id: str
    owner: str
    reason: str


def log(removals: Iterable[Removal]) -> None:
    """Logs committed removals."""
    for removal in removals:
        logger.log(AUDIT, "removed %s %s of %s: %s", *removal)
