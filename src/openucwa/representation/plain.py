"""Bodies that the reference shows as plain serialized objects: without links, and in XML without UCWA's namespace."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec
from lxml import etree

#: An object, a list, or a text.
Plain: TypeAlias = Mapping[str, "Plain"] | Sequence["Plain"] | str

#: The elements of lists in XML, by the name of the list.
_ITEMS = {
    "metadata": "httpMethodMetadata",
    "operations": "operation",
    "parameters": "parameter",
    "supportedValues": "value",
}
_NAMESPACES = {"xsd": "http://www.w3.org/2001/XMLSchema", "xsi": "http://www.w3.org/2001/XMLSchema-instance"}


def write_json(shown: Plain) -> bytes:
    """The object as JSON."""
    return msgspec.json.encode(shown)


def write_xml(root: str, shown: Plain) -> bytes:
    """The object as XML. `root`: the name of the outermost element."""
    element = etree.Element(root, nsmap=_NAMESPACES)
    _fill(element, shown)
    return b'<?xml version="1.0"?>' + etree.tostring(element, encoding="utf-8")


def _fill(element: etree._Element, shown: Plain) -> None:
    if isinstance(shown, str):
        element.text = shown
    elif isinstance(shown, Mapping):
        for name, value in shown.items():
            _fill(etree.SubElement(element, name), value)
    else:
        for item in shown:
            _fill(etree.SubElement(element, _ITEMS[element.tag]), item)
