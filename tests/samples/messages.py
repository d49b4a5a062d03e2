"""Sample messages as files: `REL.METHOD.request|response.json|xml.http`, each one HTTP message.

Two folders hold such files: the project's own, with what this server answers, and, where it is at hand, that of the
public UCWA 2.0 reference. What is here reads them; what they are compared with is not decided here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OWN = Path(__file__).parent / "data"
#: The reference's samples lie beside a checkout where somebody put them there; elsewhere they are passed over.
REFERENCE = Path(__file__).parents[3] / "shared" / "spec" / "samples"

_HEADER = re.compile(r"([A-Za-z][A-Za-z0-9-]*):\s*(.*)")


@dataclass(frozen=True)
class Message:
    """One HTTP message. `start`: its request line or status line. `headers`: by name in lower case."""

    start: str
    headers: dict[str, str]
    body: str

    @property
    def method(self) -> str:
        return self.start.split()[0].upper()

    @property
    def target(self) -> str:
        return self.start.split()[1]

    @property
    def status(self) -> int:
        return int(self.start.split()[1])


@dataclass(frozen=True)
class Sample:
    """One exchange: `rel` and `method` name the operation, `form` is json or xml."""

    folder: Path
    rel: str
    method: str
    form: str

    @property
    def name(self) -> str:
        return f"{self.rel}.{self.method}"

    @property
    def request(self) -> Message:
        return self._read("request")

    @property
    def response(self) -> Message:
        return self._read("response")

    def _read(self, part: str) -> Message:
        return read(self.folder / f"{self.rel}.{self.method}.{part}.{self.form}.http")

    def __str__(self) -> str:
        return f"{'own' if self.folder == OWN else 'reference'}-{self.name}-{self.form}"


def read(path: Path) -> Message:
    """The message in a file. Between its headers and its body there may or may not be an empty line; of an answer there
    may be the body alone.
    """
    text = path.read_text("utf-8")
    if text.startswith(("{", "<")):
        return Message("HTTP/1.1 200 OK", {}, text.strip())
    start, *lines = text.splitlines()
    headers: dict[str, str] = {}
    while lines and (header := _HEADER.fullmatch(lines[0])):
        headers[header[1].lower()] = header[2]
        del lines[0]
    return Message(start, headers, "\n".join(lines).strip())


def samples(folder: Path) -> Iterator[Sample]:
    """All exchanges in the folder, by name; none where there is no such folder."""
    for path in sorted(folder.glob("*.request.*.http")):
        rel, method, _, form, _ = path.name.split(".")
        yield Sample(folder, rel, method, form)
