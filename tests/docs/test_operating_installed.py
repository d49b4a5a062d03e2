"""The commands of docs/operating.md for an installed server, run on a machine with systemd, in the page's order."""

import io
import json
import re
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from PIL import Image

from tests.client import PASSWORD
from tests.docs.walking import blocks, commands
from tests.machine import Machine
from tests.ports import free_port
from tests.process.running import LIMIT

PAGE = "docs/operating.md"
STORE = "store: /var/lib/openucwa (data: /etc/openucwa/openucwa.toml)"
TYPED = {"Password of": PASSWORD, "Repeat the password": PASSWORD, "[y/N]": "y"}


class Installed:
    """A machine on which the commands of *Installing* were run. `said`: what they printed."""

    def __init__(self, machine: Machine) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.machine = machine
        settings = machine.checkout / "deploy" / "openucwa.toml"
        text = settings.read_text("utf-8")
        default = '# listen = ["http://127.0.0.1:8080"]'
        assert default in text
        settings.write_text(text.replace(default, f'listen = ["{self.url}"]'), "utf-8")
        self.said = self.walk("Installing")

    def walk(self, section: str) -> str:
        """Runs the commands of a section; returns what they print."""
        return self.run(commands(PAGE, section))

    def run(self, script: str) -> str:
        return self.machine.run(script, TYPED)

    def ask(self, path: str, form: dict[str, str] | None = None) -> bytes:
        """The body of a successful answer of the service."""
        data = None if form is None else urlencode(form).encode()
        with urllib.request.urlopen(f"{self.url}{path}", data, timeout=LIMIT) as answer:
            body: bytes = answer.read()
        return body

    def sign_in(self, uri: str) -> None:
        """Fails unless the user gets a token."""
        form = {"grant_type": "password", "username": uri.removeprefix("sip:"), "password": PASSWORD}
        assert json.loads(self.ask("/WebTicket/oauthtoken", form))["access_token"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    with Machine(tmp_path_factory.mktemp("machine")) as machine:
        yield Installed(machine)


def test_installed_service_and_commands_use_the_same_store(installed: Installed) -> None:
    assert f"openucwa: {STORE}\n" in installed.said
    installed.sign_in("sip:lene@example.com")


def test_service_is_active_and_says_how_to_begin(installed: Installed) -> None:
    said = installed.walk("One node")
    assert STORE in said
    add = re.search(r"add the first one: (.*) sip:NAME@DOMAIN$", said, re.MULTILINE)
    assert add is not None
    assert add[1] == "sudo -u openucwa openucwa user add"
    assert installed.machine.run("systemctl is-active openucwa") == "active\n"


def test_units_are_verified_where_they_are_installed(installed: Installed) -> None:
    assert installed.run("systemd-analyze verify --man=no openucwa.service") == ""


def test_commands_for_users_work_while_the_service_runs(installed: Installed) -> None:
    photo = io.BytesIO()
    Image.new("RGB", (64, 64), "navy").save(photo, "JPEG")
    (installed.machine.checkout / "dana.jpg").write_bytes(photo.getvalue())
    said = installed.walk("Users")
    for result in (
        "added sip:dana@example.com",
        "changed the password of sip:dana@example.com",
        "set the photo of sip:dana@example.com (64 x 64 pixels)",
        "removed sip:dana@example.com",
    ):
        assert result in said.splitlines()
    assert "Dana Birkby" in said


def test_signing_keys_are_rotated_while_the_service_runs(installed: Installed) -> None:
    script = commands(PAGE, "Signing keys")
    (example,) = re.findall(r"key remove (\w+)", script)
    old = installed.run("sudo -u openucwa openucwa key list --json").partition("\n")[2]
    key = json.loads(old)[0]["key"]
    said = installed.run(script.replace(example, key))
    assert f"removed signing key {key}" in said
    installed.sign_in("sip:lene@example.com")


def test_backup_is_restored_into_the_service(installed: Installed) -> None:
    copy, restore, *_ = blocks(PAGE, "Backup and restore")
    installed.run(copy)
    assert "the store that was there is now" in installed.run(restore)
    installed.sign_in("sip:lene@example.com")


def test_timer_starts_a_backup_that_can_be_restored(installed: Installed) -> None:
    installed.run(blocks(PAGE, "Backup and restore")[-1])
    assert installed.run("systemctl is-active openucwa-backup.timer") == "active\n"
    installed.run("systemctl start openucwa-backup.service")
    checked = installed.run("sudo -u openucwa openucwa restore --check /var/backups/openucwa/openucwa-*.sqlite3")
    assert "is complete" in checked


def test_service_is_upgraded_in_place(installed: Installed) -> None:
    (step,) = blocks(PAGE, "Upgrading")
    address = "http://10.0.0.11:8080"
    assert address in step
    assert '{"ready":true}' in installed.run(step.replace(address, installed.url))
    installed.sign_in("sip:lene@example.com")


def test_reload_and_stop_are_reported_to_systemd(installed: Installed) -> None:
    said = installed.run(
        "sudo systemctl reload openucwa\nsystemctl show --property=ActiveState,NRestarts openucwa\n"
        "sudo systemctl stop openucwa\nsystemctl show --property=ActiveState,Result,ExecMainStatus openucwa"
    )
    assert set(said.split()) == {
        "ActiveState=active",
        "NRestarts=0",
        "ActiveState=inactive",
        "Result=success",
        "ExecMainStatus=0",
    }
