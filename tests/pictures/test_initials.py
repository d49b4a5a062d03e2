"""Pictures with initials."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from openucwa.pictures.initials import as_png, as_svg, initials
from tests.pictures.images import opened


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Lene Aaling", "LA"),
        ("Lene Marie Aaling", "LM"),
        ("lene", "L"),
        ("sip:lenea@contoso.com", "L"),
        ("", ""),
        ("\u00e9lan \u00f8rsted", "\u00c9\u00d8"),
        ("\u00dfeta", "S"),
    ],
)
def test_first_letters_of_the_first_two_words_are_shown(name: str, letters: str) -> None:
    assert initials(name) == letters


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=20), st.integers(16, 648))
def test_every_name_has_a_picture_of_the_size(name: str, size: int) -> None:
    image = opened(as_png(name, size))
    assert (image.format, image.size) == ("PNG", (size, size))
    assert len(image.getcolors() or ()) == 2
    drawn = etree.fromstring(as_svg(name, size))
    assert drawn.get("width") == drawn.get("height") == str(size)


def points(name: str) -> bytes:
    """What is drawn, whatever the colours: palette indices."""
    return opened(as_png(name, 48)).tobytes()


def test_initials_are_drawn_in_the_middle() -> None:
    image = opened(as_png("Lene Aaling", 96)).convert("L")
    box = image.point(lambda value: 255 if value > 200 else 0).getbbox()
    assert box is not None
    left, top, right, bottom = box
    assert abs(left - (96 - right)) <= 5
    assert abs(top - (96 - bottom)) <= 5
    assert right - left > 40


def test_different_letters_are_different_pictures() -> None:
    drawn = {points(letter) for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"}
    assert len(drawn) == 36


def test_name_of_another_script_is_shown_as_a_figure() -> None:
    figures = {points(name) for name in ("\u674e\u660e", "\u0416", "")}
    assert len(figures) == 1


def test_accents_are_left_out_in_the_png() -> None:
    assert points("\u00c9") == points("E")


def test_drawing_does_not_load_pillow() -> None:
    code = "import sys; from openucwa.pictures.initials import as_png; as_png('A', 48); print('PIL' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
