"""openucwa key."""

import asyncio
from pathlib import Path

from openucwa.store.sqlite import SqliteStore
from tests.cli.commands import add, fails, run


def keys(data: str) -> list[str]:
    """The keys' ids, that of the one that signs first."""
    head, *rows = run("key", "list", "--data", data).stdout.splitlines()
    assert head.split() == ["key", "created", "use"]
    assert [row.split()[2] for row in rows] == ["sign", *["verify"] * (len(rows) - 1)][: len(rows)]
    return [row.split()[0] for row in rows]


def test_rotation_adds_a_signing_key_and_keeps_the_others(data: str) -> None:
    add(data)
    assert keys(data) == []
    added = []
    for _ in range(2):
        result = run("key", "rotate", "--data", data)
        assert result.exit_code == 0
        added.append(result.stdout.removeprefix("added signing key ").rstrip())
    assert keys(data) == added[::-1]


def test_list_of_keys_shows_no_secret(data: str) -> None:
    add(data)
    run("key", "rotate", "--data", data)

    async def read() -> list[bytes]:
        store = SqliteStore(Path(data), timeout=5.0)
        await store.open()
        try:
            return [key.secret for key in await store.signing_keys.all()]
        finally:
            await store.close()

    (secret,) = asyncio.run(read())
    output = run("key", "list", "--data", data).stdout
    assert secret.hex() not in output
    assert str(secret) not in output


def test_key_is_removed(data: str) -> None:
    add(data)
    for _ in range(2):
        run("key", "rotate", "--data", data)
    new, old = keys(data)
    result = run("key", "remove", old, "--data", data)
    assert (result.exit_code, result.stdout) == (0, f"removed signing key {old}\n")
    assert keys(data) == [new]
    fails(run("key", "remove", old, "--data", data), f"no such signing key: {old}")
    fails(run("key", "remove", new, "--data", data), f"{new} is the only signing key: rotate first")


def test_commands_on_keys_do_not_create_a_store(data: str) -> None:
    for words in (["list"], ["rotate"], ["remove", "1"]):
        fails(run("key", *words, "--data", data), f"no store found in {data}; --data or --config names another")
    assert not Path(data).exists()
