"""The commands of docs/operating.md, run: two nodes from nothing, backup and restore of both stores.

Those for an installed server are in `test_operating_installed.py`.
"""

import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.certificate import make_certificate
from tests.deploy.nginx import MAIN
from tests.docs.walking import ROOT, blocks, commands, nginx_in, walk
from tests.nats import NatsServer
from tests.needs import need
from tests.ports import free_port, free_ports
from tests.postgres import OWNER, PostgresServer
from tests.process.running import LIMIT, RunningServer
from tests.process.server import add_user
from tests.process.test_polls import PollingApplication
from tests.users import LENE

PAGE = "docs/operating.md"


def test_each_section_with_commands_is_run_by_a_test() -> None:
    tests = [ROOT / "tests" / "docs" / f"test_operating_{name}.py" for name in ("walks", "installed")]
    named = re.findall(r"\"([A-Z][\w ,]+)\"\)", "".join(file.read_text("utf-8") for file in tests))
    sections = re.split(r"^##+ ", (ROOT / PAGE).read_text("utf-8"), flags=re.MULTILINE)
    with_commands = {section.partition("\n")[0] for section in sections if "```sh\n" in section}
    # No engine for containers is on the machines that run tests.
    assert with_commands - set(named) == {"Container"}


def served(command: str, url: str, folder: Path) -> str:
    """What `/readyz` answers while the command runs; it is stopped, and exits with status 0."""
    script = f"{command.strip()} --data data &\ncurl -sk --retry 60 --retry-delay 1 --retry-connrefused {url}/readyz\n"
    return walk(f"{script}kill -TERM $!\nwait $!\n", folder, {})


def test_server_with_a_certificate_serves_https(tmp_path: Path) -> None:
    port = free_port()
    certificate, key = make_certificate(tmp_path)
    Path(certificate).rename(tmp_path / "chain.pem")
    Path(key).rename(tmp_path / "key.pem")
    command = commands(PAGE, "TLS")
    assert "https://0.0.0.0:443" in command
    command = command.replace("https://0.0.0.0:443", f"https://127.0.0.1:{port}")
    assert '{"ready":true}' in served(command, f"https://127.0.0.1:{port}", tmp_path)


