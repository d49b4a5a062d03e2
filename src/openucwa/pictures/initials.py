"""Pictures with a person's initials: SVG, or PNG for clients that display nothing else."""

import struct
import unicodedata
import zlib
from colorsys import hls_to_rgb
from html import escape

SVG = "image/svg+xml"
PNG = "image/png"

#: The letters of the PNG: seven rows of five points.
_GLYPHS = {
    "0": "0E11131519110E", "1": "040C040404040E", "2": "0E11010204081F", "3": "1F02040201110E", "4": "02060A121F0202",
    "5": "1F101E0101110E", "6": "0608101E11110E", "7": "1F010204080808", "8": "0E11110E11110E", "9": "0E11110F01020C",
    "A": "0E11111F111111", "B": "1E11111E11111E", "C": "0E11101010110E", "D": "1C12111111121C", "E": "1F10101E10101F",
    "F": "1F10101E101010", "G": "0E11101711110F", "H": "1111111F111111", "I": "0E04040404040E", "J": "0702020202120C",
    "K": "11121418141211", "L": "1010101010101F", "M": "111B1515111111", "N": "11111915131111", "O": "0E11111111110E",
    "P": "1E11111E101010", "Q": "0E11111115120D", "R": "1E11111E141211", "S": "0F10100E01011E", "T": "1F040404040404",
    "U": "1111111111110E", "V": "11111111110A04", "W": "1111111515150A", "X": "11110A040A1111", "Y": "1111110A040404",
    "Z": "1F01020408101F",
}  # fmt: skip
#: Shown for initials of other scripts: head and shoulders.
_FIGURE = ("00100", "01110", "01110", "00100", "01110", "11111", "11111")
_WITHOUT_DECOMPOSITION = str.maketrans({"Æ": "A", "Ø": "O", "Œ": "O", "Þ": "T", "Ð": "D", "Ł": "L", "ß": "S"})


def initials(name: str) -> str:
    """At most two initials, in upper case; one character each."""
    words = name.removeprefix("sip:").split()[:2]
    return "".join(word[0].upper()[0] for word in words)


def as_svg(name: str, size: int) -> bytes:
    """The picture as SVG. `size`: width and height, in pixels."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" '
        f'width="{size}" height="{size}">'
        f'<rect width="96" height="96" fill="hsl({_hue(name)} 45% 38%)"/>'
        '<text x="48" y="48" fill="#fff" font-family="sans-serif" font-size="40" text-anchor="middle" '
        f'dominant-baseline="central">{escape(initials(name))}</text></svg>'
    ).encode()


def as_png(name: str, size: int) -> bytes:
    """The picture as PNG. `size`: width and height, in pixels, of at least 16."""
    pattern = _pattern(initials(name))
    point = max(1, size * 3 // 5 // max(len(pattern[0]), len(pattern)))
    left = (size - point * len(pattern[0])) // 2
    top = (size - point * len(pattern)) // 2
    empty = _packed("0" * size)
    rows = [_packed(_stretched(row, point, left, size)) for row in pattern]
    lines = [empty] * top + [row for row in rows for _ in range(point)]
    return _png(size, lines + [empty] * (size - len(lines)), _hue(name))


def _hue(name: str) -> int:
    return sum(name.encode()) * 47 % 360


def _pattern(letters: str) -> list[str]:
    """The rows of points: the letters, with a gap between them."""
    bases = [unicodedata.normalize("NFKD", letter.translate(_WITHOUT_DECOMPOSITION))[:1].upper() for letter in letters]
    if not bases or any(base not in _GLYPHS for base in bases):
        return list(_FIGURE)
    glyphs = [bytes.fromhex(_GLYPHS[base]) for base in bases]
    return ["0".join(f"{row:05b}" for row in rows) for rows in zip(*glyphs, strict=True)]


def _stretched(row: str, point: int, left: int, size: int) -> str:
    drawn = "0" * left + "".join(bit * point for bit in row)
    return drawn.ljust(size, "0")


def _packed(row: str) -> bytes:
    """A row of a PNG with one bit per point, after the byte that names its filter (none)."""
    width = (len(row) + 7) // 8
    return b"\0" + int(row.ljust(8 * width, "0"), 2).to_bytes(width)


def _png(size: int, lines: list[bytes], hue: int) -> bytes:
    """A PNG (W3C Recommendation, 5.6) with a palette of two colours."""
    ground = bytes(round(255 * part) for part in hls_to_rgb(hue / 360, 0.38, 0.45))
    header = struct.pack(">IIBBBBB", size, size, 1, 3, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", ground + b"\xff\xff\xff"), (b"IDAT", zlib.compress(b"".join(lines))))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*each) for each in (*chunks, (b"IEND", b"")))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
