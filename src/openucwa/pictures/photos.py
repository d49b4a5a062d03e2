"""Makes what is stored of a photo: square pictures in several sizes, without metadata."""

import asyncio
import contextlib
import hashlib
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from openucwa.model.photo import PHOTO_SIZES, Picture
from openucwa.model.refusals import BadRequest, EntityTooLarge, ServiceUnavailable, TooManyRequests

_DECODER = "openucwa.pictures.decoder"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoSettings:
    """The settings about photos that are set, as `config.py` describes them."""

    max_photo_bytes: int
    max_photo_pixels: int
    max_photo_size: int
    max_stored_photo_bytes: int
    photo_timeout: float
    max_photos_in_flight: int


class _Made(msgspec.Struct):
    size: int
    media_type: str
    data: bytes


class _Answer(msgspec.Struct):
    pictures: list[_Made] = []
    refused: str | None = None
    too_large: bool = False


class PhotoMaker:
    """Makes pictures of photos, each in a process that ends with it: a hostile photo can neither block the event loop
    nor reach what the server knows. One at a time; further ones wait.
    """

    def __init__(self, settings: PhotoSettings) -> None:
        self._settings = settings
        self._turn = asyncio.Lock()
        self._owners: set[str] = set()

    async def make(self, owner: str, photo: bytes) -> Sequence[Picture]:
        """The pictures of `photo`, to be stored for `owner`.

        BadRequest: not a JPEG or PNG picture, or broken. EntityTooLarge: too many bytes or pixels. TooManyRequests:
        another photo of the same owner is in progress. ServiceUnavailable: too many are waiting, or the timeout has
        passed.
        """
        settings = self._settings
        if len(photo) > settings.max_photo_bytes:
            raise EntityTooLarge(f"the photo is larger than {settings.max_photo_bytes:,} bytes")
        if owner in self._owners:
            raise TooManyRequests("another photo of this user is being processed", retry_after=1)
        if len(self._owners) >= settings.max_photos_in_flight:
            raise ServiceUnavailable("too many photos are being processed", 1)
        self._owners.add(owner)
        try:
            async with self._turn:
                answer = await self._decode(photo)
        finally:
            self._owners.discard(owner)
        if answer.refused is not None:
            raise EntityTooLarge(answer.refused) if answer.too_large else BadRequest(answer.refused)
        return [Picture(each.size, each.media_type, etag_of(each.data), each.data) for each in answer.pictures]

    async def _decode(self, photo: bytes) -> _Answer:
        settings = self._settings
        options = {
            "--max-pixels": settings.max_photo_pixels,
            "--max-size": settings.max_photo_size,
            "--max-bytes": settings.max_stored_photo_bytes,
            # CPU time; the timeout is that of a clock.
            "--seconds": max(1, round(settings.photo_timeout)),
        }
        arguments = [str(part) for pair in options.items() for part in pair]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            _DECODER,
            *arguments,
            *map(str, PHOTO_SIZES),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=_environment(os.environ),
        )
        try:
            output, _ = await asyncio.wait_for(process.communicate(photo), settings.photo_timeout)
        except TimeoutError:
            raise ServiceUnavailable("the photo was not processed in time", 10) from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        try:
            return msgspec.json.decode(output, type=_Answer)
        except msgspec.MsgspecError:
            # It was ended by one of its limits, or by a fault in a decoder.
            return _Answer(refused="the photo cannot be decoded")


def etag_of(data: bytes) -> str:
    """The etag of a picture: the same for the same data."""
    return str(int.from_bytes(hashlib.blake2b(data, digest_size=8).digest()) >> 2)


def _environment(names: Mapping[str, str]) -> dict[str, str]:
    """The environment without this server's settings, which may contain passwords."""
    return {name: value for name, value in names.items() if not name.startswith("OPENUCWA_")}