def test_workers_serve_at_one_address(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = commands(PAGE, "Several workers").strip()
    assert '{"ready":true}' in served(f"{command} --listen {url}", url, tmp_path)


def test_two_nodes_are_set_up_from_nothing(tmp_path: Path) -> None:
    need("nginx")
    need("nats-server")
    (tmp_path / "deploy").symlink_to(ROOT / "deploy")
    (tmp_path / "nginx.conf").write_text(MAIN.format(folder=tmp_path), "utf-8")
    one, other, plain, tls = free_ports(4)
    nats = NatsServer(tmp_path)
    nats.start()
    try:
        with PostgresServer(fsync=False) as server:
            server.query(f"drop role {OWNER}")
            put = {
                "/etc/nginx/conf.d/": f"{tmp_path}/",
                "/etc/ssl/ucwa": f"{tmp_path}/ucwa",
                "127.0.0.1:5432": f"127.0.0.1:{server.port}",
                "127.0.0.1:4222": f"127.0.0.1:{nats.port}",
                "127.0.0.1:8081": f"127.0.0.1:{one}",
                "127.0.0.1:8082": f"127.0.0.1:{other}",
                "https://localhost": f"https://localhost:{tls}",
                "sudo -u postgres": f"export PGPORT={server.port}; sudo -u postgres",
            }
            stand_ins = nginx_in(tmp_path, plain, tls)
            # deploy/nginx.conf leads to files of the machine's.
            stand_ins["tee"] = f"sed 's|/etc/ssl/|{tmp_path}/|' > \"$1\""
            said = walk(commands(PAGE, "Two nodes, from nothing"), tmp_path, put, stand_ins)
    finally:
        nats.stop()
        with suppress(OSError, ValueError):
            os.kill(int((tmp_path / "nginx.pid").read_text()), signal.SIGTERM)
    assert f"store: 127.0.0.1:{server.port}/openucwa (" in said
    assert "store does not exist yet" in said
    assert said.count('{"ready":true}') == 2
    first, second = [line for line in said.splitlines() if line.startswith("application ")]
    assert first == second
    assert said.splitlines()[-1] == "200"


class BackgroundWriter:
    """Somebody who writes while the copy is made. `shared`: what was answered so far."""

    def __init__(self, server: RunningServer) -> None:
        self.lene = PollingApplication(server)
        self.shared: list[str] = []
        self._stop = threading.Event()

    def go_on(self) -> None:
        while not self._stop.is_set() and len(self.shared) < 90:
            name = f"e{len(self.shared)}"
            self.lene.share(name)
            self.shared.append(name)

    @contextmanager
    def writing(self) -> Iterator[list[str]]:
        """Writes for as long as the block lasts; what was answered before it is in the list."""
        for number in range(3):
            self.lene.share(f"before{number}")
        thread = threading.Thread(target=self.go_on)
        thread.start()
        try:
            yield [f"before{number}" for number in range(3)]
        finally:
            self._stop.set()
            thread.join(LIMIT)

    def check(self, restored: RunningServer, before: list[str], meeting: dict[str, Any]) -> None:
        """With the token and the application of before, all is there, and the server takes more."""
        self.lene.server = restored
        assert self.lene.ask("GET", self.lene.app)["rel"] == "application"
        assert self.lene.ask("GET", meeting["_links"]["self"]["href"])["etag"] == meeting["etag"]
        found = self.lene.ask("GET", self.lene.extensions)["_embedded"]["onlineMeetingExtension"]
        names = [each["id"] for each in found]
        # What was written while the copy was made is there up to one moment, in its order.
        assert names == [*before, *self.shared[: len(names) - len(before)]]
        self.lene.acknowledge(self.lene.poll())
        self.lene.share("after")
        assert "after" in self.lene.acknowledge(self.lene.poll())
        restored.sign_in()


def test_store_is_migrated_from_sqlite_to_the_nodes(own_database: str, tmp_path: Path) -> None:
    data = tmp_path / "openucwa-data"
    add_user(data, LENE)
    with RunningServer(data) as server:
        busy = BackgroundWriter(server)
        with busy.writing() as before:
            pass
    (tmp_path / "node.toml").write_text(f'store = "{own_database}"\n', "utf-8")
    said = walk(commands(PAGE, "Migrating an existing store"), tmp_path, {})
    assert "users: 1\n" in said
    assert f"extensions: {len(before) + len(busy.shared)}\n" in said
    with RunningServer(own_database) as node:
        busy.check(node, before, busy.lene.meeting)


def parts(engine: str) -> tuple[str, str]:
    """The commands that make a copy, and those that restore it."""
    sqlite_copy, sqlite_restore, copy, restore, _ = blocks(PAGE, "Backup and restore")
    return (sqlite_copy, sqlite_restore) if engine == "sqlite" else (copy, restore)


def test_sqlite_backup_made_during_writes_is_restored(tmp_path: Path) -> None:
    copy, restore = parts("sqlite")
    data, elsewhere, copies = tmp_path / "data", tmp_path / "elsewhere", tmp_path / "copies"
    folder = {"/var/backups/openucwa": str(copies)}
    add_user(data, LENE)
    with RunningServer(data) as server:
        busy = BackgroundWriter(server)
        with busy.writing() as before:
            put = {"-o openucwa -g openucwa ": "", "openucwa backup": f"openucwa backup --data {data}"}
            walk(copy, tmp_path, folder | put)
    assert (copies / "monday.sqlite3").stat().st_mode & 0o077 == 0
    add_user(elsewhere, LENE)
    said = walk(restore, tmp_path, folder | {"openucwa restore": f"openucwa restore --data {elsewhere}"})
    assert "the store that was there is now" in said
    with RunningServer(elsewhere) as restored:
        busy.check(restored, before, busy.lene.meeting)


def test_postgresql_backup_made_during_writes_is_restored(postgres: PostgresServer, tmp_path: Path) -> None:
    copy, restore = parts("postgres")
    copies = tmp_path / "copies"
    postgres.query(f"create database openucwa owner {OWNER} template template0")
    restored_url = postgres.url("openucwa_restored")
    folder = {"/var/backups/openucwa": str(copies)}
    source = f"openucwa backup --store {postgres.url('openucwa')}"
    target = {
        "postgresql://openucwa@127.0.0.1/openucwa_restored": restored_url,
        "sudo -u postgres": f"export PGPORT={postgres.port}; sudo -u postgres",
    }
    try:
        add_user(postgres.url("openucwa"), LENE)
        with RunningServer(postgres.url("openucwa")) as server:
            busy = BackgroundWriter(server)
            with busy.writing() as before:
                walk(copy, tmp_path, folder | {"-o openucwa -g openucwa ": "", "openucwa backup": source})
        assert (copies / "monday.dump").stat().st_mode & 0o077 == 0
        walk(restore, tmp_path, folder | target)
        with RunningServer(restored_url) as restored:
            busy.check(restored, before, busy.lene.meeting)
    finally:
        for name in ("openucwa", "openucwa_restored"):
            postgres.query(f"drop database if exists {name}")
