"""The page that a person sees whose browser was refused something. Applications get the documented error instead."""

from html import escape

from openucwa.api.answer import Answer
from openucwa.api.page_template import Html, PageTemplate
from openucwa.http.message import Header

CONTENT_TYPE = "text/html; charset=utf-8"

#: What the page may load: styles, picture and translations from this server; nothing else.
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: tuple[Header, ...] = ((b"Content-Security-Policy", _POLICY), (b"Referrer-Policy", b"no-referrer"))

_TITLES = {
    401: "This address is for applications",
    403: "You are not allowed to see this",
    404: "There is no page at this address",
    429: "Too many requests",
    503: "The server is busy",
}
_OTHER, _FAULT = "This page can’t be shown", "The server has a problem"
#: Shown in place of the reason where that would not help a person. These are translated; reasons are not.
_ADVICE = {
    404: "Check the address. If you were invited to a meeting, open the whole link in your invitation.",
}


class ErrorPages:
    """The pages of one server. `developer_pages`: whether they link to the pages for developers."""

    def __init__(self, *, developer_pages: bool = True) -> None:
        self._template = PageTemplate("error.html", developers=developer_pages)

    def answer(self, status: int, message: str, request_id: str, headers: tuple[Header, ...] = ()) -> Answer:
        """The page. `message`: why, a fragment; `request_id`: finds the request in the server's log; `headers`: those
        that the documented error has.
        """
        title = _TITLES.get(status, _FAULT if status >= 500 else _OTHER)
        page = self._template.fill(
            title=title, status=str(status), request_id=request_id, reason=_reason(status, message)
        )
        return Answer(status=status, body=page.encode(), content_type=CONTENT_TYPE, headers=(*headers, *_HEADERS))


def _reason(status: int, message: str) -> Html:
    if (advice := _ADVICE.get(status)) is not None:
        return Html(f"<p>{escape(advice)}</p>")
    sentence = message[:1].upper() + message[1:] + ("" if message.endswith((".", "?", "!")) else ".")
    return Html(f'<p lang="en">{escape(sentence)}</p>')
