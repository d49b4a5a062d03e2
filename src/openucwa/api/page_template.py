"""Templates of HTML pages: files of `web/` in which `{name}` stands for a value.

An optional part is between `<!-- name -->` and `<!-- /name -->`, on lines of their own.
"""

import re
from html import escape
from importlib.resources import files

_VALUE = re.compile(r"\{(\w+)\}")
_PART = re.compile(r" *<!-- (\w+) -->\n(.*?) *<!-- /\1 -->\n", re.DOTALL)


class Html(str):
    """A value that is HTML, and so not escaped."""

    __slots__ = ()


class PageTemplate:
    """A template. `name`: of its file. `parts`: whether each of its optional parts is shown."""

    def __init__(self, name: str, **parts: bool) -> None:
        text = files("openucwa.web").joinpath(name).read_text("utf-8")
        self._text = _PART.sub(lambda found: found[2] if parts[found[1]] else "", text)

    def fill(self, **values: str) -> str:
        """The page with these values. KeyError: one that it names is missing."""
        return _VALUE.sub(lambda found: _shown(values[found[1]]), self._text)


def _shown(value: str) -> str:
    return value if isinstance(value, Html) else escape(value)
