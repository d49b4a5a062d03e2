"""Input of the control resources, and the JSON Schemas of what they take and answer."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from openucwa.api.answer import Answer
from openucwa.api.call import Call
from openucwa.http.forms import URLENCODED
from openucwa.http.negotiation import JSON
from openucwa.model.refusals import ParameterValidationFailure

T = TypeVar("T")

#: The Content-Types of JSON: the second is what `curl -d` says of it.
TYPES = (JSON, URLENCODED)


def read(call: Call[Any], kind: type[T]) -> T:
    """The body as `kind`; without a body its defaults. ParameterValidationFailure: what is wrong."""
    try:
        return msgspec.json.decode(call.body or b"{}", type=kind)
    except msgspec.MsgspecError as error:
        raise ParameterValidationFailure({"body": str(error)}) from None


def shown(value: object, status: int = 200) -> Answer:
    """An answer with `value` as JSON."""
    return Answer(status=status, body=msgspec.json.encode(value), content_type=JSON, cache_control=b"no-store")


def schema(kind: object) -> Mapping[str, Any]:
    """The JSON Schema of `kind`, whole."""
    (described,), components = msgspec.json.schema_components([kind], ref_template="#/components/schemas/{name}")
    whole: Mapping[str, Any] = _inlined(described, components)
    return whole


def _inlined(node: Any, components: Mapping[str, Any]) -> Any:
    if isinstance(node, dict):
        if "$ref" in node:
            return _inlined(components[node["$ref"].rpartition("/")[2]], components)
        return {key: _inlined(value, components) for key, value in node.items()}
    if isinstance(node, list):
        return [_inlined(each, components) for each in node]
    return node
