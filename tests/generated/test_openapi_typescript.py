"""Types that openapi-typescript generates from the description fit what the server answers."""

import os
from pathlib import Path

import pytest

from tests.client import PASSWORD
from tests.generated.conftest import run
from tests.needs import need
from tests.process.running import RunningServer

MODULES = Path(__file__).parents[2] / "node_modules"

CODE = """
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { argv: string[] };
const [, , baseUrl, username, password] = process.argv as [string, string, string, string, string];

const anyone = createClient<paths, "application/json">({ baseUrl });
const granted = await anyone.POST("/WebTicket/oauthtoken", {
  body: { grant_type: "password", username, password },
  headers: { "Content-Type": "application/x-www-form-urlencoded" },
  bodySerializer: (body) => new URLSearchParams(body as Record<string, string>),
});
const headers = { Authorization: `Bearer ${granted.data?.access_token}` };
const client = createClient<paths, "application/json">({ baseUrl, headers });

const opened = await client.POST("/ucwa/v1/applications", {
  body: { culture: "en-US", endpointId: "generated", userAgent: "generated" },
});
const application: components["schemas"]["Application"] | undefined = opened.data;
const application_id = application?.id ?? "";

const meetings = "/ucwa/v1/applications/{application_id}/onlineMeetings/myOnlineMeetings" as const;
const scheduled = await client.POST(meetings, {
  params: { path: { application_id } },
  body: { subject: "Budget", accessLevel: "Everyone" },
});
const level: components["schemas"]["AccessLevel"] | undefined = scheduled.data?.accessLevel;
// @ts-expect-error: there is no such access level
const wrong: components["schemas"]["AccessLevel"] = "Nobody";
const meeting_id = scheduled.data?.onlineMeetingId ?? "";

const attached = await client.POST(`${meetings}/{meeting_id}/onlineMeetingExtensions`, {
  params: { path: { application_id, meeting_id } },
  body: { id: "agenda", type: "RoamedParticipantData", seats: 12 },
});
const missing = await client.GET(`${meetings}/{meeting_id}`, {
  params: { path: { application_id, meeting_id: "NOBODYS1" } },
});
const reason = missing.error as components["schemas"]["Reason"];
console.log(level, attached.data?.id, attached.data?.["seats"], reason.subcode, wrong);
"""


@pytest.fixture(scope="module")
def folder(description: Path) -> Path:
    """A folder with the generated types."""
    need("npm")
    if not (MODULES / "openapi-typescript").exists():
        assert os.environ.get("CI") not in {"true", "1"}, "make lint installs openapi-typescript"
        pytest.skip("openapi-typescript is not installed: make lint installs it")
    here = description.parent
    (here / "node_modules").symlink_to(MODULES)
    (here / "package.json").write_text('{"type": "module"}', "utf-8")
    run(str(MODULES / ".bin" / "openapi-typescript"), str(description), "-o", "schema.d.ts", cwd=here, **os.environ)
    return here


def test_generated_types_are_those_of_the_answers(folder: Path, server: RunningServer) -> None:
    (folder / "use.ts").write_text(CODE, "utf-8")
    options = ("--strict", "--module", "nodenext", "--target", "es2024", "--lib", "es2024,dom,dom.iterable")
    run(str(MODULES / ".bin" / "tsc"), *options, "use.ts", cwd=folder, **os.environ)
    words = ("use.js", server.urls[0], "lenea@contoso.com", PASSWORD)
    printed = run(need("nodejs"), *words, cwd=folder, **os.environ)
    assert printed == "Everyone agenda 12 ResourceNotFound Nobody\n"
