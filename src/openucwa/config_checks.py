"""Validation of settings: ranges, formats, and settings that depend on each other.

`config_loading.py`, which knows their sources, says which setting is invalid.
"""

import math
import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import Field, fields
from importlib.util import find_spec
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from openucwa.config import Config
from openucwa.config_identity import identity_problems

#: The longest duration (about 31 years) and the largest size or count.
MAX = 1_000_000_000

_ELIGIBLE: Mapping[str, str] = {
    "default_access_level": "access_levels",
    "default_automatic_leader_assignment": "automatic_leader_assignments",
    "default_entry_exit_announcement": "entry_exit_announcements",
    "default_lobby_bypass_for_phone_users": "lobby_bypass_for_phone_users",
}

#: Settings that need packages of an extra: an importable module of it, and its name.
_EXTRAS: Mapping[str, tuple[str, str]] = {
    "bus": ("nats", "nats"),
    "directories": ("ldap", "ldap"),
    "store": ("asyncpg", "postgres"),
    "traces": ("opentelemetry.sdk", "traces"),
}

#: Schemes of URLs that may contain a user and a password.
_WITH_PASSWORDS = frozenset({"nats", "tls", "postgresql", "postgres"})

_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?")


_DOMAIN = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


#: UCWA: policies: those that clients follow by themselves; the ones in the second set have any text as their value, the
#: others are Enabled or Disabled.
CLIENT_POLICIES = frozenset({
    "allowDeviceContactsSync", "audioOnlyOnWifi", "callLogArchiving", "customerExperienceImprovementProgram",
    "emoticons", "encryptAppData", "logging", "messageArchiving", "messagingUrls", "multiViewJoin", "saveCallLogs",
    "saveCredentials", "sharingOnlyOnWifi", "softwareQualityMetrics", "videoOnlyOnWifi",
})  # fmt: skip
CLIENT_POLICY_TEXTS = frozenset({"helpEnvironment", "loggingLevel", "onlineFeedbackUrl", "sendFeedbackUrl"})


def problems(config: Config) -> Iterator[tuple[str, str]]:
    """Each invalid setting, with what is wrong with it."""
    for setting in fields(config):
        for problem in _bounds(setting, getattr(config, setting.name)):
            yield setting.name, problem
    for name, eligible in _ELIGIBLE.items():
        if getattr(config, name) not in getattr(config, eligible):
            yield name, f"{getattr(config, name)!r} is not in {eligible}: {', '.join(getattr(config, eligible))}"
    for name, (module, extra) in _EXTRAS.items():
        if getattr(config, name) and not _importable(module):
            yield name, f"needs packages that are not installed: pip install 'openucwa[{extra}]'"
    yield from _listening(config)
    yield from _seen_from_outside(config)
    yield from _links(config)
    yield from _pool_problems(config)
    yield from _page_problems(config)
    yield from _webhook_problems(config)
    yield from identity_problems(config.issuers, config.directories)
    for server in config.bus.split(",") if config.bus is not None else ():
        if not ((url := _url(server, "nats", "tls")) and url.hostname):
            yield "bus", f"{masked(server)!r} is not of the form nats://HOST:PORT"
    for policy in config.client_policies:
        name, _, value = policy.partition("=")
        if name not in CLIENT_POLICIES | CLIENT_POLICY_TEXTS:
            yield "client_policies", f"{name!r} is no policy of clients"
        elif not value or (name in CLIENT_POLICIES and value not in {"Enabled", "Disabled"}):
            what = "a text" if name in CLIENT_POLICY_TEXTS else "Enabled or Disabled"
            yield "client_policies", f"{name} must be {what}, not {value!r}"
    for domain in config.enterprise_domains:
        if not _DOMAIN.fullmatch(domain):
            yield "enterprise_domains", f"{domain!r} is not the domain of a SIP address, such as contoso.com"
    for region in config.dial_in_regions:
        if not region.number.startswith("tel:"):
            yield "dial_in_regions", f"the number of {region.name!r} must be a tel URI, not {region.number!r}"


