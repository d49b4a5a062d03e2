"""The peers: which of them are installed, and how each is started (bench/peers says what they are).

    python -m bench.others

installs them into the folder `.bench-peers/`. What they are asked is the affair of `targets.py`.
"""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from bench.goals import FASTAPI, FASTAPI_POSTGRESQL, FASTIFY, KINTO
from bench.processes import BenchError, Process, free_port
from bench.targets import KintoTarget, Peer, Target

SOURCES = Path(__file__).with_name("peers")
INSTALLED = Path(__file__).parent.parent / ".bench-peers"

#: Node's headers where a distribution puts them, so that better-sqlite3 can be compiled without fetching them.
HEADERS = Path("/usr/include/node/node.h")


def install() -> None:
    """Installs all peers. BenchError: one of them can't be."""
    INSTALLED.mkdir(exist_ok=True)
    for name in ("fastapi", "kinto"):
        folder = INSTALLED / name
        print(f"{name}: into {folder}", flush=True)
        venv.create(folder, with_pip=True)
        _run(folder / "bin" / "python", "-m", "pip", "install", "--quiet", "-r", SOURCES / name / "requirements.txt")
    npm = shutil.which("npm")
    if npm is None:
        raise BenchError("npm is missing; Debian and Ubuntu have it as the package npm")
    folder = INSTALLED / "fastify"
    print(f"fastify: into {folder} (better-sqlite3 may be compiled, which takes minutes)", flush=True)
    folder.mkdir(exist_ok=True)
    for file in ("package.json", "server.js"):
        shutil.copy(SOURCES / "fastify" / file, folder)
    environment = {"npm_config_nodedir": str(HEADERS.parents[2])} if HEADERS.exists() else {}
    _run(npm, "install", "--no-package-lock", "--no-audit", "--no-fund", folder=folder, environment=environment)


def _run(*command: str | Path, folder: Path | None = None, environment: dict[str, str] | None = None) -> None:
    words = [str(word) for word in command]
    if subprocess.run(words, cwd=folder, env=os.environ | (environment or {}), check=False).returncode:
        raise BenchError(f"{' '.join(words)} failed")


def fastify(folder: Path, cores: frozenset[int]) -> Target | None:
    """fastify and better-sqlite3; None where it is not installed."""
    home, node = INSTALLED / "fastify", shutil.which("node")
    if node is None or not (home / "node_modules").exists():
        return None
    # The program as it is now, beside the modules that it needs.
    shutil.copy(SOURCES / "fastify" / "server.js", home)
    return _peer(FASTIFY, [node, home / "server.js", folder / "fastify.sqlite3"], folder, cores, 25_000)


def fastapi(folder: Path, cores: frozenset[int], url: str | None = None) -> Target | None:
    """FastAPI and SQLAlchemy, on SQLite where no `url` of PostgreSQL is given; None where it is not installed."""
    python = INSTALLED / "fastapi" / "bin" / "python"
    if not python.exists():
        return None
    name = FASTAPI if url is None else FASTAPI_POSTGRESQL
    database = f"sqlite+aiosqlite:///{folder}/fastapi.sqlite3" if url is None else _driver(url, "asyncpg")
    return _peer(name, [python, SOURCES / "fastapi" / "server.py", database], folder, cores, 2_000)


def kinto(folder: Path, cores: frozenset[int], url: str) -> Target | None:
    """Kinto on PostgreSQL; None where it is not installed."""
    program = INSTALLED / "kinto" / "bin" / "kinto"
    if not program.exists():
        return None
    port, settings = free_port(), folder / "kinto.ini"
    text = (SOURCES / "kinto" / "kinto.ini").read_text("utf-8")
    settings.write_text(text.replace("@URL@", url).replace("@PORT@", str(port)), "utf-8")
    done = subprocess.run([program, "migrate", "--ini", settings], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"kinto migrate failed: {done.stderr.strip()[-500:]}")
    command: list[str | Path] = [program, "start", "--ini", settings, "--port", str(port)]
    return KintoTarget(KINTO, Process(KINTO, command, port, folder / "kinto.log", cores=cores))


def _peer(name: str, command: list[str | Path], folder: Path, cores: frozenset[int], guess: int) -> Target:
    port = free_port()
    words: list[str | Path] = [*command, str(port), Peer.TOKEN, Peer.APPLICATION]
    target = Peer(name, Process(name, words, port, folder / f"{name}.log", cores=cores))
    target.guess = guess
    return target


def _driver(url: str, name: str) -> str:
    return url.replace("postgresql://", f"postgresql+{name}://")


if __name__ == "__main__":
    try:
        install()
    except BenchError as error:
        sys.exit(f"bench-peers: {error}")
