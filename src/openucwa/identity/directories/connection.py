"""A connection to a directory, always over TLS. Its calls block, so use it in a thread."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import ldap

from openucwa.config_identity import Directory

#: Errors of a bind that mean wrong, unknown or locked.
_REFUSALS = (
    ldap.INVALID_CREDENTIALS,
    ldap.NO_SUCH_OBJECT,
    ldap.INAPPROPRIATE_AUTH,
    ldap.INVALID_DN_SYNTAX,
    ldap.UNWILLING_TO_PERFORM,
    ldap.CONSTRAINT_VIOLATION,
)
#: A second entry means that the login is ambiguous.
_MAX_ENTRIES = 2
#: Idle seconds before TCP keep-alive probes, and between the three of them.
_KEEP_ALIVE = 15


class DirectoryAway(Exception):
    """The directory is unreachable or refuses requests. The text is for the log: it may contain addresses."""


class Entry(NamedTuple):
    """A directory entry. `attributes`: name in lower case -> values."""

    dn: str
    attributes: Mapping[str, Sequence[bytes]]


class Connection:
    """An encrypted connection to the server at `url`, not bound yet.

    Its methods raise DirectoryAway, after which it is closed. Each takes at most `timeout`, except if the server stops
    responding during the TLS handshake: then OpenLDAP's library waits until TCP gives up.
    """

    def __init__(self, directory: Directory, url: str) -> None:
        self._timeout = directory.timeout
        self._name = url
        self._open = True
        try:
            self._ldap = ldap.initialize(self._name)
        except ldap.LDAPError as error:
            raise self._away(error) from None
        try:
            self._secure(directory)
        except ldap.LDAPError as error:
            self.close()
            raise self._away(error) from None

    def bind(self, dn: str, password: str) -> bool:
        """Whether `password` is the one of `dn`. An empty password is refused here: LDAP would bind anonymously.

        DirectoryAway: the directory is unreachable.
        """
        if not dn or not password:
            return False
        try:
            self._ldap.simple_bind_s(dn, password)
        except _REFUSALS:
            return False
        except ldap.LDAPError as error:
            self.close()
            raise self._away(error) from None
        return True

    def search(self, base: str, query: str, attributes: Sequence[str], *, below: bool = True) -> list[Entry]:
        """The first two matching entries, below `base` or `base` itself. DirectoryAway: the search failed."""
        scope = ldap.SCOPE_SUBTREE if below else ldap.SCOPE_BASE
        wanted = list(attributes) or ["1.1"]
        try:
            found = self._ldap.search_ext_s(base, scope, query, wanted, timeout=self._timeout, sizelimit=_MAX_ENTRIES)
        except ldap.SIZELIMIT_EXCEEDED:
            return [Entry("", {})] * _MAX_ENTRIES
        except ldap.LDAPError as error:
            self.close()
            raise self._away(error) from None
        return _entries(found)

    def find(
        self, base: str, query: str, attributes: Sequence[str], limit: int, *, below: bool = True
    ) -> tuple[list[Entry], bool]:
        """Up to `limit` matching entries, below `base` or `base` itself, and whether there are more.

        DirectoryAway: the search failed.
        """
        scope = ldap.SCOPE_SUBTREE if below else ldap.SCOPE_BASE
        found: list[Entry] = []
        try:
            number = self._ldap.search_ext(
                base, scope, query, list(attributes), timeout=self._timeout, sizelimit=limit + 1
            )
            kind = None
            while kind != ldap.RES_SEARCH_RESULT:
                # One at a time: those that came before a size limit was exceeded count.
                kind, data = self._ldap.result(number, all=0, timeout=self._timeout)
                found += _entries(data)
        except ldap.SIZELIMIT_EXCEEDED:
            return found[:limit], True
        except (ldap.NO_SUCH_OBJECT, ldap.INVALID_DN_SYNTAX):
            return [], False
        except ldap.LDAPError as error:
            self.close()
            raise self._away(error) from None
        return found[:limit], len(found) > limit

    def close(self) -> None:
        """Closes the connection. May be called more than once."""
        if self._open:
            self._open = False
            with suppress(ldap.LDAPError):
                self._ldap.unbind_s()

    def _secure(self, directory: Directory) -> None:
        connection = self._ldap
        connection.set_option(ldap.OPT_PROTOCOL_VERSION, ldap.VERSION3)
        connection.set_option(ldap.OPT_REFERRALS, 0)
        connection.set_option(ldap.OPT_NETWORK_TIMEOUT, directory.timeout)
        connection.set_option(ldap.OPT_TIMEOUT, directory.timeout)
        connection.set_option(ldap.OPT_X_KEEPALIVE_IDLE, _KEEP_ALIVE)
        connection.set_option(ldap.OPT_X_KEEPALIVE_INTERVAL, _KEEP_ALIVE)
        connection.set_option(ldap.OPT_X_KEEPALIVE_PROBES, 3)
        if directory.ca_file is not None:
            connection.set_option(ldap.OPT_X_TLS_CACERTFILE, directory.ca_file)
        # Regardless of the machine's OpenLDAP configuration.
        connection.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_DEMAND)
        connection.set_option(ldap.OPT_X_TLS_PROTOCOL_MIN, ldap.OPT_X_TLS_PROTOCOL_TLS1_2)
        connection.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
        if not self._name.startswith("ldaps://"):
            connection.start_tls_s()

    def _away(self, error: ldap.LDAPError) -> DirectoryAway:
        said = error.args[0] if error.args else {}
        words = (
            [str(said[part]) for part in ("desc", "info") if part in said] if isinstance(said, dict) else [str(said)]
        )
        return DirectoryAway(f"{self._name}: {type(error).__name__}: {', '.join(words)}")


def _entries(found: Sequence[tuple[str | None, Mapping[str, Sequence[bytes]]]]) -> list[Entry]:
    # Results without a name are referrals.
    return [
        Entry(dn, {name.lower(): values for name, values in found_attributes.items()})
        for dn, found_attributes in found
        if dn is not None
    ]


def bind_password(directory: Directory) -> str | None:
    """The password of the search account; None: search anonymously. DirectoryAway: its file cannot be read."""
    if directory.bind_password_file is None:
        return directory.bind_password
    try:
        return Path(directory.bind_password_file).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, ValueError) as error:
        raise DirectoryAway(f"bind_password_file cannot be read: {error}") from None
