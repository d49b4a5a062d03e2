"""Photos for tests."""

import io
import struct
import zlib
from typing import Any

from PIL import Image

#: Where the photo was taken, which nobody else is to learn.
PLACE = b"somewhere at home"


def photo(
    width: int = 800, height: int = 600, form: str = "JPEG", mode: str = "RGB", right: Any = "blue", **options: Any
) -> bytes:
    """A picture whose left half is red and whose right half is blue."""
    image = Image.new("RGBA", (width, height), "red")
    image.paste(right, (width // 2, 0, width, height))
    if mode != "RGBA":
        image = image.convert("RGB").convert(mode)
    target = io.BytesIO()
    image.save(target, form, **options)
    return target.getvalue()


def with_metadata() -> bytes:
    """A JPEG with EXIF, XMP, ICC profile and comment."""
    exif = Image.Exif()
    exif[0x010E] = PLACE.decode()
    exif[0x0112] = 6  # to be turned by 90 degrees
    return photo(exif=exif.tobytes(), comment=PLACE, icc_profile=PLACE, xmp=PLACE)


def bomb(width: int, height: int) -> bytes:
    """A small PNG of this size: of bits that are all zero."""
    row = b"\0" * ((width + 7) // 8 + 1)
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def opened(data: bytes) -> Image.Image:
    """The picture, decoded."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def colour(data: bytes, x: float, y: float) -> str:
    """The colour of a point (0 to 1): red, blue, or another one."""
    image = opened(data).convert("RGB")
    found = image.getpixel((int(x * (image.width - 1)), int(y * (image.height - 1))))
    assert isinstance(found, tuple)
    red, green, blue = found[:3]
    if red > 200 and green < 60 and blue < 60:
        return "red"
    if blue > 200 and green < 60 and red < 60:
        return "blue"
    return f"{red} {green} {blue}"
