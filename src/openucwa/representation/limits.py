"""Limits on the structure of request bodies, in either format."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StructureLimits:
    """`depth`: levels of nesting. `elements`: values of a JSON body; of an XML body elements, attributes, and namespace
    declarations, each.
    """

    depth: int = 32
    elements: int = 40_000

    @property
    def too_deep(self) -> str:
        """The message for a body with more levels."""
        return f"the body is nested more than {self.depth} levels deep"

    @property
    def too_many(self) -> str:
        """The message for a body with more elements."""
        return f"the body has more than {self.elements:,} elements"
