"""The tables of `issuers` and `directories`."""

import json
from pathlib import Path
from typing import Any

import pytest

from openucwa.config import Config
from openucwa.config_identity import UCWA_SCOPES
from openucwa.config_loading import load
from openucwa.config_options import ConfigError
from openucwa.model.scopes import ANY_SCOPE
from tests.needs import need_module

ISSUER = {"url": "https://id.contoso.com", "audience": "https://ucwa.contoso.com", "domains": ["contoso.com"]}
DIRECTORY = {"url": "ldaps://ldap.contoso.com", "domains": ["contoso.com"], "base": "dc=contoso,dc=com"}


def loaded(name: str, *tables: dict[str, Any]) -> Config:
    return load(None, {f"OPENUCWA_{name.upper()}": json.dumps(tables)})


def test_tables_of_a_file_are_read(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(
        """
        [[issuers]]
        url = "https://id.contoso.com"
        audience = ["one", "two"]
        domains = "contoso.com"
        scopes = { organizer = ["Meetings.ReadWrite"], everything = "all" }

        [[directories]]
        url = ["ldaps://one.contoso.com", "ldap://two.contoso.com:3890"]
        domains = "contoso.com"
        base = "dc=contoso,dc=com"
        phones = { work = "telephoneNumber" }
        """
    )
    need_module("ldap", "python-ldap")
    config = load(file, {})
    assert config.issuers[0].audience == ("one", "two")
    assert config.issuers[0].scopes == {"organizer": ("Meetings.ReadWrite",), "everything": "all"}
    assert config.directories[0].url == ("ldaps://one.contoso.com", "ldap://two.contoso.com:3890")


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"url": "http://id.contoso.com"}, "https"),
        ({"url": "https://id.contoso.com/#x"}, "https"),
        ({"url": "https://user:secret@id.contoso.com"}, "https"),
        ({"url": "id.contoso.com"}, "https"),
        ({"authorization_uri": "javascript:alert(1)"}, "authorization_uri"),
        ({"audience": ""}, "audience"),
        ({"audience": []}, "audience"),
        ({"domains": []}, "domains"),
        ({"domains": ["Contoso.com"]}, "lower case"),
        ({"domains": ["*"]}, "domains"),
        ({"scopes": {"organizer": ["Meetings.ReadWrite", "Meeting.ReadWrite"]}}, "Meeting.ReadWrite"),
        ({"default_scopes": "All"}, "default_scopes"),
        ({"algorithms": []}, "algorithms"),
        ({"algorithms": ["none"]}, "algorithms"),
        ({"algorithms": ["HS256"]}, "algorithms"),
        ({"user_claims": []}, "user_claims"),
        ({"leeway": -1}, "leeway"),
        ({"timeout": 0}, "timeout"),
        ({"introspection": True}, "client_id"),
        ({"password_grant": True}, "client_id"),
        ({"client_secret": "x", "client_secret_file": "y"}, "client_secret_file"),
        ({"password_username": "lene"}, "password_username"),
        ({"frobnicate": True}, "frobnicate"),
    ],
)
def test_issuer_that_cannot_be_used_is_refused_with_the_reason(changed: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named) as refused:
        loaded("issuers", ISSUER | changed)
    assert "setting issuers" in str(refused.value)


@pytest.mark.parametrize(
    ("tables", "problem"),
    [
        ([ISSUER, ISSUER | {"leeway": "x"}], "table 2: leeway must be an integer, not a string"),
        ([{"url": "https://id.contoso.com", "domains": []}], "table 1: audience is missing"),
        ([ISSUER | {"audiences": "x"}], "table 1: unknown setting audiences; did you mean audience?"),
        ([ISSUER | {"audience": 5}], "table 1: audience must be a string or a list of strings, not an integer"),
        (
            [ISSUER | {"scopes": {"organizer": 1}}],
            "table 1: scopes must be a string or a list of strings, not an integer",
        ),
        (["https://id.contoso.com"], "table 1: must be a table, not a string"),
        ("https://id.contoso.com", "must be a list of tables, not a string"),
    ],
)
def test_table_of_the_wrong_form_is_refused_in_words(tables: object, problem: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(None, {"OPENUCWA_ISSUERS": json.dumps(tables)})
    assert str(refused.value) == f"setting issuers (environment variable OPENUCWA_ISSUERS): {problem}"


def test_scopes_that_settings_may_hold_are_those_of_resources() -> None:
    assert set(UCWA_SCOPES) == ANY_SCOPE


def test_issuer_on_this_machine_may_do_without_tls() -> None:
    assert loaded("issuers", ISSUER | {"url": "http://127.0.0.1:8081/realms/x"}).issuers


def test_issuer_is_there_once_and_one_has_introspection() -> None:
    with pytest.raises(ConfigError, match="twice"):
        loaded("issuers", ISSUER, ISSUER)
    introspecting = ISSUER | {"introspection": True, "client_id": "x"}
    with pytest.raises(ConfigError, match="introspection"):
        loaded("issuers", introspecting, introspecting | {"url": "https://other.contoso.com"})


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"url": []}, "url"),
        ({"url": "https://ldap.contoso.com"}, "ldaps://"),
        ({"url": "ldaps://"}, "ldaps://"),
        ({"url": "ldaps://ldap.contoso.com:x"}, "ldaps://"),
        ({"domains": []}, "domains"),
        ({"login_filter": "(uid=lene)"}, "login_filter"),
        ({"login_filter": "(uid={name})"}, "login_filter"),
        ({"login_filter": "(uid={login}"}, "login_filter"),
        ({"group_filter": "member={dn}"}, "group_filter"),
        ({"bind_dn": "cn=x"}, "bind_dn"),
        ({"bind_password": "x"}, "bind_dn"),
        ({"bind_dn": "cn=x", "bind_password": "x", "bind_password_file": "y"}, "bind_password_file"),
        ({"connections": 0}, "connections"),
        ({"phones": {"fax": "facsimileTelephoneNumber"}}, "fax"),
    ],
)
def test_directory_that_cannot_be_used_is_refused_with_the_reason(changed: dict[str, Any], named: str) -> None:
    need_module("ldap", "python-ldap")
    with pytest.raises(ConfigError, match=named):
        loaded("directories", DIRECTORY | changed)


def test_secrets_are_not_shown() -> None:
    need_module("ldap", "python-ldap")
    issuer = loaded("issuers", ISSUER | {"client_id": "x", "client_secret": "s3cret"}).issuers[0]
    directory = loaded("directories", DIRECTORY | {"bind_dn": "cn=x", "bind_password": "s3cret"}).directories[0]
    assert "s3cret" not in f"{issuer} {issuer!r} {directory} {directory!r}"
