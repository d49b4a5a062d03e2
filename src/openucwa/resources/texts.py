"""Texts for people, in the language of the client.

They are written in English where they are used; each other language has a module, such as `texts_de`, that gives them
by their English text, as the pages have theirs (web/texts-de.js).
"""

from openucwa.api.call import Context
from openucwa.http.languages import preferred
from openucwa.resources import texts_de

_TEXTS: dict[str, dict[str, str]] = {"en": {}, "de": texts_de.TEXTS}


class Texts:
    """The texts in the language that the client of a call prefers. `language`: such as `de`."""

    def __init__(self, call: Context) -> None:
        self.language = preferred(call.request.header(b"accept-language"), tuple(_TEXTS), call.lists)

    def __call__(self, text: str) -> str:
        """A text in this language."""
        return _TEXTS[self.language].get(text, text)
