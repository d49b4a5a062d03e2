"""The API as its own description tells it: which operation a request is for, and how that may be answered."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote_to_bytes

import jsonschema_rs

METHODS = ("get", "head", "post", "put", "patch", "delete")

#: What may be answered before it is looked at whether the resource knows the method.
BEFORE_THE_METHOD = frozenset({401, 403, 404, 410, 429})


@dataclass(frozen=True)
class Operation:
    """One documented operation. `told`: what the document says of it, without references."""

    path: str
    method: str
    described: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def statuses(self) -> frozenset[int]:
        return frozenset(map(int, self.described["responses"]))

    @property
    def successes(self) -> frozenset[int]:
        return frozenset(status for status in self.statuses if status < 300)

    @property
    def query(self) -> list[Mapping[str, Any]]:
        """The documented query parameters."""
        return [each for each in self.described["parameters"] if each["in"] == "query"]

    @property
    def body(self) -> Mapping[str, Any]:
        """The schemas of the body by media type; empty: none is documented."""
        content = self.described.get("requestBody", {}).get("content", {})
        return {media_type: each.get("schema", {}) for media_type, each in content.items()}


class Description:
    """An OpenAPI document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.operations = list(self._operations())
        self._by_place = {(each.path, each.method): each for each in self.operations}
        self._validators: dict[tuple[str, str, int], jsonschema_rs.Validator | None] = {}

    def _operations(self) -> Iterator[Operation]:
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    responses = {status: self.resolve(each) for status, each in item[method]["responses"].items()}
                    yield Operation(path, method.upper(), {**item[method], "responses": responses})

    def resolve(self, described: Mapping[str, Any]) -> Mapping[str, Any]:
        """`told`, or what it refers to."""
        if "allOf" in described:
            # The same as another schema, under a name of its own.
            return self.resolve(described["allOf"][0])
        if "$ref" not in described:
            return described
        found: Any = self.document
        for name in described["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        return self.resolve(found)

    @cached_property
    def _templates(self) -> list[tuple[str, list[str]]]:
        # A name in braces takes what no fixed segment takes.
        paths = self.document["paths"]
        return sorted(((path, _segments(path)) for path in paths), key=lambda each: [s[0] == "{" for s in each[1]])

    def template_of(self, raw_path: str) -> str | None:
        """The path of the document that a request's path leads to; None: there is none."""
        segments = _segments(re.sub("^/+ucwa/+oauth/+v1/", "/ucwa/v1/", raw_path, flags=re.IGNORECASE))
        try:
            decoded = [_decoded(segment) for segment in segments]
        except ValueError:
            return None
        for path, template in self._templates:
            if len(template) == len(decoded) and all(map(_fits, template, decoded)):
                return path
        return None

    def expected(self, method: str, raw_path: str) -> frozenset[int]:
        """The statuses that a request may be answered with."""
        path = self.template_of(raw_path)
        if path is None:
            return frozenset({401, 404, 429})
        operation = self._by_place.get((path, method))
        return BEFORE_THE_METHOD | {405} if operation is None else operation.statuses

    def fault(self, method: str, raw_path: str, status: int, shown: object) -> str | None:
        """What is wrong with the JSON of an answer, by its schema."""
        path = self.template_of(raw_path)
        if path is None or (path, method) not in self._by_place:
            return None
        validator = self._validator(path, method, status)
        if validator is None or validator.is_valid(shown):
            return None
        return str(next(iter(validator.iter_errors(shown))))

    def _validator(self, path: str, method: str, status: int) -> jsonschema_rs.Validator | None:
        key = (path, method, status)
        if key not in self._validators:
            response = self._by_place[path, method].described["responses"].get(str(status), {})
            schema = response.get("content", {}).get("application/json", {}).get("schema")
            self._validators[key] = schema and jsonschema_rs.Draft202012Validator(
                {**schema, "components": self.document["components"]}
            )
        return self._validators[key]


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def _decoded(segment: str) -> str:
    if re.search("%(?![0-9A-Fa-f]{2})", segment):
        raise ValueError(segment)
    return unquote_to_bytes(segment).decode()


def _fits(template: str, segment: str) -> bool:
    return template[0] == "{" or template.lower() == segment.lower()
