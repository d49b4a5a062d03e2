"""A PostgreSQL server for tests, on a free loopback port, with its data in a temporary folder."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.needs import need
from tests.ports import free_port

#: Timeout for everything that the server does, in seconds.
PATIENCE = 60.0

#: The owner of the databases, who is not the superuser; and a user with a password.
OWNER = "openucwa"
GUARDED = "guarded"
GUARDED_PASSWORD = "right-secret"  # of a server that lives as long as a test

#: A collation by language, so that statements relying on the order of code points fail.
_INITDB = ("--no-sync", "--username=postgres", "--encoding=UTF8", "--locale-provider=icu", "--icu-locale=en-US")
_EMPTY = """
select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid();
set session_replication_role = replica; -- in any order, whatever refers to what
do $$ declare name text; begin
    for name in select tablename from pg_tables where schemaname = 'public' loop
        execute format('delete from %I', name);
    end loop;
end $$;
insert into store_version table tests.store_version;
insert into change_log table tests.change_log
"""
_WHO_MAY_COME = f"""
local all all trust
host all {GUARDED} 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
"""


class PostgresServer:
    """A server with its own cluster. `fsync`: whether commits survive a power cut, as by default."""

    def __init__(self, *options: str, fsync: bool = True) -> None:
        programs = Path(need("postgresql")).resolve().parent
        self._postgres, self._psql = programs / "postgres", programs / "psql"
        # Not in pytest's folder: other users may not enter it, and its path is too long for a socket.
        self.folder = Path(tempfile.mkdtemp(prefix="openucwa-pg-"))
        self._user = _other_user()
        if self._user is not None:
            shutil.chown(self.folder, self._user)
        self.port = free_port()
        self._options = (*options, *(() if fsync else ("-c", "fsync=off")))
        self._names = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._run(str(programs / "initdb"), f"--pgdata={self._data}", *_INITDB)
        (self._data / "pg_hba.conf").write_text(_WHO_MAY_COME)

    def __enter__(self) -> Self:
        try:
            self.start()
            self.query(f"create role {OWNER} login; create role {GUARDED} login password '{GUARDED_PASSWORD}'")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> str:
        """What the server logged."""
        return (self.folder / "log").read_text(errors="replace")

    def start(self) -> None:
        """Starts it; returns once it accepts connections."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            "shared_buffers": "32MB",
            "max_connections": "200",
            "max_wal_size": "256MB",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._postgres), "-D", str(self._data), *options, *self._options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                user=self._user,
            )
        end = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._process.poll() is None, self.log
            assert time.monotonic() < end, self.log
            time.sleep(0.02)

    def stop(self) -> None:
        """Stops it cleanly, without waiting for its clients."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Kills all of its processes, as in a crash."""
        self._end(signal.SIGQUIT)

    def pause(self) -> None:
        """Stops answering; connections stay open."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal_all(signal.SIGCONT)

    def url(self, database: str, user: str = OWNER) -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def new_database(self, template: str = "template0") -> str:
        """The URL of a new database, a copy of `template` (its name or URL)."""
        name = f"test{next(self._names)}"
        self.query(f"create database {name} owner {OWNER} template {template.rpartition('/')[2]}")
        return self.url(name)

    def make_reusable(self, database: str) -> None:
        """Saves the initial rows of a store (its name or URL) for `empty`."""
        self.query(
            "create schema tests; create table tests.store_version as table store_version;"
            " create table tests.change_log as table change_log",
            database,
        )

    def empty(self, database: str) -> None:
        """Ends all connections to such a store and empties it."""
        self.query(_EMPTY, database)

    def query(self, sql: str, database: str = "postgres") -> list[list[str]]:
        """The rows of statements that the superuser runs in a database (its name or URL), as texts."""
        done = self._run(
            *(str(self._psql), "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--field-separator=\t"),
            *("--set=ON_ERROR_STOP=1", f"--host={self.folder}", f"--port={self.port}", "--username=postgres"),
            *(f"--dbname={database.rpartition('/')[2]}", f"--command={sql}"),
        )
        return [line.split("\t") for line in done.splitlines()]

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            command,
            cwd="/",
            user=self._user,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _answers(self) -> bool:
        with suppress(AssertionError):
            return self.query("select 1") == [["1"]]
        return False

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self.resume()
            self._process.send_signal(number)
            self._process.wait(PATIENCE)
            self._process = None

    def _signal_all(self, number: signal.Signals) -> None:
        """Signals the server and all of its processes."""
        assert self._process is not None
        server = self._process.pid
        children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
        for pid in (server, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def _other_user() -> str | None:
    """The user that runs it if the tests run as root, which PostgreSQL refuses."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
