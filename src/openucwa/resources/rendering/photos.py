"""Hrefs of pictures, and the cookie by which a browser displays them."""

from urllib.parse import quote

from openucwa.api.call import Context
from openucwa.http.authorization import PHOTO_COOKIE
from openucwa.http.message import Header
from openucwa.identity.callers import Callers


def photo_href(call: Context, uri: str) -> str:
    """The href of a person's picture (UCWA: photo, contactPhoto)."""
    return f"{call.application}/photos/{quote(uri.removeprefix('sip:'), safe='@')}"


def photo_cookie(call: Context, callers: Callers) -> tuple[Header, ...]:
    """The headers that set the photo cookie, so that an `<img>` can show the pictures of the application in the path.

    Pages of other origins need SameSite=None, which browsers accept with Secure only.
    """
    value = callers.photo_cookie(call.caller, call.session.application.id)
    site = "Secure; HttpOnly; SameSite=None" if call.request.scheme == "https" else "HttpOnly; SameSite=Lax"
    return tuple(
        (b"Set-Cookie", f"{PHOTO_COOKIE}={value}; Path={call.application}/{segment}; {site}".encode())
        for segment in ("photos", "photo")
    )
