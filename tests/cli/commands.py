"""Runs commands in this process; tests that need a process of their own are in `process/`."""

import asyncio
from pathlib import Path

from click.testing import CliRunner, Result

from openucwa.cli import main
from openucwa.identity.passwords import Passwords
from openucwa.model.user import User
from openucwa.store.sqlite import SqliteStore
from tests.users import LENE

PASSWORD = "correct horse"


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(main, arguments, input=stdin, prog_name="openucwa")


def add(data: str, *arguments: str, uri: str = LENE, password: str = PASSWORD) -> Result:
    return run("user", "add", uri, "--data", data, "--password-stdin", *arguments, stdin=password + "\n")


def stored(data: str, uri: str = LENE) -> User | None:
    async def read() -> User | None:
        store = SqliteStore(Path(data), timeout=5.0)
        await store.open()
        try:
            return await store.users.get(uri)
        finally:
            await store.close()

    return asyncio.run(read())


def opens(user: User | None, password: str) -> bool:
    passwords = Passwords(workers=1)
    try:
        return asyncio.run(passwords.verify(user.password_hash if user else None, password))
    finally:
        passwords.close()


def fails(result: Result, line: str) -> None:
    """Status 1, nothing on stdout, and one line on stderr besides the one that names the store."""
    lines = [each for each in result.stderr.splitlines() if not each.startswith("openucwa: store: ")]
    assert (result.exit_code, result.stdout, lines) == (1, "", [f"openucwa: {line}"])
