"""Access to the control of a sandbox: for anyone who can reach it, but not for other sites' pages in a browser.

A browser sends a simple POST of any page without asking first, and says where the page is from in `Origin`. A page
whose name is made to lead to this machine (DNS rebinding) is known by the `Host` that it names.
"""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from openucwa.config import Config
from openucwa.http.cors import Cors, normalise
from openucwa.http.message import Request
from openucwa.model.refusals import Forbidden


def check_caller(request: Request, config: Config, cors: Cors) -> None:
    """Forbidden: the request comes from a page of another origin, or names a host that may be another site's."""
    host = request.header(b"host") or ""
    if host and not _is_ours(host, config):
        raise Forbidden(
            "control requests under this host name are refused; use the sandbox's address, or add the name to the "
            "setting hosts"
        )
    origin = request.header(b"origin")
    if origin is None or cors.allows(origin):
        return
    if normalise(origin) != normalise(f"{request.scheme}://{host}"):
        raise Forbidden("control requests from pages of this origin are refused; --allow-origin allows it")


def _is_ours(host: str, config: Config) -> bool:
    """Whether no other site can have this name: an address, a name without a dot, or one of the settings."""
    name = _name("//" + host)
    if name is None:
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return ("." not in name and "%" not in name) or name.endswith(".localhost") or name in set(_named(config))
    return True


def _named(config: Config) -> Iterable[str | None]:
    yield from map(_name, (*config.listen, *("//" + host for host in config.hosts), config.public_url or ""))


def _name(url: str) -> str | None:
    """The host of a URL in lower case; None: it has none."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
