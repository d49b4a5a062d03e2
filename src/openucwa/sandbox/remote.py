"""Requests to the control resources of a running sandbox."""

import json
import urllib.error
import urllib.request
from typing import Any

#: Seconds to wait for an answer; a step of years takes some.
PATIENCE = 600.0


class ControlError(Exception):
    """The sandbox refused, or there is none. `status`: of the refusal; None: nothing answered."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


def ask(url: str, method: str, path: str, body: object = None) -> Any:
    """The JSON of the answer of /sandbox with `path`; None: it has none. ControlError."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310  # the user names the address
        f"{url.rstrip('/')}/sandbox{path}", data, {"Content-Type": "application/json"}, method=method
    )
    try:
        # Never by a proxy of the environment: it is this machine's, or named on purpose.
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=PATIENCE) as answer:
            text = answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            raise ControlError(_sentence(refused), refused.code) from None
    except OSError as error:
        raise ControlError(f"no sandbox answers at {url}: {getattr(error, 'reason', error)}") from None
    return json.loads(text) if text else None


def _sentence(refused: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(refused.read())["message"])
    except (ValueError, KeyError, TypeError):
        return f"the answer was {refused.code}; is this a sandbox?"
