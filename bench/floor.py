"""The floor of HTTP: a bare ASGI endpoint on uvicorn that answers every request with the same bytes.

    python -m bench.floor ANSWER PORT

ANSWER: a file with JSON: `status`, `headers` (name and value) and `body` of an answer that the server gave. A body
that is sent is read first. What is here costs what HTTP costs in Python, and nothing else.
"""

import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvicorn

from bench.client import Answer

#: What uvicorn sends by itself.
_OWN = {"date", "server"}


def save(answer: Answer, file: Path) -> None:
    """Writes an answer down for a floor."""
    headers = [pair for pair in answer.headers if pair[0] not in _OWN]
    file.write_text(json.dumps({"status": answer.status, "headers": headers, "body": answer.body.decode()}), "utf-8")


def floor(file: Path) -> Callable[[Any, Any, Any], Awaitable[None]]:
    """The endpoint."""
    answer = json.loads(file.read_text("utf-8"))
    headers = [(name.encode(), value.encode()) for name, value in answer["headers"]]
    start = {"type": "http.response.start", "status": answer["status"], "headers": headers}
    body = {"type": "http.response.body", "body": answer["body"].encode()}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] != "GET":
            while (await receive()).get("more_body"):
                pass
        await send(start)
        await send(body)

    return app


if __name__ == "__main__":
    uvicorn.run(
        floor(Path(sys.argv[1])),
        host="127.0.0.1",
        port=int(sys.argv[2]),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="error",
        server_header=False,
        backlog=2048,
    )
