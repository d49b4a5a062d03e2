"""How large the structure of a request's body may be, in either format."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StructureLimits:
    """`depth`: levels of nesting. `elements`: values of a JSON body; of an XML body elements, attributes, and
    declarations of namespaces, each."""

    depth: int = 32
    elements: int = 40_000

    @property
    def too_deep(self) -> str:
        """The sentence for a body that is nested deeper."""
        return f"the body is nested more than {self.depth} levels deep"

    @property
    def too_many(self) -> str:
        """The sentence for a body that has more elements."""
        return f"the body has more than {self.elements:,} elements"
