"""The description of the package: README.md without the links to files beside it, which a package index does not have.

Hatchling calls this when it builds the package or reads its metadata.
"""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

#: A link to a file of the project, with or without a place in it.
_RELATIVE = re.compile(r"\[([^\]]+)\]\((?!https?:|#)[^)]+\)")
_NOTE = """
The guides named above, such as docs/operating.md, are in the package: a running server shows them at `/docs`.
"""


class ReadmeHook(MetadataHookInterface):
    """Sets `readme`."""

    def update(self, metadata: dict[str, Any]) -> None:
        text = (Path(self.root) / "README.md").read_text("utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": _RELATIVE.sub(r"\1", text) + _NOTE}
