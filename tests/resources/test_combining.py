"""Modules that are combined to one script."""

import pytest

from openucwa.resources.combining import combined

SHARED = "export const $ = (id) => id;\nexport async function wait() {}\n"
FILES = {
    "shared.js": SHARED,
    "page.js": 'import { $, wait as pause } from "./shared.js";\n\n// Later.\nimport("./later.js");\n$(pause);\n',
    "later.js": 'import { $ } from "./shared.js";\nexport { wait } from "./shared.js";\nexport class Later {}\n$;\n',
    "texts.js": "export const TEXTS = {};\n",
}


def test_modules_are_evaluated_once_and_before_those_that_import_them() -> None:
    scripts = combined("page.js", FILES)
    first, later = scripts["page.js"], scripts["later.js"]
    assert first.index('modules["shared.js"] = ') < first.index('modules["page.js"] = ')
    assert 'const { $: $, wait: pause } = modules["shared.js"];' in first
    assert 'modules["shared.js"] = ' not in later
    assert later.startswith('import { modules as shared } from "./page.js";')
    assert later.endswith('export const { Later, wait } = modules["later.js"];\n')


def test_module_that_imports_nothing_is_loaded_later_as_it_is() -> None:
    files = {"page.js": 'const texts = await import("./texts.js");\n', "texts.js": FILES["texts.js"]}
    assert list(combined("page.js", files)) == ["page.js"]


@pytest.mark.parametrize(
    "source",
    [
        'import { $ } from "./page.js";\n',
        "export default 1;\n",
        'import * as all from "./texts.js";\n',
        "export { a };\n",
    ],
    ids=["circle", "default", "namespace", "list"],
)
def test_what_is_not_understood_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match=r"shared\.js|page\.js"):
        combined("page.js", {**FILES, "shared.js": source})
