"""Display names as users choose them."""

import unicodedata

#: Invisible letters, symbols and marks, which Unicode has for technical reasons.
_INVISIBLE = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


def visible_name(text: str | None) -> str | None:
    """`text` without surrounding blanks; None if nothing of it is visible."""
    if text is None or not any(map(_is_visible, text)):
        return None
    return text.strip()


def _is_visible(character: str) -> bool:
    # Blanks, controls, formats; a mark is invisible without a base character.
    return unicodedata.category(character)[0] not in "ZCM" and character not in _INVISIBLE
