"""The tables of the settings `issuers` and `directories`, and their checks. docs/identity.md describes each field."""

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

import msgspec

#: Supported signature algorithms: with public keys only, so neither HMAC nor `none`.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")

#: In `scopes` and `default_scopes`: every UCWA scope.
ALL_SCOPES = "all"
#: The names of `model.scopes`, which settings do not import; a test compares them.
UCWA_SCOPES = (
    "User.ReadWrite",
    "Contacts.ReadWrite",
    "Conversations.Initiate",
    "Conversations.Receive",
    "Meetings.ReadWrite",
)

Texts: TypeAlias = str | tuple[str, ...]

#: Kinds of phone numbers that `me` and `contact` know.
_PHONES = ("work", "mobile", "home", "other")
_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
#: HOST[:PORT], without a name or password before it.
_PLACE = re.compile(r"[A-Za-z0-9._\[\]:-]+")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def _phones() -> dict[str, str]:
    return {"work": "telephoneNumber", "mobile": "mobile", "home": "homePhone"}


class Issuer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An OpenID Connect provider whose access tokens are accepted.

    `url`: its issuer identifier, exactly as in `iss`. `audience`: what `aud` has to hold, one of these exactly.
    `domains`: the SIP domains that it may speak for; a user claim without a domain is given the first.
    `user_claims`: the claims that may hold the user's address; the first that is there counts.
    `name_claims`, `email_claims`: likewise for a new user's name and mail address.
    `create_users`: whether a user who is not known here yet is added.
    `scope_claims`: where a token's scopes are, text or array; a dot leads into an object (`realm_access.roles`).
    `scope_prefix`: what the issuer's names of UCWA's scopes begin with.
    `scopes`: the issuer's name of a scope or role -> UCWA scopes, or `all`. `default_scopes`: what each of its tokens
    has, whatever it says.
    `algorithms`: the signatures that are verified. `leeway`: seconds that clocks may differ.
    `require_at_jwt`: whether a token has to say in its header that it is an access token (RFC 9068).
    `client_id`, `client_secret`, `client_secret_file`: as whom the server asks the issuer (introspection, passwords).
    `introspection`: whether tokens that are no JWT are asked about (RFC 7662).
    `introspection_lifetime`: seconds that such an answer is used.
    `password_grant`: whether passwords are verified by the issuer's own password grant.
    `password_scope`: the scope that this grant asks for. `password_username`: whom it names: `{login}` is what was
    typed without a `sip:` or `DOMAIN\\` before it, `{user}` what stands before the @.
    `console_client_id`: the public client that the console is at the issuer; default: the console does not offer it.
    `console_scope`: the scopes that the console asks for. `name`: what the console calls the issuer; default: its host.
    `authorization_uri`: what the challenge of a 401 names; default: the issuer's authorization endpoint.
    `ca_file`: certificate authorities (PEM) that its TLS certificate is verified by; default: the system's.
    `timeout`: seconds for an answer of the issuer. `connections`: the maximum per process, for introspection and for
    the password grant each; keys are fetched on connections of their own.
    `key_refresh`: seconds that its keys are used before they are read again.
    `key_refresh_min`: seconds between two reads that tokens with an unknown key bring about, and after a failed one.
    """

    url: str
    audience: Texts
    domains: Texts
    user_claims: Texts = ("upn", "preferred_username")
    name_claims: Texts = ("name",)
    email_claims: Texts = ("email",)
    create_users: bool = True
    scope_claims: Texts = ("scope", "scp", "roles")
    scope_prefix: str = ""
    scopes: Mapping[str, Texts] = {}
    default_scopes: Texts = ()
    algorithms: tuple[str, ...] = ALGORITHMS
    leeway: int = 60
    require_at_jwt: bool = False
    client_id: str | None = None
    client_secret: str | None = None
    client_secret_file: str | None = None
    introspection: bool = False
    introspection_lifetime: int = 60
    password_grant: bool = False
    password_scope: str = "openid profile email"  # noqa: S105  # scopes
    password_username: str = "{login}"  # noqa: S105  # a template
    console_client_id: str | None = None
    console_scope: str = "openid profile email"
    name: str | None = None
    authorization_uri: str | None = None
    ca_file: str | None = None
    timeout: float = 5.0
    connections: int = 8
    key_refresh: float = 3_600.0
    key_refresh_min: float = 5.0

    def __repr__(self) -> str:
        return f"Issuer({self.url})"  # without its secret

    def __str__(self) -> str:
        return self.url


class Directory(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An LDAP directory that passwords are verified by.

    `url`: one or several, tried in this order: `ldaps://HOST[:PORT]`, or `ldap://HOST[:PORT]`, where StartTLS is used.
    `ca_file`: certificate authorities (PEM) that its certificate is verified by; default: the system's.
    `domains`: the SIP domains that it may speak for; a user without one is in the first.
    `base`: where users are searched. `bind_dn`, `bind_password`, `bind_password_file`: as whom; default: anonymously.
    `login_filter`: finds a user by what was typed. `{login}` is that without a `sip:` or `DOMAIN\\` before it; `{user}`
    is what stands before the @ if the domain is one of `domains`, and otherwise the same as `{login}`.
    `uri_attributes`: the attributes that may hold the user's SIP URI or address; the first that is there counts.
    `name_attributes`, `email_attributes`, `title_attributes`, `department_attributes`: likewise.
    `phones`: kind of phone (work, mobile, home, other) -> attribute.
    `groups`: DNs of groups whose members may sign in; default: everybody. `group_filter`: what a group's entry matches
    of which the user with `{dn}`, or `{user}` in `user_attribute`, is a member.
    `create_users`: whether a user who is not known here yet is added.
    `connections`: how many at most, of each process. `timeout`: seconds for each step.
    """

    url: Texts
    domains: Texts
    base: str
    ca_file: str | None = None
    bind_dn: str | None = None
    bind_password: str | None = None
    bind_password_file: str | None = None
    login_filter: str = "(&(objectClass=person)(|(uid={user})(mail={login})(userPrincipalName={login})))"
    uri_attributes: Texts = ("msRTCSIP-PrimaryUserAddress", "mail")
    user_attribute: str = "uid"
    name_attributes: Texts = ("displayName", "cn")
    email_attributes: Texts = ("mail",)
    title_attributes: Texts = ("title",)
    department_attributes: Texts = ("department", "departmentNumber", "ou")
    phones: Mapping[str, str] = msgspec.field(default_factory=_phones)
    groups: tuple[str, ...] = ()
    group_filter: str = "(|(member={dn})(uniqueMember={dn})(memberUid={user}))"
    create_users: bool = True
    connections: int = 4
    timeout: float = 5.0

    def __repr__(self) -> str:
        return f"Directory({self})"  # without its password

    def __str__(self) -> str:
        return ", ".join(texts(self.url))


