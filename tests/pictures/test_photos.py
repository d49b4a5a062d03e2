"""What is stored of a photo."""

import asyncio
import io
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from openucwa.config import Config
from openucwa.model.photo import PHOTO_SIZES
from openucwa.model.refusals import BadRequest, EntityTooLarge, Refusal, ServiceUnavailable, TooManyRequests
from openucwa.pictures.photos import PhotoMaker, PhotoSettings
from tests.pictures.images import PLACE, bomb, colour, opened, photo, with_metadata
from tests.users import DANA, LENE

Making = Callable[..., PhotoMaker]


@pytest.fixture
def making() -> Making:
    """Creates a maker with other settings. The timeout is long, for slow machines."""
    return lambda **settings: PhotoMaker(Config(**{"photo_timeout": 60.0} | settings).part(PhotoSettings))


@pytest.fixture
def maker(making: Making) -> PhotoMaker:
    return making()


@pytest.mark.parametrize(("form", "mode"), [("JPEG", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "P")])
async def test_photo_is_stored_as_jpeg_in_each_size(maker: PhotoMaker, form: str, mode: str) -> None:
    pictures = await maker.make(LENE, photo(form=form, mode=mode))
    assert [(each.size, each.media_type) for each in pictures] == [
        (size, "image/jpeg") for size in PHOTO_SIZES if size <= 600
    ]
    for each in pictures:
        image = opened(each.data)
        assert (image.size, image.format) == ((each.size, each.size), "JPEG")


async def test_transparent_photo_is_stored_as_png(maker: PhotoMaker) -> None:
    pictures = await maker.make(LENE, photo(form="PNG", mode="RGBA", right=(0, 0, 255, 0)))
    assert {each.media_type for each in pictures} == {"image/png"}
    assert opened(pictures[-1].data).convert("RGBA").getpixel((0, 0)) == (255, 0, 0, 255)


async def test_photo_with_an_unused_alpha_channel_is_stored_as_jpeg(maker: PhotoMaker) -> None:
    pictures = await maker.make(LENE, photo(form="PNG", mode="RGBA"))
    assert {each.media_type for each in pictures} == {"image/jpeg"}


async def test_middle_of_a_wide_photo_is_stored(maker: PhotoMaker) -> None:
    (picture, *_) = await maker.make(LENE, photo(1200, 300))
    assert [colour(picture.data, x, 0.5) for x in (0.1, 0.9)] == ["red", "blue"]


async def test_photo_smaller_than_every_size_is_not_enlarged(maker: PhotoMaker) -> None:
    assert [each.size for each in await maker.make(LENE, photo(30, 20))] == [20]


async def test_photo_of_one_point_is_accepted(maker: PhotoMaker) -> None:
    assert [each.size for each in await maker.make(LENE, photo(1, 1))] == [1]


async def test_stored_photo_is_upright_and_has_no_metadata(maker: PhotoMaker) -> None:
    original = with_metadata()
    assert PLACE in original
    pictures = await maker.make(LENE, original)
    for each in pictures:
        assert PLACE not in each.data
        assert not {"exif", "icc_profile", "comment", "xmp"} & opened(each.data).info.keys()
    # It was turned to the right: what was left is on top now.
    assert [colour(pictures[-1].data, 0.5, y) for y in (0.05, 0.95)] == ["red", "blue"]


async def test_max_photo_size_bounds_what_is_stored(making: Making) -> None:
    assert [each.size for each in await making(max_photo_size=100).make(LENE, photo())] == [48, 64, 96]
    assert [each.size for each in await making(max_photo_size=40).make(LENE, photo())] == [40]


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
async def test_stored_photo_has_at_most_the_set_bytes(making: Making, mode: str) -> None:
    noise = random.Random(1).randbytes(700 * 700 * len(mode))  # noqa: S311
    target = io.BytesIO()
    Image.frombytes(mode, (700, 700), noise).save(target, "PNG")
    maker = making(max_stored_photo_bytes=100_000, max_photo_bytes=10_000_000)
    pictures = await maker.make(LENE, target.getvalue())
    assert [each.size for each in pictures] == list(PHOTO_SIZES)
    assert max(len(each.data) for each in pictures) <= 100_000


async def test_photo_of_too_many_bytes_is_refused(making: Making) -> None:
    with pytest.raises(EntityTooLarge, match="1,000 bytes"):
        await making(max_photo_bytes=1_000).make(LENE, photo())


