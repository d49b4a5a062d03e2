"""The schemas of input for the API description (`openapi.py`): one component for each body, and one for each enum."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from openucwa.api.openapi_examples import EXAMPLES
from openucwa.api.openapi_parts import ref
from openucwa.api.openapi_resources import component_name
from openucwa.api.pass_through import PASS_THROUGH_VALUE, pass_through_name
from openucwa.api.resource import Operation
from openucwa.representation.parameters import Parameter, schema

Described = dict[str, Any]

#: UCWA's names of the enums whose name is not that of the property.
ENUM_NAMES: Mapping[str, str] = {
    "conversationHistory": "GenericPolicy",
    "lobbyBypassForPhoneUsers": "GenericPolicy",
    "phoneUserAdmission": "GenericPolicy",
    "relationshipLevel": "PrivacyRelationshipLevel",
    "signInAs": "PreferredAvailability",
    "simultaneousRingNumberMatch": "GenericPolicy",
    "supportedMessageFormats": "MessageFormat",
    "supportedModalities": "ModalityType",
    "type": "OnlineMeetingExtensionType",
    "videoBasedScreenSharing": "GenericPolicy",
}


class InputSchemas:
    """Collects the components of bodies and enums. `components`: by name."""

    def __init__(self) -> None:
        self.components: dict[str, Described] = {}
        self._names: dict[str, str] = {}

    def body(self, rel: str, method: str, found: Operation) -> tuple[Described, bool]:
        """The schema of a body of properties, by reference, and whether the body is required."""
        described = self._object(found.takes or ())
        if found.additional_properties:
            described["additionalProperties"] = ref("schemas", "Value")
            described["propertyNames"] = {"minLength": 1, "maxLength": 128}
        example = EXAMPLES.get((rel, method))
        if found.pass_through:
            name = pass_through_name(rel)
            described["properties"][name] = {"type": "string", "const": PASS_THROUGH_VALUE}
            described["required"] = [*described.get("required", ()), name]
            example = None if example is None else {**example, name: PASS_THROUGH_VALUE}
        if example is not None:
            described["examples"] = [example]
        return self._named(f"{component_name(rel)}Input", described), "required" in described

    def same(self, kind: Described, suffix: str) -> Described:
        """A reference to a component of its own that is the same as `kind`, a reference."""
        name = kind["$ref"].rpartition("/")[2]
        return self._named(
            name + suffix, {"allOf": [kind, {"type": "object"}], "description": f"The same as {name}, in another type."}
        )

    def parameter(self, parameter: Parameter) -> Described:
        """The schema of one parameter in a query, where it is omitted rather than null."""
        return self._property(parameter, schema([parameter])["properties"][parameter.name], nullable=False)

    def enum(self, name: str, choices: Sequence[str]) -> Described:
        """A reference to an enum."""
        return self._named(name, {"type": "string", "enum": list(choices)})

    def _object(self, parameters: Sequence[Parameter]) -> Described:
        described = schema(parameters)
        described["properties"] = {
            parameter.name: self._property(parameter, described["properties"][parameter.name], nullable=True)
            for parameter in parameters
        }
        return described

    def _property(self, parameter: Parameter, described: Described, *, nullable: bool) -> Described:
        nullable = nullable and not parameter.required
        if parameter.choices:
            name = ENUM_NAMES.get(parameter.name) or component_name(parameter.name)
            kind = self.enum(name, parameter.choices)
        elif parameter.kind == "datetime":
            kind = ref("schemas", "DateTime")
        elif nullable:
            return described
        else:
            kind = {key: value for key, value in described.items() if key != "description"}
            kind["type"] = kind["type"][0] if isinstance(kind["type"], list) else kind["type"]
            return kind if not parameter.description else kind | {"description": parameter.description}
        if parameter.many:
            kind = {"type": "array", "items": kind}
        if nullable:
            kind = {"anyOf": [kind, {"type": "null"}]}
        return kind if not parameter.description else kind | {"description": parameter.description}

    def _named(self, name: str, described: Described) -> Described:
        """A reference to a component; of equal ones there is one, and unequal ones get different names."""
        content = json.dumps(described, sort_keys=True)
        if (known := self._names.get(content)) is None:
            known, number = name, 1
            while known in self.components:
                number += 1
                known = f"{name}{number}"
            self.components[known] = described
            self._names[content] = known
        return ref("schemas", known)