def texts(value: Texts) -> tuple[str, ...]:
    """A setting of one or several texts, as a tuple."""
    return (value,) if isinstance(value, str) else value


def identity_problems(issuers: Sequence[Issuer], directories: Sequence[Directory]) -> Iterator[tuple[str, str]]:
    """Invalid tables: the setting's name, and what is wrong."""
    urls = [issuer.url for issuer in issuers]
    for issuer in issuers:
        if urls.count(issuer.url) > 1:
            yield "issuers", f"{issuer.url!r} is listed twice"
        yield from (("issuers", f"{issuer.url!r}: {problem}") for problem in _issuer(issuer))
    if sum(issuer.introspection for issuer in issuers) > 1:
        yield "issuers", "only one issuer may have introspection: the others would receive its tokens"
    for directory in directories:
        name = ", ".join(texts(directory.url))
        yield from (("directories", f"{name!r}: {problem}") for problem in _directory(directory))


def file_problems(issuers: Sequence[Issuer], directories: Sequence[Directory]) -> Iterator[tuple[str, str]]:
    """Files that the tables name and that cannot be used: the setting's name, and what is wrong. Reads them."""
    for issuer in issuers:
        for problem in (*_authorities(issuer.ca_file), *_secret("client_secret_file", issuer.client_secret_file)):
            yield "issuers", f"{str(issuer)!r}: {problem}"
    for directory in directories:
        for problem in (*_authorities(directory.ca_file), *_secret("bind_password_file", directory.bind_password_file)):
            yield "directories", f"{str(directory)!r}: {problem}"


def _authorities(file: str | None) -> Iterator[str]:
    if file is None:
        return
    import ssl  # noqa: PLC0415

    try:
        ssl.create_default_context(cafile=file)
    except ssl.SSLError as error:
        yield f"ca_file {file!r} contains no certificates (PEM): {error.reason or error}"
    except OSError as error:
        yield f"ca_file {file!r} cannot be read: {error.strerror or error}"


def _secret(name: str, file: str | None) -> Iterator[str]:
    if file is None:
        return
    try:
        if not Path(file).read_text(encoding="utf-8").strip():
            yield f"{name} {file!r} is empty"
    except OSError as error:
        yield f"{name} {file!r} cannot be read: {error.strerror or error}"
    except ValueError:
        yield f"{name} {file!r} is not UTF-8 text"


