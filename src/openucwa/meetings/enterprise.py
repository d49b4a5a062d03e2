"""Enterprises: users of one SIP domain, or of domains that the settings combine."""


class Enterprise:
    """The enterprises of a server. `domains`: those that form one enterprise; any other domain is one by itself."""

    def __init__(self, domains: tuple[str, ...] = ()) -> None:
        self._domains = frozenset(domain.lower() for domain in domains)

    def is_shared(self, uri: str, other: str) -> bool:
        """Whether the users with these SIP URIs belong to one enterprise."""
        domain, others = domain_of(uri), domain_of(other)
        return domain == others or {domain, others} <= self._domains


def domain_of(uri: str) -> str:
    """The domain of a user's SIP URI, in lower case, without a port and parameters."""
    host = uri.rpartition("@")[2].lower()
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    for mark in (";", "?", ":"):
        host = host.partition(mark)[0]
    return host.rstrip(".")
