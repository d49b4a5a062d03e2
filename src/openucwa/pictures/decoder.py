"""Makes the stored pictures of a photo. This module is run as a process (`python -m`), which ends after one photo.

It reads the photo from stdin and writes one JSON object to stdout: `pictures`, or `refused` with the reason. No other
module imports it, so that only this process has Pillow. The process limits its own memory and time before it reads
anything.
"""

import argparse
import base64
import io
import json
import resource
import sys
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

#: Formats that are read. Each further one is more code that parses what strangers send.
FORMATS = ("JPEG", "PNG")
#: Tried until a picture is small enough.
_QUALITIES = (88, 75, 60, 40, 20)
#: Besides the pixels: Python, Pillow, and buffers of the format. Pixels are held up to three times, of 4 bytes.
_MEMORY = 512 * 1_048_576
_BYTES_PER_PIXEL = 12


class Refused(Exception):
    """The photo is not accepted. The text is for the user. `too_large`: whether it has too many pixels."""

    def __init__(self, reason: str, *, too_large: bool = False) -> None:
        super().__init__(reason)
        self.too_large = too_large


def main() -> int:
    """Runs the process. Returns the exit status."""
    parser = argparse.ArgumentParser()
    for name in ("--max-pixels", "--max-size", "--max-bytes", "--seconds"):
        parser.add_argument(name, type=int, required=True)
    parser.add_argument("sizes", type=int, nargs="+")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CPU, (options.seconds, options.seconds))
    _limit(resource.RLIMIT_AS, _MEMORY + _BYTES_PER_PIXEL * options.max_pixels)
    _limit(resource.RLIMIT_FSIZE, 0)
    try:
        sizes = [size for size in options.sizes if size <= options.max_size]
        made = make(sys.stdin.buffer.read(), options.max_pixels, options.max_bytes, sizes or [options.max_size])
        answer: dict[str, Any] = {"pictures": made}
    except Refused as refused:
        answer = {"refused": str(refused), "too_large": refused.too_large}
    except MemoryError:
        answer = {"refused": "the photo needs too much memory"}
    json.dump(answer, sys.stdout)
    return 0


def make(photo: bytes, max_pixels: int, max_bytes: int, sizes: Sequence[int]) -> list[dict[str, Any]]:
    """The photo in these sizes, as far as it is large enough, and at least one picture; each of at most `max_bytes`."""
    square = _square(_decoded(photo, max_pixels, max(sizes)))
    fitting = [size for size in sorted(sizes) if size <= square.width] or [min(square.width, *sizes)]
    made = []
    # Large photos are halved first, which is faster, and small pictures made of the largest one.
    square = square.resize((fitting[-1],) * 2, Image.Resampling.LANCZOS, reducing_gap=2.0)
    for size in fitting:
        media_type, data = _encoded(square.resize((size, size), Image.Resampling.LANCZOS), max_bytes)
        made.append({"size": size, "media_type": media_type, "data": base64.b64encode(data).decode()})
    return made


def _decoded(photo: bytes, max_pixels: int, wanted: int) -> Image.Image:
    """The photo, upright, as RGB or RGBA. Only its header is read before its size is checked."""
    Image.MAX_IMAGE_PIXELS = max_pixels
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        image = Image.open(io.BytesIO(photo), formats=FORMATS)
        if image.width * image.height > max_pixels:
            raise _too_many(max_pixels)
        # JPEG: decodes an eighth, a quarter or half of a large photo only.
        image.draft("RGB", (2 * wanted, 2 * wanted))
        image.load()
        transparent = image.has_transparency_data
        upright = ImageOps.exif_transpose(image)
        return upright.convert("RGBA" if transparent else "RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many(max_pixels) from None
    except UnidentifiedImageError:
        raise Refused(f"the photo is neither {' nor '.join(FORMATS)}") from None
    except (OSError, SyntaxError, ValueError, ArithmeticError, EOFError, LookupError):
        # What Pillow raises depends on where the data is broken.
        raise Refused("the photo is damaged") from None


def _too_many(max_pixels: int) -> Refused:
    return Refused(f"the photo has more than {max_pixels:,} pixels", too_large=True)


def _square(image: Image.Image) -> Image.Image:
    """The middle of the picture; of a portrait the upper part, where the face is."""
    side = min(image.size)
    left = (image.width - side) // 2
    top = (image.height - side) // 4
    return image.crop((left, top, left + side, top + side))


def _encoded(picture: Image.Image, max_bytes: int) -> tuple[str, bytes]:
    """The media type and the data, without metadata: PNG if parts are transparent and it is small enough, or JPEG."""
    # A copy of the pixels: encoders write metadata that they find in `info`.
    bare = Image.new(picture.mode, picture.size)
    bare.paste(picture)
    if bare.mode == "RGBA":
        if bare.getchannel("A").getextrema() != (255, 255):
            for data in _saved([bare], "PNG", [{"optimize": True}]):
                if len(data) <= max_bytes:
                    return "image/png", data
        ground = Image.new("RGBA", bare.size, "white")
        bare = Image.alpha_composite(ground, bare).convert("RGB")
    options = [{"quality": quality, "optimize": True} for quality in _QUALITIES]
    for data in _saved([bare] * len(options), "JPEG", options):
        if len(data) <= max_bytes:
            return "image/jpeg", data
    raise Refused(f"the photo cannot be stored in {max_bytes:,} bytes")


def _saved(pictures: Iterable[Image.Image], form: str, options: Iterable[dict[str, Any]]) -> Iterable[bytes]:
    for picture, each in zip(pictures, options, strict=True):
        target = io.BytesIO()
        picture.save(target, form, **each)
        yield target.getvalue()


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


if __name__ == "__main__":
    sys.exit(main())
