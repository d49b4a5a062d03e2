"""nginx with the configuration of `deploy/nginx.conf`, on a free port and in front of servers of the tests."""

import http.client
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.certificate import make_certificate
from tests.needs import need
from tests.ports import free_ports
from tests.process.running import LIMIT

CONF = Path(__file__).parents[2] / "deploy" / "nginx.conf"

#: What /etc/nginx/nginx.conf says around it, with everything that nginx writes in a folder of the test's own.
MAIN = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/openucwa.conf;
}}
"""


class Nginx:
    """nginx in front of `nodes` (HOST:PORT), from when it answers to its end. `ports`: for https and http."""

    def __init__(self, folder: Path, nodes: Sequence[str], ports: Sequence[int] | None = None) -> None:
        self._program = need("nginx")
        self.certificate, key = make_certificate(folder)
        self.port, plain = free_ports(2) if ports is None else ports
        conf = CONF.read_text("utf-8")
        for said, meant in {
            r"(?m)^    server 10\.[^;]*;\n(    server 10\.[^;]*;\n)*": "".join(
                f"    server {node} max_fails=1 fail_timeout=1s;\n" for node in nodes
            ),
            r"listen 80;": f"listen 127.0.0.1:{plain};",
            r"listen 443 ssl http2;": f"listen 127.0.0.1:{self.port} ssl http2;",
            r"/etc/ssl/ucwa\.pem": self.certificate,
            r"/etc/ssl/ucwa\.key": key,
        }.items():
            conf, found = re.subn(said, meant, conf)
            assert found == 1, said
        (folder / "openucwa.conf").write_text(conf, "utf-8")
        self._main = folder / "nginx.conf"
        self._main.write_text(MAIN.format(folder=folder), "utf-8")
        self._command = [self._program, "-p", str(folder), "-e", "stderr", "-c", str(self._main)]

    def test(self) -> str:
        """What nginx says of its configuration; '': all is well."""
        said = subprocess.run([*self._command, "-t", "-q"], capture_output=True, text=True, timeout=LIMIT, check=False)
        return said.stderr or ("" if said.returncode == 0 else f"status {said.returncode}")

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stderr=subprocess.DEVNULL)
        end = time.monotonic() + LIMIT
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT).close()
            except OSError:
                assert time.monotonic() < end, "nginx does not listen"
                assert self._process.poll() is None, "nginx has ended"
                time.sleep(0.01)
            else:
                return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(LIMIT)

    def connect(self) -> http.client.HTTPSConnection:
        """A connection of a client's."""
        trusting = ssl.create_default_context(cafile=self.certificate)
        return http.client.HTTPSConnection("localhost", self.port, timeout=LIMIT, context=trusting)
