"""Matching of texts in rules and filters, without regular expressions: a stranger's could take forever."""

from collections.abc import Callable, Container

from openucwa.model.refusals import ParameterValidationFailure

#: The maximum length of a pattern or a text to search for, in characters.
LONGEST = 1_000

#: The rels of all resources, in lower case.
Rels = Callable[[], Container[str]]


def checked(name: str, text: str | None) -> str:
    """`text`, a pattern or a text to search for, or nothing. ParameterValidationFailure: it is too long."""
    if text is not None and len(text) > LONGEST:
        raise ParameterValidationFailure({name: f"must have at most {LONGEST} characters"})
    return text or ""


def checked_path(pattern: str | None) -> str | None:
    """`pattern`, of a path, or nothing. ParameterValidationFailure: it is too long, or no path matches it."""
    if checked("path", pattern)[:1] not in {"", "/", "*"}:
        raise ParameterValidationFailure({"path": "must be a whole path, or begin with *"})
    return pattern


def checked_rel(rel: str | None, known: Container[str]) -> None:
    """ParameterValidationFailure: no resource has this rel. `known`: all rels, in lower case."""
    if rel is not None and rel.lower() not in known:
        raise ParameterValidationFailure({"rel": "is not the rel of a resource; /sandbox/faults/catalogue lists all"})


def user_matches(user: str | None, wanted: str) -> bool:
    """Whether the caller with the URI `user` is the wanted one: a SIP URI, with or without `sip:`, in any case."""
    return user is not None and wanted.lower().removeprefix("sip:") == user.removeprefix("sip:")


def path_matches(path: str, pattern: str) -> bool:
    """Whether `pattern` stands for the whole path, in any case. `*` in it stands for any text, of several parts too."""
    text = path.lower()
    first, *rest = pattern.lower().split("*")
    if not rest:
        return text == first
    if not text.startswith(first):
        return False
    *middle, last = rest
    place = len(first)
    for piece in middle:
        found = text.find(piece, place)
        if found < 0:
            return False
        place = found + len(piece)
    return len(text) - len(last) >= place and text.endswith(last)
