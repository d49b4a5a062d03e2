"""Statements as PostgreSQL takes them: numbered parameters, and one row as the answer to each.

Statements are sent in batches, each with many sets of parameters, because a round trip costs more than most statements.
What comes back is one row for each set: the oldest version that may use the store, then the statement's own answer.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

#: A text in quotes, or a parameter.
_PARAMETER = re.compile(r"'[^']*'|\?(\d*)")

_OLDEST = "(select oldest from store_version)"

#: The advisory lock that every change shares, and that a migration has for itself.
STORE_LOCK = 0

#: Takes an advisory lock until the end of the transaction, if nobody else has it.
TRY_LOCK = f"select {_OLDEST}, pg_try_advisory_xact_lock($1)"  # a constant


@lru_cache(maxsize=1024)
def finding(*statements: str) -> str:
    """The statement that answers with the rows of each of `statements`, as arrays; their parameters follow each other.

    As one statement, all of them see the same moment.
    """
    parts, arrays, before = [], [], 0
    for place, statement in enumerate(statements):
        text, count = _numbered(statement, before)
        before += count
        parts.append(f"found{place} as ({text})")
        arrays.append(f"array(select found{place} from found{place})")  # noqa: S608  # constants
    return f"with {', '.join(parts)} select {_OLDEST}, {', '.join(arrays)}"  # put together from constants


@lru_cache(maxsize=1024)
def counting(statement: str, then: str | None = None) -> str:
    """The statement that answers how many rows `statement` wrote.

    `then`: a statement `insert into ... select ...` without a source, which is run if it wrote any; its parameters
    follow.
    """
    text, count = _numbered(statement, 0)
    following = ""
    if then is not None:
        following = f", following as ({_numbered(then, count)[0]} where exists (select 1 from written))"  # noqa: S608
    return f"with written as ({text} returning 1){following} select {_OLDEST}, count(*) from written"  # noqa: S608


def writes(statement: str) -> bool:
    """Whether it is one that changes rows, if it finds any."""
    return not statement.lstrip().startswith("select")


def findable(parameters: Iterable[object]) -> list[object]:
    """The parameters of a statement that only reads, as PostgreSQL takes them: it knows no text with U+0000 in it.

    None is ever stored, nor is any with U+FFFE, so what stands in its place finds nothing either.
    """
    return [
        value.replace("\0", "\ufffe") if isinstance(value, str) and "\0" in value else value for value in parameters
    ]


def _numbered(statement: str, before: int) -> tuple[str, int]:
    """`?` as `$1` and so on, after the `before` parameters of others; and how many there are."""
    last = 0

    def number(found: re.Match[str]) -> str:
        nonlocal last
        if found[1] is None:
            return found[0]
        place = int(found[1]) if found[1] else last + 1
        last = max(last, place)
        return f"${before + place}"

    return _PARAMETER.sub(number, statement), last
