"""The modules of a page as one script, so that a browser has them after one round trip.

The files in `web/` stay what they are, and are served as such, too. A script that is combined has a function for each
module, in the order in which they are evaluated. What a module imports dynamically, by `import("./name.js")`, is a
script of its own, a part: it has the modules that the page does not have yet, and takes the others from the page's.
"""

import re
from collections.abc import Iterator, Mapping

_IMPORT = re.compile(r"""(?m)^import (?:\{([^}]*)\} from )?"\./([\w.-]+)";$""")
_PART = re.compile(r"""\bimport\("\./([\w.-]+)"\)""")
_EXPORT = re.compile(r"(?m)^export (?=(?:async )?(?:class|const|function) ([\w$]+))")
_PASSED_ON = re.compile(r"""(?m)^export \{([^}]*)\} from "\./([\w.-]+)";$""")
#: What a browser does not need. Of a line that begins with a comment nothing else is left out.
_COMMENT = re.compile(r"(?m)^ *(?://.*|/\*\*(?:[^*]|\*(?!/))*\*/)?\n|^ +")
_LEFT = re.compile(r"(?m)^(?:import|export)\b(?!\().*$")


def combined(entry: str, files: Mapping[str, str]) -> dict[str, str]:
    """The script of a page whose first module is `entry`, and its parts, by name.

    ValueError: modules import each other in a circle, or in a form that is not understood.
    """
    own = evaluated(entry, files)
    scripts = {
        entry: "".join(["const modules = {};\n", *(_function(each, files) for each in own), "export { modules };\n"])
    }
    for part in parts(own, files):
        further = [each for each in evaluated(part, files) if each not in own]
        if further != [part] or _imported(files[part]):
            head = f'import {{ modules as shared }} from "./{entry}";\nconst modules = {{ ...shared }};\n'
            names = ", ".join(_exports(files[part]))
            tail = f'export const {{ {names} }} = modules["{part}"];\n'
            scripts[part] = "".join([head, *(_function(each, files) for each in further), tail])
    return scripts


def evaluated(entry: str, files: Mapping[str, str]) -> list[str]:
    """A module and all that it imports, in the order in which they are evaluated."""
    order: list[str] = []

    def visit(name: str, importers: tuple[str, ...]) -> None:
        if name in importers:
            raise ValueError(f"{name} imports itself, by {importers[-1]}")
        if name not in order:
            for each in _imported(files[name]):
                visit(each, (*importers, name))
            order.append(name)

    visit(entry, ())
    return order


def parts(names: list[str], files: Mapping[str, str]) -> list[str]:
    """What these modules import dynamically."""
    return sorted({part for name in names for part in _PART.findall(files[name])} - set(names))


def _imported(source: str) -> list[str]:
    return [name for _, name in _IMPORT.findall(source)] + [name for _, name in _PASSED_ON.findall(source)]


def _names(listed: str) -> Iterator[tuple[str, str]]:
    """`a, b as c`: each name, and what it is called here."""
    for each in filter(None, (name.strip() for name in listed.split(","))):
        name, _, other = each.partition(" as ")
        yield name, other or name


def _exports(source: str) -> dict[str, str]:
    """What a module exports: name -> expression."""
    own = {name: name for name in _EXPORT.findall(source)}
    passed_on = {
        here: f'modules["{module}"].{name}'
        for listed, module in _PASSED_ON.findall(source)
        for name, here in _names(listed)
    }
    return own | passed_on


def _function(name: str, files: Mapping[str, str]) -> str:
    """A module as a statement that evaluates it."""
    source = files[name]
    exports = ", ".join(f"{each}: {value}" for each, value in _exports(source).items())
    body = _EXPORT.sub("", _PASSED_ON.sub("", _IMPORT.sub(_taken, _COMMENT.sub("", source))))
    if left := _LEFT.search(body):
        raise ValueError(f"{name}: {left[0]}")
    return f'modules["{name}"] = await (async () => {{\n{body}return {{ {exports} }};\n}})();\n'


def _taken(found: re.Match[str]) -> str:
    listed, module = found.groups()
    if not listed:
        return ""
    names = ", ".join(f"{name}: {here}" for name, here in _names(listed))
    return f'const {{ {names} }} = modules["{module}"];'
