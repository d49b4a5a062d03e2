"""A connection to a directory: TLS or none, each step bounded in time. It blocks, so that it belongs in a thread."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import ldap

from openucwa.config_identity import Directory

#: What a directory answers to the bind of a user who may not sign in: wrong, unknown, locked, or no user at all.
_REFUSALS = (
    ldap.INVALID_CREDENTIALS,
    ldap.NO_SUCH_OBJECT,
    ldap.INAPPROPRIATE_AUTH,
    ldap.INVALID_DN_SYNTAX,
    ldap.UNWILLING_TO_PERFORM,
    ldap.CONSTRAINT_VIOLATION,
)
#: More entries than one mean that nobody in particular was found.
_MAX_ENTRIES = 2
#: Seconds without a word, and between two of three probes then, after which TCP gives a server up.
_KEEP_ALIVE = 15


class DirectoryAway(Exception):
    """The directory does not answer, or not as it should. The text is for the log: it may name addresses."""


class Entry(NamedTuple):
    """What was found. `attributes`: name in lower case -> values."""

    dn: str
    attributes: Mapping[str, Sequence[bytes]]


class Connection:
    """A connection to the server of `directory` at `url`, encrypted, and bound as nobody yet.

    Its methods raise DirectoryAway, after which it is closed. Each waits for `timeout` at most, but for a server that
    does not answer in the middle of TLS: there OpenLDAP's library waits for as long as TCP does.
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
        """Whether the directory accepts this password of `dn`. An empty one, which it may take for nobody's, is none.

        DirectoryAway: it does not say.
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
        """What matches: at most two entries, below `base` or that alone. DirectoryAway: it can't be searched."""
        scope = ldap.SCOPE_SUBTREE if below else ldap.SCOPE_BASE
        wanted = list(attributes) or ["1.1"]
        try:
            found = self._ldap.search_ext_s(base, scope, query, wanted, timeout=self._timeout, sizelimit=_MAX_ENTRIES)
        except ldap.SIZELIMIT_EXCEEDED:
            return [Entry("", {})] * _MAX_ENTRIES
        except ldap.LDAPError as error:
            self.close()
            raise self._away(error) from None
        # What has no name is a hint where else to search.
        return [
            Entry(dn, {name.lower(): values for name, values in found_attributes.items()})
            for dn, found_attributes in found
            if dn is not None
        ]

    def close(self) -> None:
        """Ends the connection; more than once does no harm."""
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
        # Said here, whatever the machine's settings of OpenLDAP say.
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


def bind_password(directory: Directory) -> str | None:
    """The password of the account that searches; None: there is no such account. DirectoryAway: it can't be read."""
    if directory.bind_password_file is None:
        return directory.bind_password
    try:
        return Path(directory.bind_password_file).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, ValueError) as error:
        raise DirectoryAway(f"bind_password_file can't be read: {error}") from None
