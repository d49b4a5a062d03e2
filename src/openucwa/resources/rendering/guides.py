"""Guides as HTML: Markdown files of this project, with a table of contents, and links that lead to the other pages.

Their text is ours, but no HTML in it is passed on.
"""

import posixpath
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

_WORDLESS = re.compile(r"[^\w\- ]")


class Heading(NamedTuple):
    """A heading of the second level. `anchor`: its id."""

    anchor: str
    text: str


class Rendered(NamedTuple):
    """A guide. `title`: the text of its first heading. `body`: HTML, that heading included."""

    title: str
    headings: Sequence[Heading]
    body: str


def title_of(markdown: str) -> str:
    """The text of a guide's first heading, which is in its first line."""
    return markdown.partition("\n")[0].removeprefix("#").strip()


def render(markdown: str, path: str, places: Mapping[str, str]) -> Rendered:
    """A guide. `path`: of its file. `places`: the address of each page, by the path of its file; links to other files
    are shown as text.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    tokens = parser.parse(markdown)
    headings = list(_anchored(tokens))
    for token in tokens:
        if token.children:
            token.children = _linked(token.children, path, places)
    body = parser.renderer.render(_scrolling(tokens), parser.options, {})
    return Rendered(title_of(markdown), headings, body)


def _anchored(tokens: Sequence[Token]) -> list[Heading]:
    """Gives each heading an id, the one that GitHub gives it; returns those of the second level."""
    taken: dict[str, int] = {}
    found = []
    for place, token in enumerate(tokens):
        if token.type != "heading_open":
            continue
        text = "".join(child.content for child in tokens[place + 1].children or ())
        anchor = _WORDLESS.sub("", text.strip().lower()).replace(" ", "-")
        count = taken[anchor] = taken.get(anchor, -1) + 1
        if count:
            anchor = f"{anchor}-{count}"
        token.attrSet("id", anchor)
        if token.tag == "h2":
            found.append(Heading(anchor, text))
    return found


def _linked(children: Sequence[Token], path: str, places: Mapping[str, str]) -> list[Token]:
    """The tokens of a paragraph, with its links as they are on the server's pages."""
    shown = []
    dropped = False
    for token in children:
        if token.type == "link_open":
            href = _address(str(token.attrGet("href") or ""), path, places)
            dropped = href is None
            if href is not None:
                token.attrSet("href", href)
        if token.type not in {"link_open", "link_close"} or not dropped:
            shown.append(token)
        if token.type == "link_close":
            dropped = False
    return shown


def _address(href: str, path: str, places: Mapping[str, str]) -> str | None:
    """Where a link of a file leads on the server; None: nowhere."""
    parts = urlsplit(href)
    if parts.scheme in {"http", "https"} or not parts.path:
        return href
    place = places.get(posixpath.normpath(posixpath.join(posixpath.dirname(path), parts.path)))
    if place is None:
        return None
    return f"{place}#{parts.fragment}" if parts.fragment else place


def _scrolling(tokens: Sequence[Token]) -> list[Token]:
    """The tokens, with every table in an element that scrolls, and that the keyboard can scroll, as code."""
    shown = []
    for token in tokens:
        if token.type == "table_open":
            shown.append(_block('<div class="scroll" tabindex="0" role="group" aria-label="Table">\n'))
        if token.type in {"fence", "code_block"}:
            token = _block(f'<pre tabindex="0"><code>{escape(token.content)}</code></pre>\n')  # noqa: PLW2901
        shown.append(token)
        if token.type == "table_close":
            shown.append(_block("</div>\n"))
    return shown


def _block(html: str) -> Token:
    return Token("html_block", "", 0, content=html)
