# What openucwa uses of python-ldap, which has no types of its own.

from typing import Any

OPT_NETWORK_TIMEOUT: int
OPT_PROTOCOL_VERSION: int
OPT_REFERRALS: int
OPT_TIMEOUT: int
OPT_X_KEEPALIVE_IDLE: int
OPT_X_KEEPALIVE_INTERVAL: int
OPT_X_KEEPALIVE_PROBES: int
OPT_X_TLS_CACERTFILE: int
OPT_X_TLS_DEMAND: int
OPT_X_TLS_NEWCTX: int
OPT_X_TLS_PROTOCOL_MIN: int
OPT_X_TLS_PROTOCOL_TLS1_2: int
OPT_X_TLS_REQUIRE_CERT: int
RES_SEARCH_RESULT: int
SCOPE_BASE: int
SCOPE_SUBTREE: int
VERSION3: int

class LDAPError(Exception): ...
class CONSTRAINT_VIOLATION(LDAPError): ...
class INAPPROPRIATE_AUTH(LDAPError): ...
class INVALID_CREDENTIALS(LDAPError): ...
class INVALID_DN_SYNTAX(LDAPError): ...
class NO_SUCH_OBJECT(LDAPError): ...
class SERVER_DOWN(LDAPError): ...
class SIZELIMIT_EXCEEDED(LDAPError): ...
class UNWILLING_TO_PERFORM(LDAPError): ...

class LDAPObject:
    def set_option(self, option: int, invalue: Any) -> None: ...
    def start_tls_s(self) -> None: ...
    def simple_bind_s(self, who: str | None = None, cred: str | None = None) -> Any: ...
    def search_ext_s(
        self,
        base: str,
        scope: int,
        filterstr: str | None = None,
        attrlist: list[str] | None = None,
        *,
        timeout: float = -1,
        sizelimit: int = 0,
    ) -> list[tuple[str | None, dict[str, list[bytes]]]]: ...
    def search_ext(
        self,
        base: str,
        scope: int,
        filterstr: str | None = None,
        attrlist: list[str] | None = None,
        *,
        timeout: float = -1,
        sizelimit: int = 0,
    ) -> int: ...
    def result(
        self,
        msgid: int,
        all: int = 1,  # noqa: A002 -- its name
        timeout: float | None = None,
    ) -> tuple[int, list[tuple[str | None, dict[str, list[bytes]]]]]: ...
    def unbind_s(self) -> None: ...

def initialize(uri: str) -> LDAPObject: ...
