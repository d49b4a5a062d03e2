"""Display names as people choose them."""

import unicodedata

#: Letters, symbols and marks that show nothing, as Unicode has them for technical reasons.
_INVISIBLE = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


def visible_name(text: str | None) -> str | None:
    """`text` without blanks around it; None where nothing of it can be seen."""
    if text is None or not any(map(_is_visible, text)):
        return None
    return text.strip()


def _is_visible(character: str) -> bool:
    # Blanks, controls, formats; marks show nothing without something to stand on.
    return unicodedata.category(character)[0] not in "ZCM" and character not in _INVISIBLE
