"""PATCH of a resource: a patch changes the resource's JSON as it is shown, except for what the server decides."""

import json as standard_json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from openucwa.api.call import Call
from openucwa.model.refusals import BadRequest, DeserializationFailure, ParameterValidationFailure
from openucwa.representation import json
from openucwa.representation.document import Document
from openucwa.representation.patches import Patch, equal


def patch_of(call: Call[Any]) -> Patch:
    """The patch that the body is. DeserializationFailure: there is no body."""
    if call.patch is None:
        raise DeserializationFailure("the body is empty; it must be a patch")
    return call.patch


def patched(document: Document, patch: Patch, is_changeable: Callable[[str], bool]) -> dict[str, object]:
    """The changeable members of the resource after `patch`. Their values are not validated yet.

    `document`: the resource. `is_changeable`: whether a client may set the member of this name.

    ParameterValidationFailure: the patch changes, adds or removes any other member. BadRequest: it makes the resource
    something other than an object. Conflict, EntityTooLarge: as `Patch.apply`.
    """
    # The standard decoder, because it keeps all digits of integers beyond 64 bits.
    shown = standard_json.loads(json.write(document))
    fixed = deepcopy({name: value for name, value in shown.items() if not is_changeable(name)})
    result = patch.apply(shown)
    if not isinstance(result, dict):
        raise BadRequest("after the patch the resource would not be an object")
    faults = {
        name: "cannot be changed"
        for name in (*fixed, *(name for name in result if not is_changeable(name)))
        if name not in result or name not in fixed or not equal(result[name], fixed[name])
    }
    if faults:
        raise ParameterValidationFailure(faults)
    return {name: value for name, value in result.items() if name not in fixed}
