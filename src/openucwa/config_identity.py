"""The tables of the settings `issuers` and `directories`, and their checks. docs/identity.md describes each field."""

import re
from collections.abc import Iterator, Mapping, Sequence
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
#: HOST[:PORT], without user and password.
_HOST_AND_PORT = re.compile(r"[A-Za-z0-9._\[\]:-]+")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def _phones() -> dict[str, str]:
    return {"work": "telephoneNumber", "mobile": "mobile", "home": "homePhone"}


class Issuer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An OpenID Connect provider whose access tokens are accepted.

    `url`: its issuer identifier, exactly as in `iss`. `audience`: accepted values of `aud`.
    `domains`: the SIP domains that it is trusted for; the first completes a user claim without a domain.
    `user_claims`: claims with the user's address; the first one present is used.
    `name_claims`, `email_claims`: the same for a new user's name and mail address.
    `create_users`: whether unknown users are added.
    `scope_claims`: claims with scopes, text or array; a dot descends into an object (`realm_access.roles`).
    `scope_prefix`: prefix of the issuer's names of UCWA scopes.
    `scopes`: the issuer's scope or role -> UCWA scopes, or `all`. `default_scopes`: scopes of every token.
    `algorithms`: accepted signature algorithms. `leeway`: accepted clock difference, in seconds.
    `require_at_jwt`: whether the header must have the type `at+jwt` (RFC 9068).
    `client_id`, `client_secret`, `client_secret_file`: the server's client, for introspection and the password grant.
    `introspection`: whether tokens that are not JWTs are introspected (RFC 7662).
    `introspection_lifetime`: how long such an answer is used, in seconds.
    `password_grant`: whether passwords are verified by the issuer's password grant.
    `password_scope`: the scope that it requests. `password_username`: the user name that it sends: `{login}` is what
    was typed, without a leading `sip:` or `DOMAIN\\`; `{user}` is the part before the @.
    `console_client_id`: the console's public client; default: the console does not offer this issuer.
    `console_scope`: the scopes that the console requests. `name`: the issuer's name in the console; default: its host.
    `authorization_uri`: the URL in the challenge of a 401; default: the issuer's authorization endpoint.
    `ca_file`: certificate authorities (PEM) for its TLS certificate; default: the system's.
    `timeout`: for an answer of the issuer, in seconds. `connections`: the maximum per process, for introspection and
    for the password grant each; keys are fetched on others.
    `key_refresh`: how often keys are fetched, in seconds. `key_refresh_min`: minimum seconds between two fetches.
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
    """An LDAP directory that verifies passwords.

    `url`: one or several, tried in this order: `ldaps://HOST[:PORT]`, or `ldap://HOST[:PORT]` for StartTLS.
    `ca_file`: certificate authorities (PEM) for its certificate; default: the system's.
    `domains`: the SIP domains that it is trusted for; the first completes an address without a domain.
    `base`: base DN of the search for users. `bind_dn`, `bind_password`, `bind_password_file`: the account that
    searches; default: anonymous.
    `login_filter`: finds the user. `{login}` is what was typed, without a leading `sip:` or `DOMAIN\\`; `{user}` is the
    part before the @ if the domain is one of `domains`, otherwise the same as `{login}`.
    `uri_attributes`: attributes with the SIP URI or address; the first one present is used.
    `name_attributes`, `email_attributes`, `title_attributes`, `department_attributes`, `company_attributes`,
    `office_attributes`: the same.
    `phones`: kind of phone (work, mobile, home, other) -> attribute.
    `photo_attributes`: attributes with a JPEG or PNG photo; the first one present is used. () for none.
    `groups`: DNs of groups whose members may sign in; default: everyone. `group_filter`: matches the entry of a group
    with the user as a member, by `{dn}` or by `{user}`, the value of `user_attribute`.
    `search`: whether its people and groups are found by the resource search. `person_filter`, `distribution_filter`:
    match their entries; `distribution_base`: base DN of the search for groups; default: `base`.
    `member_attributes`: attributes with the DNs of a group's members. `manager_attribute`: the one with the DN of a
    user's manager.
    `create_users`: whether unknown users are added.
    `connections`: the maximum per process. `timeout`: for each step, in seconds.
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
    company_attributes: Texts = ("company", "o")
    office_attributes: Texts = ("physicalDeliveryOfficeName", "roomNumber")
    phones: Mapping[str, str] = msgspec.field(default_factory=_phones)
    photo_attributes: Texts = ("jpegPhoto", "thumbnailPhoto")
    groups: tuple[str, ...] = ()
    group_filter: str = "(|(member={dn})(uniqueMember={dn})(memberUid={user}))"
    search: bool = True
    person_filter: str = "(objectClass=person)"
    distribution_filter: str = "(|(objectClass=group)(objectClass=groupOfNames)(objectClass=groupOfUniqueNames))"
    distribution_base: str | None = None
    member_attributes: Texts = ("member", "uniqueMember")
    manager_attribute: str = "manager"
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
    yield from _fixed_filters(directory)
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


def _fixed_filters(directory: Directory) -> Iterator[str]:
    for name, fixed in (
        ("person_filter", directory.person_filter),
        ("distribution_filter", directory.distribution_filter),
    ):
        if fixed.count("(") != fixed.count(")") or not fixed.startswith("("):
            yield f"{name} must be a filter in parentheses"


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
    if url.fragment or "#" in text or not url.hostname or not _HOST_AND_PORT.fullmatch(url.netloc):
        return False
    return url.scheme == "https" or (url.scheme == "http" and url.hostname in _LOOPBACK)
