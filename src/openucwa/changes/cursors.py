"""Cursors: positions in the change log, as clients have them.

A position reveals how much others change, so a cursor is sealed (JWE, `dir` and A256GCM). Its key is derived from the
log's identity: it lasts as long as the log, and a cursor of another log cannot be opened, which is what it is to be.
"""

import hashlib
from typing import TypeAlias

import msgspec
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from openucwa.model.change import Position
from openucwa.model.refusals import ChangesForgotten, ParameterValidationFailure

#: Longer than any cursor, in characters.
_MAX_LENGTH = 512
_HEADER = {"alg": "dir", "enc": "A256GCM"}
_ALGORITHMS = ["dir", "A256GCM"]

_Numbers: TypeAlias = tuple[int, int]


class Cursors:
    """The cursors of one log. `identity`: its identity, which is shown to no one."""

    def __init__(self, identity: str) -> None:
        self.identity = identity
        self._key = OctKey.import_key(hashlib.sha256(b"openucwa.cursor." + identity.encode()).digest())
        self._decoder = msgspec.json.Decoder(_Numbers)

    def seal(self, position: Position) -> str:
        """The cursor of a position; it is safe in a URL and in a header."""
        return jwe.encrypt_compact(_HEADER, msgspec.json.encode(tuple(position)), self._key, algorithms=_ALGORITHMS)

    def open(self, cursor: str) -> Position:
        """The position of a cursor.

        ParameterValidationFailure: it is none. ChangesForgotten: it is not of this log.
        """
        if len(cursor) > _MAX_LENGTH or cursor.count(".") != 4 or not cursor.isascii():
            raise ParameterValidationFailure({"since": "must be a cursor that this server has given"})
        try:
            opened = jwe.decrypt_compact(cursor, self._key, algorithms=_ALGORITHMS)
            return Position(*self._decoder.decode(opened.plaintext or b""))
        except (JoseError, ValueError, KeyError, TypeError, msgspec.MsgspecError):
            raise ChangesForgotten("the cursor is not of this log") from None
