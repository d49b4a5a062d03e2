"""Decoding of bodies: the one place that knows charsets and byte order marks."""

import codecs
import re
from encodings.aliases import aliases
from functools import lru_cache
from typing import Literal, TypeAlias

#: Kinds of body: JSON is always UTF-8; XML may declare its encoding; other text has that of its Content-Type.
TextKind: TypeAlias = Literal["json", "xml", "text"]

#: The supported ones of Python's codecs. The others either are no charset (base64, idna) or are refused by the Encoding
#: Standard as well (UTF-7, HZ).
_CODECS = frozenset({
    "ascii", "utf_8", "utf_16", "utf_16_be", "utf_16_le", "utf_32", "utf_32_be", "utf_32_le",
    *(f"iso8859_{part}" for part in range(2, 17) if part != 12),
    *(f"cp125{page}" for page in range(9)), "cp866", "cp874", "koi8_r", "koi8_u", "mac_roman", "mac_cyrillic",
    "big5", "big5hkscs", "cp949", "cp932", "euc_jp", "euc_kr", "gb18030", "gb2312", "gbk", "iso2022_jp", "shift_jis",
})  # fmt: skip
#: Labels that Python does not know, or knows as something else: the Encoding Standard reads Latin-1 as windows-1252.
_LABELS = {
    **dict.fromkeys(("iso88591", "latin1", "l1", "cp819", "ibm819", "xansi"), "cp1252"),
    "xsjis": "shift_jis",
    "windows31j": "cp932",
    "macintosh": "mac_roman",
    "xmaccyrillic": "mac_cyrillic",
    "unicode": "utf_16",
    "utf8bom": "utf_8",
}
#: Longest first: a UTF-16 mark is the beginning of a UTF-32 one.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf_32_le"),
    (codecs.BOM_UTF32_BE, "utf_32_be"),
    (codecs.BOM_UTF8, "utf_8"),
    (codecs.BOM_UTF16_LE, "utf_16_le"),
    (codecs.BOM_UTF16_BE, "utf_16_be"),
)
#: `<` and the next character in XML without a byte order mark (XML 1.0, appendix F).
_XML_STARTS = (
    (b"\0\0\0<", "utf_32_be"),
    (b"<\0\0\0", "utf_32_le"),
    (b"\0<\0", "utf_16_be"),
    (b"<\0", "utf_16_le"),
)
_DECLARED = re.compile(rb"""<\?xml\s[^>]{0,100}?\sencoding\s{0,20}=\s{0,20}["']([A-Za-z][A-Za-z0-9._:-]{0,60})["']""")
_WIDE = {"utf_16": ("utf_16_le", "utf_16_be"), "utf_32": ("utf_32_le", "utf_32_be")}


class UnknownCharset(ValueError):
    """A charset that is not supported, or not allowed for this kind of body. The text names it."""


def _plain(label: str) -> str:
    return "".join(filter(str.isalnum, label.lower()))


def _known_labels() -> dict[str, str]:
    known = {_plain(codec): codec for codec in _CODECS}
    known |= {_plain(alias): codec for alias, codec in aliases.items() if codec in _CODECS}
    # windows-1252 and so on: Python has them with an underscore only
    return known | _LABELS


# A table of our own, because codecs.lookup() tries to import any name that a stranger sends, and memoizes it for good.
_KNOWN = _known_labels()


@lru_cache(256)
def codec_of(label: str) -> str | None:
    """Python's name of a charset, in any of its spellings; None: it is not supported."""
    return _KNOWN.get(_plain(label)) if len(label) <= 64 else None


def encoding_of(body: bytes, charset: str | None, kind: TextKind) -> str:
    """The codec for `body`. `charset`: the parameter of its Content-Type; None or empty: there is none.

    A byte order mark takes precedence, then the parameter, then XML's own declaration (RFC 7303, 3); the default is
    UTF-8. UnknownCharset: the charset is not supported, or `body` is JSON in another charset than UTF-8.
    """
    if kind == "json":
        if charset and codec_of(charset) != "utf_8":
            raise UnknownCharset(f"JSON must be UTF-8, not {charset[:40]}")
        return "utf_8"
    for mark, codec in _BYTE_ORDER_MARKS:
        if body.startswith(mark):
            return codec
    if charset:
        return _in_order(body, _known(charset))
    if kind == "xml":
        for start, codec in _XML_STARTS:
            if body.startswith(start):
                return codec
        if (declared := _DECLARED.match(body)) is not None:
            return _in_order(body, _known(declared[1].decode("ascii")))
    return "utf_8"


def decode(body: bytes, encoding: str) -> str:
    """The text of `body`, without a byte order mark. UnicodeDecodeError: it is not in this encoding."""
    return body.decode(encoding).removeprefix("\ufeff")


def without_mark(body: bytes) -> bytes:
    """`body` without UTF-8's byte order mark."""
    return body.removeprefix(codecs.BOM_UTF8)


def _known(charset: str) -> str:
    codec = codec_of(charset)
    if codec is None:
        raise UnknownCharset(f"the charset {charset[:40]} is not supported")
    return codec


def _in_order(body: bytes, codec: str) -> str:
    """`codec` with a byte order, if it has several: without a mark, little-endian unless `body` shows otherwise."""
    if codec not in _WIDE:
        return codec
    little, big = _WIDE[codec]
    return big if body[:1] == b"\0" else little
