"""The pages' client as a package, @openucwa/client, as somebody would use it who writes TypeScript."""

from pathlib import Path

import pytest

from openucwa import __version__
from tests.needs import need
from tests.web.packing import ROOT, install_package, run

CODE = """
import { embeddedIn, linkOf, Ucwa, UcwaError } from "@openucwa/client";

const client = new Ucwa("http://127.0.0.1:8080/");
await client.signIn("lene", "password");
const application = await client.open("tests");
const href: string | undefined = linkOf(embeddedIn(application, "me")[0], "photo");
for await (const event of client.events(application, { away: (error) => error?.message })) {
  const title: string | undefined = event.link.title;
  // @ts-expect-error: there is no such type of events
  if (event.type === "exploded") break;
  console.log(href, title, event.resource?.state);
}
try {
  await client.put(application);
  // @ts-expect-error: it takes a resource
  await client.put(12);
} catch (error) {
  if (error instanceof UcwaError) console.log(error.retryAfter, error.requestId, error.parameters[0]?.reason);
}
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package in its node_modules."""
    return install_package(tmp_path_factory.mktemp("package"))


def test_package_has_types_for_all_that_it_exports(installed: Path) -> None:
    (installed / "use.mts").write_text(CODE, "utf-8")
    options = ("--strict", "--noEmit", "--module", "nodenext", "--target", "es2024", "--lib", "es2024,dom,dom.iterable")
    run("tsc", *options, "use.mts", cwd=installed)


def test_package_contains_every_module_that_it_needs(installed: Path) -> None:
    script = 'import("@openucwa/client").then(({ Ucwa }) => new Ucwa("http://127.0.0.1/"))'
    run(need("nodejs"), "--eval", script, cwd=installed)


def test_package_has_the_version_of_the_server() -> None:
    assert f'"version": "{__version__}"' in (ROOT / "src" / "openucwa" / "web" / "package.json").read_text("utf-8")