def _importable(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # its parent
        return False


def _bounds(setting: "Field[Any]", value: object) -> Iterator[str]:
    minimum, choices = setting.metadata["minimum"], setting.metadata["choices"]
    if choices:
        if value == ():
            yield "must list at least one value"
        for entry in value if isinstance(value, tuple) else (value,):
            if entry not in choices:
                yield f"must {'contain only' if isinstance(value, tuple) else 'be'} {_either(choices)}, not {entry!r}"
    elif isinstance(value, float | int) and not isinstance(value, bool):
        if not math.isfinite(value) or value > MAX:
            yield f"must be at most {MAX}, not {value}"
        elif minimum is not None and value < minimum:
            yield f"must be at least {minimum}, not {value}"
        elif minimum is None and value <= 0:
            yield f"must be greater than 0, not {value}"


def _listening(config: Config) -> Iterator[tuple[str, str]]:
    if config.audit_log not in {"log", "off"} and "/" not in config.audit_log:
        yield "audit_log", f"must be log, off or the path of a file, with a /, not {config.audit_log!r}"
    if not config.data.strip():
        yield "data", "must name a folder"
    if (text := config.store) is not None:
        database = _url(text, "postgresql", "postgres")
        if database is None or not database.hostname or not database.path.strip("/"):
            yield "store", f"{masked(text)!r} is not of the form postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
        elif "password" in database.query:
            yield "store", "the password must be before the @, or in a password file"
    if not config.listen:
        yield "listen", "must name at least one URL"
    for text in config.listen:
        url = _url(text, "http", "https")
        if url is None or not url.hostname or url.port is None or text != f"{url.scheme}://{url.netloc}":
            yield "listen", f"{text!r} is not of the form http://HOST:PORT or https://HOST:PORT"
        elif url.scheme == "https" and config.tls_cert is None:
            yield "listen", f"{text} requires the settings tls_cert and tls_key"
        elif url.port and config.listen.count(text) > 1:
            yield "listen", f"{text} is listed twice"
    if (config.tls_cert is None) != (config.tls_key is None):
        there, missing = ("tls_key", "tls_cert") if config.tls_cert is None else ("tls_cert", "tls_key")
        yield there, f"requires the setting {missing}"


def _page_problems(config: Config) -> Iterator[tuple[str, str]]:
    if config.page_logo is None:
        return
    if Path(config.page_logo).suffix.lower() not in {".svg", ".png"}:
        yield "page_logo", "must be an SVG or PNG file, whose name ends in .svg or .png"
    elif not Path(config.page_logo).is_file():
        yield "page_logo", f"there is no file {config.page_logo}"


def _seen_from_outside(config: Config) -> Iterator[tuple[str, str]]:
    for text in config.status_listen:
        url = _url(text, "http")
        if url is None or not url.hostname or url.port is None or text != f"{url.scheme}://{url.netloc}":
            yield "status_listen", f"{text!r} is not of the form http://HOST:PORT"
        elif url.port and (text in config.listen or config.status_listen.count(text) > 1):
            yield "status_listen", f"{text} is listed twice"
        elif url.port + config.workers > 65536:
            yield "status_listen", f"{text} leaves too few ports for {config.workers} workers"
    if (collector := config.traces) is not None:
        url = _url(collector, "http", "https")
        if url is None or not url.hostname or url.fragment:
            yield "traces", f"{masked(collector)!r} is not of the form http://HOST:PORT/v1/traces"


def _webhook_problems(config: Config) -> Iterator[tuple[str, str]]:
    for text in config.webhook_allowed_networks:
        try:
            ip_network(text)
        except ValueError:
            yield "webhook_allowed_networks", f"{text!r} is not a network such as 10.1.0.0/16"


def _links(config: Config) -> Iterator[tuple[str, str]]:
    if (text := config.public_url) is not None:
        url = _url(text, "http", "https")
        if url is None or not url.hostname or text.rstrip("/") != f"{url.scheme}://{url.netloc}":
            yield "public_url", f"{text!r} is not of the form https://HOST[:PORT], without a path"
    for text in config.hosts:
        if not _HOST.fullmatch(text):
            yield "hosts", f"{text!r} is not of the form HOST[:PORT]"
    for text in config.trusted_proxies:
        try:
            ip_network(text)
        except ValueError:
            yield "trusted_proxies", f"{text!r} is neither an IP address nor a network such as 10.0.0.0/8"
    for text in config.allow_origin:
        url = _url(text, "http", "https")
        if url is None or not url.hostname:
            yield "allow_origin", f"{text!r} is not of the form scheme://HOST[:PORT]"
        elif text != (origin := _origin(url)):
            yield "allow_origin", f"{text!r} is not what browsers send: {origin}"
    if (text := config.join_url) is not None:
        yield from (("join_url", problem) for problem in _template(text))


def _template(text: str) -> Iterator[str]:
    url = _url(text, "http", "https")
    if url is None or not url.netloc:
        yield f"{text!r} is not an http or https URL"
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as error:
        yield f"{text!r} is not a template: {error}"
        return
    names = [name for _, name, _, _ in parts if name is not None]
    if any(name not in {"domain", "user", "id"} for name in names) or any(form or bang for _, _, form, bang in parts):
        yield f"{text!r} may contain only {{domain}}, {{user}} and {{id}}"
    elif "id" not in names:
        yield f"{text!r} must contain {{id}}: otherwise all meetings have the same address"


def _pool_problems(config: Config) -> Iterator[tuple[str, str]]:
    names = [pool.name for pool in config.pools]
    for pool in config.pools:
        if not pool.name.strip() or names.count(pool.name) > 1:
            yield "pools", f"the name {pool.name!r} is empty or listed twice"
        if not ((url := _url(pool.url, "http", "https")) and url.hostname):
            yield "pools", f"the url of {pool.name!r} is not an http or https URL: {pool.url!r}"
        if pool.backup is None:
            continue
        backup = _url(pool.backup, "http", "https")
        if pool.backup == pool.name or (pool.backup not in names and not (backup and backup.hostname)):
            yield "pools", f"the backup of {pool.name!r} is neither another pool nor a URL: {pool.backup!r}"


def _url(text: str, *schemes: str) -> SplitResult | None:
    """The parsed URL; None if it is not one of these schemes or its port is invalid."""
    if not text.isprintable() or " " in text:
        return None
    try:
        url = urlsplit(text)
        url.port  # noqa: B018  # raises if it is invalid
    except ValueError:
        return None
    return url if url.scheme in schemes and (url.username is None or url.scheme in _WITH_PASSWORDS) else None


def _origin(url: SplitResult) -> str:
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    port = "" if url.port in (None, {"http": 80, "https": 443}[url.scheme]) else f":{url.port}"
    return f"{url.scheme}://{host}{port}"


def masked(text: str) -> str:
    """A URL without its user and password, even if it is malformed."""
    text = re.sub(r"(?i)\b(?!https?:)([a-z][a-z0-9+.-]*)://\S*@", r"\1://***@", text)
    return re.sub(r"//[^/@]*@", "//***@", re.sub(r"(?i)(password=)[^&]*", r"\1***", text))


def _either(values: tuple[object, ...]) -> str:
    *others, last = (str(value) for value in values)
    return f"{', '.join(others)} or {last}" if others else last
