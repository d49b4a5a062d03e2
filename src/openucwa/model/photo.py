"""Photos of users."""

from dataclasses import dataclass

#: The sizes that a photo is stored in, as far as the original is large enough: width and height in pixels.
PHOTO_SIZES = (48, 64, 96, 240, 648)


@dataclass(frozen=True, slots=True)
class Picture:
    """A square picture. `size`: its width and height, in pixels. `media_type`: image/jpeg or image/png. `etag`: the
    same for the same data.
    """

    size: int
    media_type: str
    etag: str
    data: bytes


@dataclass(frozen=True, slots=True)
class PhotoOrigin:
    """The origin of a photo. `source`: the directory; None: it was set by the user or an administrator.
    `fingerprint`: of the directory's original.
    """

    source: str | None
    fingerprint: str
