"""The size of an answer, estimated before it is rendered."""

from openucwa.api.answer import Shown
from openucwa.model.refusals import EntityTooLarge
from openucwa.representation.document import Document

#: The approximate size of a resource without programmer-defined properties: documented properties and links.
_DOCUMENT_BYTES = 500


def size_of(shown: Shown) -> int:
    """The approximate size of a document as JSON, in bytes: stored content plus a constant for everything else."""
    if not isinstance(shown, Document):
        return 0  # event sets have a limit of their own
    size = _DOCUMENT_BYTES + len(shown.custom)
    for value in shown.properties.values():
        if isinstance(value, str):
            size += len(value)
        elif isinstance(value, list | tuple):
            size += sum(len(item) + 3 for item in value if isinstance(item, str))
    for inner in shown.embedded.values():
        if isinstance(inner, Document):
            size += size_of(inner)
        else:
            size += sum(map(size_of, inner))
    return size


def check_size(shown: Shown, limit: int) -> None:
    """EntityTooLarge: the answer would be larger than `limit` bytes."""
    if size_of(shown) > limit:
        raise EntityTooLarge(f"the answer would be larger than {limit} bytes; read what it embeds one by one")