def _issuer(issuer: Issuer) -> Iterator[str]:
    for name, url in {"url": issuer.url, "authorization_uri": issuer.authorization_uri}.items():
        if url is not None and not safe_url(url):
            yield f"{name} must be an https URL without a fragment (http for an address of this machine only)"
    for name, value in {
        "audience": issuer.audience,
        "user_claims": issuer.user_claims,
        "scope_claims": issuer.scope_claims,
    }.items():
        if not texts(value) or not all(texts(value)):
            yield f"{name} is empty"
    yield from _domains(issuer.domains)
    if not issuer.algorithms:
        yield "algorithms is empty"
    for algorithm in issuer.algorithms:
        if algorithm not in ALGORITHMS:
            yield f"algorithms may contain {', '.join(ALGORITHMS)}, not {algorithm!r}"
    granted = {scope for given in (*issuer.scopes.values(), issuer.default_scopes) for scope in texts(given)}
    for scope in sorted(granted - {*UCWA_SCOPES, ALL_SCOPES}):
        yield f"scopes and default_scopes may contain {', '.join((*UCWA_SCOPES, ALL_SCOPES))}, not {scope!r}"
    if issuer.leeway < 0 or issuer.introspection_lifetime < 0:
        yield "leeway and introspection_lifetime must be at least 0"
    if min(issuer.timeout, issuer.key_refresh, issuer.key_refresh_min) <= 0:
        yield "timeout, key_refresh and key_refresh_min must be greater than 0"
    if issuer.connections < 1:
        yield "connections must be at least 1"
    if issuer.client_secret is not None and issuer.client_secret_file is not None:
        yield "client_secret and client_secret_file exclude each other"
    if issuer.client_id is None and (issuer.introspection or issuer.password_grant):
        yield "introspection and password_grant require client_id"
    if not set(re.findall(r"\{(.*?)\}", issuer.password_username)) & {"login", "user"}:
        yield "password_username must contain {login} or {user}"


def _directory(directory: Directory) -> Iterator[str]:
    if find_spec("ldap") is None:
        yield "python-ldap is not installed: pip install openucwa[ldap]"
    if not texts(directory.url):
        yield "url is empty"
    for text in texts(directory.url):
        try:
            url = urlsplit(text)
            well_formed = url.scheme in {"ldap", "ldaps"} and url.hostname and url.path in {"", "/"} and not url.query
            url.port  # noqa: B018  # raises where it is none
        except ValueError:
            well_formed = False
        if not well_formed:
            yield "url must have the form ldaps://HOST[:PORT] or ldap://HOST[:PORT]"
    yield from _domains(directory.domains)
    for name, template, names in (
        ("login_filter", directory.login_filter, {"login", "user"}),
        ("group_filter", directory.group_filter, {"dn", "user"}),
    ):
        used = set(re.findall(r"\{(.*?)\}", template))
        if not used or used - names or template.count("(") != template.count(")") or not template.startswith("("):
            known = " and ".join(f"{{{each}}}" for each in sorted(names))
            yield f"{name} must be a filter that contains {known}, or one of them, and nothing else in braces"
    for name, value in {"uri_attributes": directory.uri_attributes, "user_attribute": directory.user_attribute}.items():
        if not all(texts(value)) or not texts(value):
            yield f"{name} is empty"
    if directory.bind_password is not None and directory.bind_password_file is not None:
        yield "bind_password and bind_password_file exclude each other"
    if (directory.bind_dn is None) != (directory.bind_password is None and directory.bind_password_file is None):
        yield "bind_dn and a password (bind_password or bind_password_file) must be set together"
    for kind in directory.phones:
        if kind not in _PHONES:
            yield f"phones may contain {', '.join(_PHONES)}, not {kind!r}"
    if directory.connections < 1 or directory.timeout <= 0:
        yield "connections and timeout must be greater than 0"


def _domains(domains: Texts) -> Iterator[str]:
    if not texts(domains):
        yield "domains is empty"
    for domain in texts(domains):
        if not _DOMAIN.fullmatch(domain):
            yield f"domains must contain domain names in lower case, not {domain!r}"


def safe_url(text: str) -> bool:
    """Whether this is an https URL, or http on this machine, that is safe in a header."""
    if not (text.isascii() and text.isprintable()) or " " in text or '"' in text:
        return False
    try:
        url = urlsplit(text)
        url.port  # noqa: B018  # raises where it is none
    except ValueError:
        return False
    if url.fragment or "#" in text or not url.hostname or not _PLACE.fullmatch(url.netloc):
        return False
    return url.scheme == "https" or (url.scheme == "http" and url.hostname in _LOOPBACK)
