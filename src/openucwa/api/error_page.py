"""The page that a person sees whose browser was refused something. Applications get the documented error instead."""

from html import escape

from openucwa.http.message import Header

CONTENT_TYPE = "text/html; charset=utf-8"

#: Styles, picture and translations from this server; nothing else.
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS: tuple[Header, ...] = ((b"Content-Security-Policy", _POLICY), (b"Referrer-Policy", b"no-referrer"))

_TITLES = {
    401: "This address is for applications",
    403: "You are not allowed to see this",
    404: "There is no page at this address",
    429: "Too many requests",
    503: "The server is busy",
}
_OTHER, _FAULT = "This page can’t be shown", "The server has a problem"
_PAGE = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>{title}</title>
    <link rel="icon" href="/static/logo">
    <link rel="stylesheet" href="/static/base.css">
    <link rel="stylesheet" href="/static/controls.css">
    <link rel="stylesheet" href="/static/join.css">
    <script type="module" src="/static/texts.js"></script>
  </head>
  <body>
    <main class="door">
      <div class="card door-card stack">
        <p class="brand"><img src="/static/logo" alt="" width="28" height="28"></p>
        <h1>{title}</h1>
        <p lang="en">{message}</p>
        <p class="muted small"><span>{status}</span> <span class="mono">{request_id}</span></p>
        <p><a class="button primary" href="/">Go to your meetings</a></p>
      </div>
    </main>
  </body>
</html>
"""


def error_page(status: int, message: str, request_id: str) -> bytes:
    """The page, as HTML. `message`: why, a fragment; `request_id`: finds the request in the server's log."""
    title = _TITLES.get(status, _FAULT if status >= 500 else _OTHER)
    sentence = message[:1].upper() + message[1:] + ("" if message.endswith((".", "?", "!")) else ".")
    shown = {"title": title, "message": sentence, "status": str(status), "request_id": request_id}
    return _PAGE.format(**{name: escape(text) for name, text in shown.items()}).encode()
