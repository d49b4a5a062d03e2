"""Display names as users choose them, and the addresses of anonymous participants."""

import unicodedata

from openucwa.model.application import ANONYMOUS

_ANONYMOUS_DOMAIN = "anonymous.invalid"

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


def anonymous_address(identity: str) -> str:
    """The SIP URI of an anonymous identity, which reaches no one."""
    return f"sip:{identity.removeprefix(ANONYMOUS)}@{_ANONYMOUS_DOMAIN}"


def is_anonymous_address(uri: str) -> bool:
    """Whether this is an `anonymous_address`."""
    return uri.endswith(f"@{_ANONYMOUS_DOMAIN}")
