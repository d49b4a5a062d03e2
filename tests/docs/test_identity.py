"""docs/identity.md: the settings to paste are settings that can be used."""

import re
from pathlib import Path

import pytest

from openucwa.config_identity import Directory, Issuer
from openucwa.config_loading import load, options
from tests.needs import need_module

PAGE = (Path(__file__).parent.parent.parent / "docs" / "identity.md").read_text("utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_settings_to_paste_can_be_used(example: str, tmp_path: Path) -> None:
    if "directories" in example:
        need_module("ldap", "python-ldap")
    file = tmp_path / "settings.toml"
    file.write_text(example)
    config = load(file, {})
    assert len(config.issuers) + len(config.directories) == 1


def test_names_in_the_text_are_settings() -> None:
    known = {*Issuer.__struct_fields__, *Directory.__struct_fields__, *(setting.name for setting in options())}
    text = re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)
    named = set(re.findall(r"`([a-z]+_[a-z_]+)(?: = [a-z]+)?`", text))
    assert named - known <= {"access_as_user", "email_verified", "preferred_username"}
    assert {"key_refresh_min", "user_claims", "login_filter", "create_users"} <= named


@pytest.mark.parametrize(
    ("heading", "table"), [("Settings of an issuer", Issuer), ("Settings of a directory", Directory)]
)
def test_each_setting_of_a_table_is_listed_once(heading: str, table: type[Issuer] | type[Directory]) -> None:
    section = PAGE.partition(f"### {heading}\n")[2].partition("\n#")[0]
    first_columns = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    listed = [name for column in first_columns for name in re.findall(r"`(\w+)`", column)]
    assert sorted(listed) == sorted(table.__struct_fields__)
