"""Requests and responses of HTTP as values. The drivers send them; everything else makes and reads them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """A request. `url`: absolute. `timeout`: seconds to wait for the answer."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class Response:
    """A response, its body decoded. `headers`: in order, names in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first header of that name, in lower case; None: there is none."""
        return next((value for known, value in self.headers if known == name), None)

    @property
    def media_type(self) -> str:
        """The media type of the body in lower case, without parameters."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()
