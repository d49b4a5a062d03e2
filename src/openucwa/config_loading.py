"""The sources of settings: the settings file, the environment, the command line.

The environment (`OPENUCWA_NAME`) overrides the settings file, and the command line overrides both.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import Field, fields
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_origin

import msgspec

from openucwa.config import Config
from openucwa.config_checks import problems
from openucwa.config_identity import file_problems
from openucwa.config_options import ConfigError

ENVIRONMENT_PREFIX = "OPENUCWA_"

#: The settings file of an installed server: what server and commands read when no other file is named.
SETTINGS_FILE = Path("/etc/openucwa/openucwa.toml")

_TYPES: Mapping[str, Any] = {f.name: f.type for f in fields(Config)}

#: The name of a type in error messages.
_KINDS: Mapping[Any, str] = {
    int: "an integer",
    float: "a number",
    bool: "true or false",
    str: "a string",
    str | None: "a string",
    tuple[str, ...]: "a list of strings",
}

#: The same in msgspec's messages, for what is in a table.
_TABLE_KINDS = {
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "str": "a string",
    "array": "a list",
    "object": "a table",
    "str | null": "a string",
    "str | array": "a string or a list of strings",
}
_AT = re.compile(r" - at `\$\[(\d+)\](?:\.([\w.]+))?[^`]*`$")

#: Environment variables that are not settings: the settings file, and what Kubernetes sets in every container for a
#: service called openucwa.
_NOT_SETTINGS = re.compile(r"CONFIG|SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_\d+_.*)?")


class Loaded(NamedTuple):
    """The effective settings and the source of each: a file, an environment variable, `command line`, `default`."""

    config: Config
    sources: Mapping[str, str]


def options() -> tuple["Field[Any]", ...]:
    """All settings, in the order of the documentation."""
    return fields(Config)


def environment_name(name: str) -> str:
    """The environment variable of a setting: `max_body_bytes` -> `OPENUCWA_MAX_BODY_BYTES`."""
    return ENVIRONMENT_PREFIX + name.upper()


def settings_file(named: Path | None) -> Path | None:
    """The settings file to read: `named`, else SETTINGS_FILE if there is one, else none.

    ConfigError: SETTINGS_FILE exists but this user cannot read it. Ignoring it would mean using another store.
    """
    if named is not None:
        return named
    try:
        SETTINGS_FILE.open("rb").close()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigError(f"the settings file {SETTINGS_FILE} cannot be read: {error.strerror or error}") from None
    return SETTINGS_FILE


def load(file: Path | None, environment: Mapping[str, str] = os.environ, **flags: object) -> Config:
    """The effective settings. `flags`: values from the command line; None or () means not given.

    In the environment a list is separated by commas, and a list of tables (pools) is JSON.
    ConfigError: an unknown name, a value of the wrong type or out of range, an unreadable file.
    """
    return load_with_sources(file, environment, **flags).config


def load_with_sources(file: Path | None, environment: Mapping[str, str] = os.environ, **flags: object) -> Loaded:
    """As `load`, with the source of each setting."""
    values: dict[str, object] = {}
    sources = dict.fromkeys(_TYPES, "default")

    def take(given: Mapping[str, object], source: str, *, strict: bool) -> None:
        for name, value in given.items():
            values[name] = _convert(name, value, source, strict=strict)
            sources[name] = source

    if file is not None:
        take(_read(file), str(file), strict=True)
    for variable, text in sorted(environment.items()):
        if variable.startswith(ENVIRONMENT_PREFIX) and not _NOT_SETTINGS.fullmatch(variable, len(ENVIRONMENT_PREFIX)):
            source = f"environment variable {variable}"
            name = _known(variable.removeprefix(ENVIRONMENT_PREFIX).lower(), source)
            take({name: _from_text(name, text, source)}, source, strict=False)
    take({name: value for name, value in flags.items() if value not in (None, ())}, "command line", strict=True)
    config = Config(**values)  # type: ignore[arg-type]  # each value was converted to its option's type
    for name, problem in problems(config):
        raise ConfigError(f"setting {name} ({sources[name]}): {problem}")
    return Loaded(config, sources)


def check_files(loaded: Loaded) -> None:
    """ConfigError: a file that issuers or directories need is missing or unusable."""
    for name, problem in file_problems(loaded.config.issuers, loaded.config.directories):
        raise ConfigError(f"setting {name} ({loaded.sources[name]}): {problem}")


def _read(file: Path) -> Mapping[str, object]:
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"the settings file {file} cannot be read: {error.strerror or error}") from None
    except ValueError as error:  # tomllib's own, and what is not UTF-8
        raise ConfigError(f"the settings file {file} is not TOML: {error}") from None
    return {_known(name, str(file)): value for name, value in values.items()}


def _known(name: str, source: str) -> str:
    if name in _TYPES:
        return name
    near = difflib.get_close_matches(name, _TYPES, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ConfigError(f"setting {name} ({source}): unknown setting{hint}")


def _from_text(name: str, text: str, source: str) -> object:
    wanted = _TYPES[name]
    if wanted == str | None and not text:
        return None
    if get_origin(wanted) is not tuple:
        return text
    if get_args(wanted)[0] is str:
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        return msgspec.json.decode(text or "[]")
    except msgspec.DecodeError as error:
        raise ConfigError(f"setting {name} ({source}): must be a list of tables in JSON: {error}") from None


def _convert(name: str, value: object, source: str, *, strict: bool) -> object:
    wanted = _TYPES[name]
    try:
        return msgspec.convert(value, wanted, strict=strict)
    except msgspec.ValidationError as error:
        kind = _KINDS.get(wanted)
        problem = f"must be {kind}, not {value!r}" if kind else _table_problem(str(error), get_args(wanted)[0])
        raise ConfigError(f"setting {name} ({source}): {problem}") from None


def _table_problem(message: str, table: Any) -> str:
    """Our words for what msgspec says of a list of tables."""
    at = _AT.search(message)
    where, name = (f"table {int(at[1]) + 1}: ", at[2] or "") if at else ("", "")
    message = message[: at.start()] if at else message
    if found := re.fullmatch(r"Expected `(.*)`, got `(.*)`", message):
        wanted, got = (_TABLE_KINDS.get(kind, kind) for kind in found.groups())
        return (
            f"{where}{name} must be {wanted}, not {got}".replace(":  ", ": ")
            if at
            else f"must be a list of tables, not {got}"
        )
    if found := re.fullmatch(r"Object missing required field `(.*)`", message):
        return f"{where}{found[1]} is missing"
    if found := re.fullmatch(r"Object contains unknown field `(.*)`", message):
        near = difflib.get_close_matches(found[1], table.__struct_fields__, n=1)
        return f"{where}unknown setting {found[1]}{f'; did you mean {near[0]}?' if near else ''}"
    return where + message
