"""oidc-provider, run by Node. Its keys are generated here, so that tests can sign tokens, too."""

import fcntl
import json
import select
import shutil
import subprocess
import warnings
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import Key, generate_key

from tests.needs import need

AUDIENCE = "https://ucwa.contoso.com"
LENE = {
    "preferred_username": "lenea@contoso.com",
    "name": "Lene Aalling",
    "email": "lene.aalling@contoso.com",
    "email_verified": True,
}
ACCOUNTS = {
    "lene": {"password": "lene-secret", "claims": LENE},
    "eve": {"password": "eve-secret", "claims": {"preferred_username": "eve@elsewhere.org", "name": "Eve"}},
}

_NODE = Path(__file__).parent / "node"
_PATIENCE = 60.0


def signing_key(name: str, algorithm: str = "RS256") -> Key:
    """A new signing key."""
    parameters = {"kid": name, "use": "sig", "alg": algorithm}
    if algorithm.startswith("ES"):
        return generate_key("EC", "P-256", parameters)
    if algorithm in {"EdDSA", "Ed25519"}:
        return generate_key("OKP", "Ed25519", parameters)
    return generate_key("RSA", 2048, parameters)


def sign(key: Key, claims: Mapping[str, Any], **header: Any) -> str:
    """A JWT signed with this key. `header`: further parameters of the header; None omits one."""
    algorithm = str(header.pop("alg", key.alg))
    whole = {"alg": algorithm, "kid": key.kid, "typ": "at+jwt"} | header
    whole = {name: value for name, value in whole.items() if value is not None}
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # of EdDSA, an algorithm's older name
        return jws.serialize_compact(whole, json.dumps(claims), key, registry=registry)


class RunningProvider:
    """A provider on a free port, which can be stopped and restarted."""

    def __init__(self) -> None:
        self._first = signing_key("first")
        self.key = self._first
        self.keys = [self.key]
        self.format = "jwt"
        self.redirect_uris = ["http://127.0.0.1:1/"]
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts it, on the same port as before."""
        node = need("nodejs")
        installed(_NODE)
        self._process = subprocess.Popen(
            [node, str(_NODE / "provider.mjs"), str(self.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.configure()

    def stop(self) -> None:
        """Stops it: connections are refused from now on."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def begin_anew(self) -> None:
        """Restores the initial state, for the next test."""
        self.key = self._first
        self.keys = [self.key]
        self.format = "jwt"
        if self._process is None:
            self.start()
        else:
            self.configure()

    def configure(self) -> None:
        """Applies the attributes to the running provider, and resets its counters."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        configuration = {
            "jwks": {"keys": [key.as_dict(private=True) for key in self.keys]},
            "audience": AUDIENCE,
            "format": self.format,
            "accounts": ACCOUNTS,
            "redirectUris": self.redirect_uris,
        }
        self._process.stdin.write(json.dumps(configuration).encode() + b"\n")
        self._process.stdin.flush()
        readable, _, _ = select.select([self._process.stdout], [], [], _PATIENCE)
        assert readable, "the provider does not start"
        self.port = int(self._process.stdout.readline())

    def rotate(self, name: str) -> None:
        """Replaces the key by a new one."""
        self.key = signing_key(name)
        self.keys = [self.key]
        self.configure()

    async def token(self, user: str = "lene", scope: str = "Conversations.Receive") -> str:
        """An access token issued by the provider for one of ACCOUNTS."""
        form = {"grant_type": "password", "username": user, "password": f"{user}-secret", "scope": scope}
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(f"{self.url}/token", data=form, auth=("openucwa", "server-secret"))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def requests(self, path: str) -> int:
        """The number of requests to this path since `configure`."""
        async with httpx.AsyncClient(trust_env=False) as client:
            return int((await client.get(f"{self.url}/counts")).json().get(path, 0))


def installed(folder: Path) -> None:
    """Installs the packages of the folder's package-lock.json, once."""
    wanted = str(zlib.crc32((folder / "package-lock.json").read_bytes()))
    marker = folder / "node_modules" / ".installed"
    with (folder / "package.json").open() as lock:  # test processes run in parallel
        fcntl.flock(lock, fcntl.LOCK_EX)
        if marker.exists() and marker.read_text() == wanted:
            return
        shutil.rmtree(folder / "node_modules", ignore_errors=True)
        command = [need("npm"), "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300, stdin=subprocess.DEVNULL)
        marker.write_text(wanted)