async def test_decompression_bomb_is_refused_before_it_is_decoded(maker: PhotoMaker) -> None:
    small = bomb(60_000, 40_000)
    assert len(small) < Config().max_photo_bytes
    with pytest.raises(EntityTooLarge, match="16,777,216 pixels"):
        await maker.make(LENE, small)


async def test_max_photo_pixels_is_the_limit_of_pixels(making: Making) -> None:
    maker = making(max_photo_pixels=10_000)
    assert await maker.make(LENE, bomb(100, 100))
    with pytest.raises(EntityTooLarge, match="10,000 pixels"):
        await maker.make(LENE, bomb(100, 101))


BROKEN = {
    "empty": b"",
    "text": b"hello",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "gif": b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
    "half a jpeg": photo()[:2_000],
    "half a png": photo(form="PNG")[:100],
    "png of a size that is not there": bomb(100, 100).replace(b"IDAT", b"IDAX"),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_invalid_picture_is_refused(maker: PhotoMaker, name: str) -> None:
    with pytest.raises(BadRequest):
        await maker.make(LENE, BROKEN[name])


async def test_random_damage_is_refused_or_decoded_within_the_limits(maker: PhotoMaker) -> None:
    chance = random.Random(2)  # noqa: S311
    for form in ("JPEG", "PNG") * 3:
        original = bytearray(photo(80, 60, form))
        for _ in range(20):
            original[chance.randrange(len(original))] = chance.randrange(256)
        try:
            pictures = await maker.make(LENE, bytes(original))
        except Refusal as refusal:
            assert type(refusal) in {BadRequest, EntityTooLarge}  # noqa: PT017
        else:
            assert all(opened(each.data).size == (each.size, each.size) for each in pictures)


async def test_event_loop_runs_while_a_photo_is_processed(maker: PhotoMaker) -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counting = asyncio.create_task(count())
    await maker.make(LENE, photo(3_000, 3_000))
    counting.cancel()
    assert turns > 100


async def test_decoder_is_not_imported_by_this_process(maker: PhotoMaker) -> None:
    await maker.make(LENE, photo())
    assert "openucwa.pictures.decoder" not in sys.modules


def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Replaces the process that decodes."""
    file = tmp_path / "python"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(file))


async def test_decoder_does_not_get_the_servers_settings(
    maker: PhotoMaker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    stand_in(tmp_path, monkeypatch, f'env > {seen}\necho \'{{"refused": "seen"}}\'')
    monkeypatch.setenv("OPENUCWA_STORE", "postgresql://user:password@db/openucwa")
    with pytest.raises(BadRequest, match="seen"):
        await maker.make(LENE, photo())
    assert "PATH=" in seen.read_text()
    assert "OPENUCWA" not in seen.read_text()


async def test_decoder_that_takes_too_long_is_ended(
    making: Making, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_in(tmp_path, monkeypatch, f"echo $$ > {tmp_path}/pid\nexec sleep 1000")
    with pytest.raises(ServiceUnavailable, match="in time"):
        await making(photo_timeout=0.5).make(LENE, photo())
    if (tmp_path / "pid").exists():  # on a slow machine it may not have begun
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / "pid").read_text()), 0)


async def test_decoder_that_crashes_is_a_refusal(
    maker: PhotoMaker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_in(tmp_path, monkeypatch, "kill -SEGV $$")
    with pytest.raises(BadRequest, match="cannot be decoded"):
        await maker.make(LENE, photo())


async def test_second_photo_of_a_user_is_refused_while_the_first_is_processed(making: Making) -> None:
    maker = making(max_photos_in_flight=2)
    first = asyncio.create_task(maker.make(LENE, photo()))
    await asyncio.sleep(0)
    with pytest.raises(TooManyRequests):
        await maker.make(LENE, photo())
    other = asyncio.create_task(maker.make(DANA, photo()))
    await asyncio.sleep(0)
    with pytest.raises(ServiceUnavailable, match="too many"):
        await maker.make("sip:another@contoso.com", photo())
    assert await first == await other
    assert await maker.make(LENE, photo())


async def test_cancelled_photo_frees_its_place(making: Making) -> None:
    maker = making(max_photos_in_flight=1)
    first: asyncio.Task[Any] = asyncio.create_task(maker.make(LENE, photo()))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait({first})
    assert await maker.make(LENE, photo())
