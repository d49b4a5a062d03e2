"""The row of an issuer's tokens: the same request, by the same user, with an own token and with one of an issuer."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from joserfc import jwt
from joserfc.jwk import RSAKey

from bench.goals import ISSUER, SERVER
from bench.http_rows import Bench, Contestant
from bench.load import Line, Load, Measured
from bench.processes import free_port
from bench.targets import serve
from bench.work import JSON

AUDIENCE = "openucwa"
USER = "organizer0@contoso.com"
_HOUR = 3_600


@contextmanager
def issuer(key: RSAKey) -> Iterator[str]:
    """Serves the discovery document and the key of an issuer; its URL."""

    class Documents(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the library's name
            discovery = {"issuer": url, "jwks_uri": f"{url}/keys"}
            body = json.dumps({"keys": [key.as_dict(private=False)]} if self.path == "/keys" else discovery).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is logged."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Documents) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield url
        finally:
            server.shutdown()
            thread.join()


async def issuer_row(bench: Bench) -> None:
    """Measures both kinds of tokens at one server."""
    print("(issuer)", flush=True)
    key = RSAKey.generate_key(2048, {"kid": "bench", "use": "sig", "alg": "RS256"})
    with ExitStack() as started:
        url = started.enter_context(issuer(key))
        folder = bench.folder / "issuer"
        folder.mkdir()
        table = {"url": url, "audience": AUDIENCE, "domains": "contoso.com", "default_scopes": "all"}
        target = serve(SERVER, folder, bench.cores.server, free_port(), issuers=json.dumps([table]))
        started.callback(target.process.stop)
        await target.prepare()
        claims = {"iss": url, "aud": AUDIENCE, "exp": int(time.time()) + _HOUR, "preferred_username": USER}
        token = jwt.encode({"alg": "RS256", "kid": "bench", "typ": "at+jwt"}, claims, key)

        def contestant(name: str, line: Line) -> Contestant:
            load = Load("GET", [line], [JSON], b"", target.answers["a"].size)

            async def turn(seconds: int) -> Measured:
                return bench.wrk.run(load, target.process, seconds)

            return Contestant(name, turn)

        foreign = Line(target.read.path, f"Bearer {token}")
        await bench.compete("issuer", [contestant(SERVER, target.read), contestant(ISSUER, foreign)])
