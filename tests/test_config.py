"""Settings: where a value comes from, and which ones are refused."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from openucwa.channel.poll import PollSettings
from openucwa.channel.sweeper import SweepSettings
from openucwa.config import Config
from openucwa.config_loading import environment_name, load, load_with_sources, options
from openucwa.config_options import ConfigError, DialInRegion, Pool
from openucwa.identity.sign_in import SignInSettings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "openucwa.toml"


def test_defaults_without_file_environment_and_options() -> None:
    assert load(None, {}) == Config()


def test_every_setting_has_a_help_text() -> None:
    for setting in options():
        assert setting.metadata["help"].endswith("."), setting.name


def test_command_line_overrides_environment_overrides_file(file: Path) -> None:
    file.write_text('max_extensions = 1\nmax_meetings = 1\nbus = "nats://one:1"\n')
    environment = {"OPENUCWA_MAX_MEETINGS": "2", "OPENUCWA_BUS": "nats://two:2"}
    loaded = load_with_sources(file, environment, bus="nats://three:3", data=None, listen=())
    config, sources = loaded
    assert (config.max_extensions, config.max_meetings, config.bus) == (1, 2, "nats://three:3")
    assert (config.data, config.listen) == (Config().data, Config().listen)
    assert sources["max_extensions"] == str(file)
    assert sources["max_meetings"] == "environment variable OPENUCWA_MAX_MEETINGS"
    assert sources["bus"] == "command line"
    assert sources["data"] == sources["listen"] == "default"
    assert list(sources) == [setting.name for setting in fields(Config)]


def test_file_can_contain_every_kind_of_value(file: Path) -> None:
    file.write_text(
        """
        header_timeout = 3
        keep_alive = 2.5
        anonymous = false
        hosts = ["a.example", "b.example:81"]
        [[pools]]
        name = "east"
        url = "https://east.example"
        [[pools]]
        name = "west"
        url = "https://west.example"
        backup = "east"
        [[dial_in_regions]]
        name = "Denmark"
        number = "tel:+4570000000"
        languages = ["da-DK"]
        """
    )
    config = load(file, {})
    assert (config.header_timeout, config.keep_alive, config.anonymous) == (3.0, 2.5, False)
    assert isinstance(config.header_timeout, float)
    assert config.hosts == ("a.example", "b.example:81")
    assert config.pools == (Pool("east", "https://east.example"), Pool("west", "https://west.example", "east"))
    assert config.dial_in_regions == (DialInRegion("Denmark", "tel:+4570000000", ("da-DK",)),)


def test_environment_can_contain_every_kind_of_value() -> None:
    config = load(
        None,
        {
            "OPENUCWA_MAX_EXTENSIONS": "7",
            "OPENUCWA_KEEP_ALIVE": "2.5",
            "OPENUCWA_ANONYMOUS": "false",
            "OPENUCWA_LISTEN": "http://a:1, http://b:2",
            "OPENUCWA_POOLS": '[{"name":"east","url":"https://east.example"}]',
            "OPENUCWA_JOIN_URL": "",
        },
    )
    assert (config.max_extensions, config.keep_alive, config.anonymous) == (7, 2.5, False)
    assert config.listen == ("http://a:1", "http://b:2")
    assert config.pools == (Pool("east", "https://east.example"),)
    assert config.join_url is None


def test_every_setting_can_be_set_in_the_environment() -> None:
    assert environment_name("max_body_bytes") == "OPENUCWA_MAX_BODY_BYTES"
    for setting in fields(Config):
        text = {bool: "true", int: "201", float: "9"}.get(setting.type)
        if text is not None:
            load(None, {environment_name(setting.name): text})


def test_other_environment_variables_are_ignored() -> None:
    load(
        None,
        {
            "PATH": "/bin",
            "OPENUCWA_CONFIG": "a.toml",
            "OPENUCWA_SERVICE_HOST": "10.0.0.1",
            "OPENUCWA_PORT": "tcp://10.0.0.1:80",
            "OPENUCWA_PORT_80_TCP_ADDR": "10.0.0.1",
            "OPENUCWA_SERVICE_PORT_HTTP": "80",
        },
    )


def test_unknown_name_is_refused_with_a_suggestion(file: Path) -> None:
    file.write_text("max_extension = 1\n")
    with pytest.raises(ConfigError) as refused:
        load(file, {})
    assert str(refused.value) == (f"setting max_extension ({file}): unknown setting; did you mean max_extensions?")


def test_unknown_name_in_the_environment_is_refused() -> None:
    with pytest.raises(ConfigError) as refused:
        load(None, {"OPENUCWA_LISTENS": "http://a:1"})
    assert str(refused.value) == (
        "setting listens (environment variable OPENUCWA_LISTENS): unknown setting; did you mean listen?"
    )


def test_missing_file_is_refused(file: Path) -> None:
    with pytest.raises(ConfigError, match=rf"^the settings file {file} cannot be read: No such file or directory$"):
        load(file, {})


@pytest.mark.parametrize("content", [b"data = ", b"\xff\xfe", b"data = 'a'\ndata = 'b'"])
def test_file_that_is_not_toml_is_refused_in_one_line(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=rf"^the settings file {file} is not TOML: .*$") as refused:
        load(file, {})
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('max_extensions = "7"', "must be an integer, not '7'"),
        ("max_extensions = 7.5", "must be an integer, not 7.5"),
        ("max_extensions = true", "must be an integer, not True"),
        ('keep_alive = "long"', "must be a number, not 'long'"),
        ('anonymous = "yes"', "must be true or false, not 'yes'"),
        ("data = 7", "must be a string, not 7"),
        ("bus = 7", "must be a string, not 7"),
        ('listen = "http://a:1"', "must be a list of strings, not 'http://a:1'"),
        ("pools = [{name = 'a'}]", "table 1: url is missing"),
        (
            "pools = [{name = 'a', url = 'https://a', color = 'red'}]",
            "table 1: unknown setting color",
        ),
    ],
)
def test_value_of_the_wrong_type_is_refused(file: Path, line: str, problem: str) -> None:
    file.write_text(line)
    with pytest.raises(ConfigError) as refused:
        load(file, {})
    assert str(refused.value) == f"setting {line.partition(' ')[0]} ({file}): {problem}"


def test_malformed_environment_variable_is_refused() -> None:
    with pytest.raises(ConfigError) as refused:
        load(None, {"OPENUCWA_KEEP_ALIVE": "long"})
    assert str(refused.value) == (
        "setting keep_alive (environment variable OPENUCWA_KEEP_ALIVE): must be a number, not 'long'"
    )
    with pytest.raises(ConfigError, match=r"^setting pools \(.*\): must be a list of tables in JSON: "):
        load(None, {"OPENUCWA_POOLS": "east=https://east.example"})


REFUSED = [
    ("header_timeout", -1.0, "must be greater than 0, not -1.0"),
    ("keep_alive", 0.0, "must be greater than 0, not 0.0"),
    ("keep_alive", float("nan"), "must be at most 1000000000, not nan"),
    ("keep_alive", float("inf"), "must be at most 1000000000, not inf"),
    ("shutdown_timeout", -0.5, "must be at least 0, not -0.5"),
    ("max_body_bytes", 0, "must be greater than 0, not 0"),
    ("max_body_bytes", 10**12, "must be at most 1000000000, not 1000000000000"),
    ("create_status", 204, "must be 200 or 201, not 204"),
    ("log_level", "loud", "must be debug, info, warning or error, not 'loud'"),
    ("data", " ", "must name a folder"),
    ("listen", ("127.0.0.1:8080",), "'127.0.0.1:8080' is not of the form http://HOST:PORT or https://HOST:PORT"),
    ("listen", ("http://a",), "'http://a' is not of the form http://HOST:PORT or https://HOST:PORT"),
    ("listen", ("http://:80",), "'http://:80' is not of the form http://HOST:PORT or https://HOST:PORT"),
    ("listen", ("http://a:80/b",), "'http://a:80/b' is not of the form http://HOST:PORT or https://HOST:PORT"),
    ("listen", ("http://a:99999",), "'http://a:99999' is not of the form http://HOST:PORT or https://HOST:PORT"),
    ("listen", ("http://u:p@a:80",), "'http://u:p@a:80' is not of the form http://HOST:PORT or https://HOST:PORT"),
    ("listen", ("ftp://a:80",), "'ftp://a:80' is not of the form http://HOST:PORT or https://HOST:PORT"),
    ("listen", ("http://a:80", "http://a:80"), "http://a:80 is listed twice"),
    ("page_logo", "logo.gif", "must be an SVG or PNG file, whose name ends in .svg or .png"),
    ("page_logo", "nowhere/logo.svg", "there is no file nowhere/logo.svg"),
    ("listen", ("https://a:443",), "https://a:443 requires the settings tls_cert and tls_key"),
    ("tls_key", "a.key", "requires the setting tls_cert"),
    ("tls_cert", "a.pem", "requires the setting tls_key"),
    ("public_url", "meet.example", "'meet.example' is not of the form https://HOST[:PORT], without a path"),
    ("public_url", "https://a/b", "'https://a/b' is not of the form https://HOST[:PORT], without a path"),
    ("public_url", "https://a?b", "'https://a?b' is not of the form https://HOST[:PORT], without a path"),
    ("hosts", ("https://a",), "'https://a' is not of the form HOST[:PORT]"),
    ("trusted_proxies", ("a.example",), "'a.example' is neither an IP address nor a network such as 10.0.0.0/8"),
    ("trusted_proxies", ("10.0.0.1/8",), "'10.0.0.1/8' is neither an IP address nor a network such as 10.0.0.0/8"),
    ("webhook_allowed_networks", ("10.0.0.1/8",), "'10.0.0.1/8' is not a network such as 10.1.0.0/16"),
    ("allow_origin", ("a.example",), "'a.example' is not of the form scheme://HOST[:PORT]"),
    ("allow_origin", ("*",), "'*' is not of the form scheme://HOST[:PORT]"),
    ("allow_origin", ("https://A.example:443/",), "'https://A.example:443/' is not what browsers send: https://a.example"),
    ("join_url", "meet/{id}", "'meet/{id}' is not an http or https URL"),
    ("join_url", "https://a", "'https://a' must contain {id}: otherwise all meetings have the same address"),
    ("join_url", "https://a/{id}{name}", "'https://a/{id}{name}' may contain only {domain}, {user} and {id}"),
    ("join_url", "https://a/{id", "'https://a/{id' is not a template: expected '}' before end of string"),
    ("store", "mysql://a/b", "'mysql://a/b' is not of the form postgresql://USER:PASSWORD@HOST:PORT/DATABASE"),
    ("store", "postgresql://a:1", "'postgresql://a:1' is not of the form postgresql://USER:PASSWORD@HOST:PORT/DATABASE"),
    ("store", "postgresql://a/b?password=x", "the password must be before the @, or in a password file"),
    ("store_write_connections", 0, "must be greater than 0, not 0"),
    ("bus", "redis://a:1", "'redis://a:1' is not of the form nats://HOST:PORT"),
    ("status_listen", ("https://a:1",), "'https://a:1' is not of the form http://HOST:PORT"),
    ("status_listen", ("http://a:1/metrics",), "'http://a:1/metrics' is not of the form http://HOST:PORT"),
    ("status_listen", ("http://a:1", "http://a:1"), "http://a:1 is listed twice"),
    ("status_listen", ("http://127.0.0.1:8080",), "http://127.0.0.1:8080 is listed twice"),
    ("traces", "grpc://a:4317", "'grpc://a:4317' is not of the form http://HOST:PORT/v1/traces"),
    ("traces", "http://u:secret@a:1/v1", "'http://***@a:1/v1' is not of the form http://HOST:PORT/v1/traces"),
    ("log_format", "xml", "must be text or json, not 'xml'"),
    ("access_levels", ("All",), "must contain only Everyone, Invited, Locked, None or SameEnterprise, not 'All'"),
    ("default_access_level", "A", "'A' is not in access_levels: Everyone, Invited, Locked, None, SameEnterprise"),
    ("default_phone_user_admission", "Maybe", "must be Disabled or Enabled, not 'Maybe'"),
    ("pools", (Pool("", "https://a"),), "the name '' is empty or listed twice"),
    ("pools", (Pool("a", "https://a"), Pool("a", "https://b")), "the name 'a' is empty or listed twice"),
    ("pools", (Pool("a", "a.example"),), "the url of 'a' is not an http or https URL: 'a.example'"),
    ("pools", (Pool("a", "https://a", "b"),), "the backup of 'a' is neither another pool nor a URL: 'b'"),
    ("pools", (Pool("a", "https://a", "a"),), "the backup of 'a' is neither another pool nor a URL: 'a'"),
    ("dial_in_regions", (DialInRegion("a", "+45"),), "the number of 'a' must be a tel URI, not '+45'"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "problem"), REFUSED)
def test_invalid_value_is_refused(name: str, value: object, problem: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(None, {}, **{name: value})
    assert str(refused.value) == f"setting {name} (command line): {problem}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("listen", ("http://0.0.0.0:0", "http://[::1]:8080", "http://a.example:1")),
        ("public_url", "https://a.example"),
        ("public_url", "http://[::1]:8080/"),
        ("hosts", ("a.example", "A.example:81", "[::1]:80")),
        ("trusted_proxies", ("127.0.0.1", "10.0.0.0/8", "::1", "fd00::/8")),
        ("allow_origin", ("https://a.example", "http://localhost:3000", "http://[::1]:3000")),
        ("join_url", "https://meet.{domain}/{user}/{id}"),
        ("store", "postgresql://user:p%40ss@a.example:5432/openucwa?sslmode=verify-full"),
        ("store", "postgresql://[::1]/openucwa"),
        ("bus", "nats://user:secret@a:4222,tls://b"),
        ("status_listen", ("http://127.0.0.1:9090", "http://[::1]:0")),
        ("traces", "https://collector.example:4318/v1/traces"),
        ("shutdown_timeout", 0.0),
        ("expired_meetings_kept", 0),
        ("pools", (Pool("a", "https://a", "https://b"), Pool("c", "https://c", "a"))),
    ],
)
def test_valid_value_is_accepted(name: str, value: object) -> None:
    assert getattr(load(None, {}, **{name: value}), name) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bus", "redis://user:secret@a:1"),
        ("store", "mysql://user:secret@a:1/b"),
        ("store", "postgresql://user:sec/secret@a:1/b"),
        ("store", "postgresql://user:s@secret@a/"),
    ],
)
def test_error_does_not_repeat_the_password_of_a_url(name: str, value: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(None, {}, **{name: value})
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("kind", [PollSettings, SignInSettings, SweepSettings])
def test_settings_of_a_class_are_settings_of_the_same_type(kind: Any) -> None:
    settings = {setting.name: setting.type for setting in options()}
    assert {each.name: each.type for each in fields(kind)}.items() <= settings.items()
