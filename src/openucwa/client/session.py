"""The core: finding the server, tokens, and sending a request until it is answered. No input or output of its own."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic
from urllib.parse import urlencode, urljoin, urlsplit

from openucwa.client.credentials import BearerToken, Credentials, Token, refreshing
from openucwa.client.error_codes import TOKEN_ERRORS, error_class
from openucwa.client.errors import (
    InsecureRedirect,
    InvalidAnswer,
    InvalidGrant,
    Reason,
    Refused,
    TokenRefused,
    TooManyRequests,
    UcwaError,
    Unauthorized,
)
from openucwa.client.formats import Format, Json, Xml
from openucwa.client.operations import D_co
from openucwa.client.policy import Policy, may_have_happened
from openucwa.client.resources import EventSet, Resource, Value
from openucwa.client.steps import Acquire, Ask, Pause, Steps, sending
from openucwa.client.wire import Request, Response

#: How often the user's server may be said to be at yet another address.
MAX_REDIRECTS = 5

_CHALLENGE = re.compile(r'MsRtcOAuth\s.*?href="([^"]+)"', re.IGNORECASE)
_GRANTS = re.compile(r'grant_type="([^"]*)"', re.IGNORECASE)
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a request: properties in the client's format, or a text of another type.

    `links`: as for `Format.write`.
    """

    properties: Mapping[str, Value] | None = None
    links: Mapping[str, str] | None = None
    content: bytes = b""
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request. `content`: its resource or events; None: it has no body in a format of UCWA's."""

    response: Response
    content: Resource | EventSet | None

    @property
    def resource(self) -> Resource:
        """The resource. InvalidAnswer: there is none."""
        if not isinstance(self.content, Resource):
            raise InvalidAnswer(f"the answer (status {self.response.status}) contains no resource")
        return self.content

    @property
    def location(self) -> str:
        """The header `Location`. InvalidAnswer: there is none."""
        if (found := self.response.header("location")) is None:
            raise InvalidAnswer("the answer has no Location")
        return found


class Session(Generic[D_co]):
    """A user's session with a server. `root`: the server's address. `chance`: a random number from 0 to 1."""

    def __init__(
        self,
        driver: D_co,
        root: str,
        credentials: Credentials | None,
        form: Format,
        policy: Policy,
        chance: Callable[[], float],
    ) -> None:
        self.driver = driver
        self.form = form
        self.policy = policy
        self.chance = chance
        self.token: Token | None = None
        self.grants: tuple[str, ...] = ()
        self._credentials = credentials
        self._root = root
        self._user_href: str | None = None
        self._token_href: str | None = None
        self._trusted: set[str] = set()
        self._renewing = driver.lock()

    def discover(self) -> Steps[None]:
        """Finds the user resource, the token resource, and the grants that it offers (UCWA: Root URL)."""
        root = yield from self._repeated(lambda: self.exchange("GET", self._root), repeatable=True)
        self._user_href = self._as_secure(urljoin(self._root, root.resource.link("user")))
        try:
            user = self._user_href
            yield from self._repeated(lambda: self.exchange("GET", user), repeatable=True)
        except Unauthorized as error:
            for challenge in error.challenges:
                if found := _CHALLENGE.search(challenge):
                    self._token_href = self._as_secure(urljoin(self._user_href, found[1]))
                    offered = _GRANTS.search(challenge)
                    self.grants = tuple(offered[1].split(",")) if offered else ()
        self._trusted = {_origin(self._user_href)}

    def applications(self) -> Steps[str]:
        """The address where applications are opened, on the server that the user is homed on (UCWA: user)."""
        for _ in range(MAX_REDIRECTS):
            if self._user_href is None:
                yield from self.discover()
            user = (yield from self.send("GET", self._user_href or "")).resource
            redirect = user.find_link("redirect")
            if redirect is None:
                href = self._as_secure(urljoin(self._user_href or "", user.link("applications")))
                self._trusted.add(_origin(href))
                self._root = href
                return href
            self._root, self._user_href, self._token_href = self._as_secure(redirect), None, None
            if not isinstance(self._credentials, BearerToken):
                self.token = None
        raise InvalidAnswer(f"the server was redirected {MAX_REDIRECTS} times without an end")

    def _as_secure(self, url: str) -> str:
        """`url`, where a password or token may be sent. InsecureRedirect: it has no https, though this server has."""
        if urlsplit(self._root).scheme == "https" and urlsplit(url).scheme != "https":
            raise InsecureRedirect(f"an https server refers to {url}, which is not https")
        return url

    def send(
        self,
        method: str,
        href: str,
        body: Body | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        repeatable: bool | None = None,
        timeout: float | None = None,
        attempts: int | None = None,
    ) -> Steps[Answer]:
        """The answer to a request, with a token. A token that is no longer accepted is replaced, once.

        `href`: as it stands in an answer. `repeatable`: whether sending it twice has the effect of sending it once;
        None: by the method. `attempts`: how often at most, if not as the policy says. Raises UcwaError.
        """
        if repeatable is None:
            repeatable = method in {"GET", "HEAD"}
        renewed = False

        def once() -> Steps[Answer]:
            nonlocal renewed
            while True:
                used = self.token or (yield from self._renew(None))
                try:
                    return (yield from self.exchange(method, href, body, headers=headers, token=used, timeout=timeout))
                except Unauthorized:
                    if renewed:
                        raise
                renewed = True
                yield from self._renew(used)

        return (yield from self._repeated(once, repeatable=repeatable, attempts=attempts))

    def _repeated(
        self, once: Callable[[], Steps[Answer]], *, repeatable: bool, attempts: int | None = None
    ) -> Steps[Answer]:
        """The answer of `once`, which is called until it has one or the policy says that it is enough."""
        attempt = 1
        while True:
            try:
                return (yield from once())
            except UcwaError as error:
                error.attempts = attempt
                error.may_have_happened = may_have_happened(error)
                if attempts is not None and attempt >= attempts:
                    raise
                wait = self.policy.wait(error, attempt, self.chance(), repeatable=repeatable)
                if wait is None:
                    raise
            yield Pause(wait)
            attempt += 1

    def exchange(
        self,
        method: str,
        href: str,
        body: Body | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        token: Token | None = None,
        timeout: float | None = None,
    ) -> Steps[Answer]:
        """The answer to a single request. Raises UcwaError."""
        request = self._request(method, href, body, headers or {}, token, timeout)
        response = yield from sending(request)
        return read_answer(response)

    def _request(
        self,
        method: str,
        href: str,
        body: Body | None,
        headers: Mapping[str, str],
        token: Token | None,
        timeout: float | None,
    ) -> Request:
        url = urljoin(self._root, href)
        sent = {"Accept": self.form.media_type}
        # Only the user's own server is sent the token, wherever a link may lead.
        if token is not None and _origin(url) in self._trusted:
            sent["Authorization"] = token.authorization
        content = None
        if body is not None and body.properties is not None:
            content = self.form.write(body.properties, body.links)
            sent["Content-Type"] = self.form.media_type
        elif body is not None:
            content = body.content
            sent["Content-Type"] = body.content_type
        sent |= headers
        return Request(method, url, tuple(sent.items()), content, timeout or self.policy.timeout)

    def _renew(self, used: Token | None) -> Steps[Token | None]:
        """A token other than `used`, which the server does not accept; None: there are no credentials.

        Requests that are refused meanwhile wait for the same token.
        """
        if self._credentials is None:
            return None
        yield Acquire(self._renewing)
        try:
            if self.token is used:
                self.token = yield from self._grant(used)
            return self.token
        finally:
            self._renewing.release()

    def _grant(self, previous: Token | None) -> Steps[Token]:
        credentials = self._credentials
        if isinstance(credentials, BearerToken):
            if isinstance(credentials.provider, str):
                return Token(credentials.provider)
            given: str = yield Ask(credentials.provider)
            return Token(given)
        if self._token_href is None:
            yield from self.discover()
        if credentials is None or self._token_href is None:
            raise InvalidAnswer("the server does not say where tokens are granted")
        if previous is not None and previous.refresh_token is not None:
            try:
                return (yield from self._token(refreshing(previous.refresh_token)))
            except InvalidGrant:  # it has expired, too
                pass
        return (yield from self._token(credentials.form(previous)))

    def _token(self, form: Mapping[str, str]) -> Steps[Token]:
        body = Body(content=urlencode(form).encode(), content_type=_FORM)
        headers = {"Accept": "application/json"}
        href = self._token_href or ""
        answer = yield from self._repeated(lambda: self.exchange("POST", href, body, headers=headers), repeatable=True)
        members = answer.resource
        refresh = members.properties.get("refresh_token")
        scope = members.properties.get("scope")
        return Token(
            members.text("access_token"),
            members.text("token_type"),
            members.number("expires_in"),
            scope if isinstance(scope, str) else None,
            refresh if isinstance(refresh, str) else None,
        )


def read_answer(response: Response) -> Answer:
    """The answer that a response is. Refused: its status is 400 or above. InvalidAnswer: it is malformed."""
    if response.status >= 400:
        raise refusal(response)
    content = _read(response)
    if isinstance(content, Reason):
        raise InvalidAnswer("the answer is an error in spite of its status")
    return Answer(response, content)


def refusal(response: Response) -> Refused:
    """The error that a response with a status of 400 or above stands for."""
    reason = Reason()
    kind: type[Refused] | None = None
    try:
        content = _read(response)
    except InvalidAnswer:
        content = None
    if isinstance(content, Reason):
        reason = content
    elif isinstance(content, Resource) and (error := content.properties.get("error")):
        described = content.properties.get("error_description") or _diagnostics(response) or error
        reason = Reason(code=str(error), message=str(described))
        kind = TooManyRequests if response.status == 429 else TOKEN_ERRORS.get(str(error), TokenRefused)
    kind = kind or error_class(response.status, reason.code, reason.subcode)
    return kind(reason, status=response.status, headers=response.headers)


def _diagnostics(response: Response) -> str | None:
    found = re.search(r'reason="([^"]*)"', response.header("x-ms-diagnostics") or "")
    return found[1] if found else None


def _read(response: Response) -> Resource | EventSet | Reason | None:
    if not response.body:
        return None
    kind = response.media_type
    if kind == "application/json" or kind.endswith("+json"):
        return Json().read(response.body)
    if kind == "application/xml" or kind.endswith("+xml"):
        return Xml().read(response.body)
    return None


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
