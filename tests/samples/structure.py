"""The structure of representations: which members, in which order, nested how, holding what kind of value.

Both formats are read into one form, that of JSON, so that one comparison serves both.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from lxml import etree

#: Links that docs/protocol.md, section 3, or a second version adds to a resource, behind its others.
MORE_LINKS = {
    "contactPrivacyRelationship": ["resetContactPrivacyRelationship"],
    "myGroupMembership": ["delegatesGroup"],
    "onlineMeeting": ["onlineMeetingExtensions"],
}
#: Resources that take PUT show two members that the reference's samples leave out (docs/protocol.md, section 4).
TAKE_PUT = {
    "communication",
    "contactPrivacyRelationship",
    "group",
    "myAssignedOnlineMeeting",
    "myOnlineMeeting",
    "onlineMeetingExtension",
}
#: Embedded resources that captures and the text have, and the samples lack, behind the others; of an invitation the
#: message that came along (docs/protocol.md, section 8).
MORE_EMBEDDED = {
    "messagingInvitation": ["message"],
    "myGroups": ["defaultGroup", "delegatesGroup", "delegatorsGroup", "myOrganizationGroup", "pinnedGroup"],
}
#: Resources that show an etag, as captures do, and take no PUT.
SHOW_ETAG = {"contact"}
PASS_THROUGH_VALUE = "please pass this in a PUT request"

#: Members of a link that few samples show.
OPTIONAL = {"title", "revision"}

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DATE = {
    "json": re.compile(r"/Date\(-?\d+\)/"),
    "xml": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"),
}
_MARK = "{http://www.w3.org/2001/XMLSchema-instance}type"
_NAMESPACE = "{http://schemas.microsoft.com/rtc/2012/03/ucwa}"


class Comparison:
    """What a comparison found: by rel, the sample's members that were shown, and those that were not.

    A member that is an empty array shows nothing, so it counts as one that was not shown.
    """

    def __init__(self) -> None:
        self.shown: dict[str, set[str]] = defaultdict(set)
        self.absent: dict[str, set[str]] = defaultdict(set)


def compare(sample: str, answer: str, form: str, rel: str | None = None) -> Comparison:
    """Compares two representations. AssertionError: the answer's members are not the sample's, in their order.

    `rel`: what the answer's rel is to be, where that is not the sample's.
    """
    if form == "json" and _DATE["json"].search(answer):
        assert r"\/Date(" in answer, "the slashes of dates are escaped"
    found = Comparison()
    expected = parse(sample, form)
    if rel is not None:
        expected["rel"] = rel
    _Comparer(form, found).resource(expected, parse(answer, form), "")
    return found


def parse(text: str, form: str) -> dict[str, Any]:
    """The representation as JSON has it."""
    if form == "xml":
        root = etree.fromstring(text.encode())
        return _reason(root) if root.tag == f"{_NAMESPACE}reason" else _resource(root)
    members: dict[str, Any] = json.loads(text)
    return members


class _Comparer:
    def __init__(self, form: str, found: Comparison) -> None:
        self._form = form
        self._found = found

    def resource(self, sample: dict[str, Any], answer: dict[str, Any], path: str) -> None:
        rel = answer.get("rel", "")
        here = f"{path}/{rel}"
        assert rel == sample.get("rel", rel), f"{here}: the rel of {sample['rel']}"
        members = list(sample)
        if rel in MORE_LINKS and "_links" in answer and "_links" not in members:
            members.insert(1, "_links")  # in XML, where a link to itself is an attribute
        expected = self._with_put_members(rel, members, answer)
        assert list(answer) == [name for name in expected if name in answer], f"{here}: members and their order"
        links, embedded = sample.get("_links", {}), sample.get("_embedded", {})
        # A name may be a property's, a link's and an embedded resource's.
        labels = {name: f"link {name}" if name in sample else name for name in links}
        self._group(links, answer.get("_links", {}), rel, f"{here}/_links", labels)
        labels = {name: f"embedded {name}" if name in links else name for name in embedded}
        self._group(embedded, answer.get("_embedded", {}), rel, f"{here}/_embedded", labels)
        for name, value in sample.items():
            if name not in {"_links", "_embedded"}:
                self._property(name, value, answer.get(name), rel, here)

    def _with_put_members(self, rel: str, names: list[str], answer: dict[str, Any]) -> list[str]:
        if rel not in TAKE_PUT | SHOW_ETAG or "etag" in names or _is_read_only(answer):
            return names
        shown = [name for name, value in answer.items() if _GUID.fullmatch(name) and value == PASS_THROUGH_VALUE]
        assert len(shown) == (rel in TAKE_PUT), f"{rel} shows one pass-through property"
        # JSON has properties, links, embedded; XML has links, properties, embedded.
        groups = ("_links", "_embedded") if self._form == "json" else ("_embedded",)
        end = next((place for place, name in enumerate(names) if name in groups), len(names))
        begin = next(place for place, name in enumerate(names) if name not in {"_attributes", "_links"})
        if rel == "communication":
            return [*names[:begin], *shown, *names[begin:end], "etag", *names[end:]]
        return [*names[:end], *shown, "etag", *names[end:]]

    def _group(
        self, sample: dict[str, Any], answer: dict[str, Any], rel: str, path: str, labels: dict[str, str]
    ) -> None:
        """`_links` or `_embedded`. `labels`: as what each of them is noted."""
        linked = path.endswith("_links")
        more = (MORE_LINKS if linked else MORE_EMBEDDED).get(rel, [])
        expected = [*sample, *(name for name in more if name not in sample)]
        assert list(answer) == [name for name in expected if name in answer], f"{path}: names and their order"
        for name, one in sample.items():
            other = answer.get(name)
            if not other:
                if one:
                    self._found.absent[rel].add(labels[name])
                continue
            self._found.shown[rel].add(labels[name])
            assert isinstance(one, list) == isinstance(other, list), f"{path}/{name}: one, or an array"
            first = one[0] if isinstance(one, list) else one
            for single in other if isinstance(other, list) else [other]:
                if linked:
                    shown = [key for key in single if key not in OPTIONAL]
                    expected = [key for key in first if key not in OPTIONAL]
                    assert shown == expected, f"{path}/{name}: what a link shows"
                else:
                    self.resource(first, single, path)

    def _property(self, name: str, sample: Any, answer: Any, rel: str, path: str) -> None:
        if answer is None or answer == []:
            if sample != []:
                self._found.absent[rel].add(name)
            return
        self._found.shown[rel].add(name)
        assert self._kinds(answer) <= self._kinds(sample), f"{path}/{name}: the kind of value"

    def _kinds(self, value: Any) -> set[str]:
        if isinstance(value, list):
            return {f"array of {kind}" for item in value for kind in self._kinds(item)}
        if isinstance(value, dict):
            return {f"object of {', '.join(value)}"}
        if isinstance(value, str):
            return {"date" if _DATE[self._form].fullmatch(value) else "string"}
        return {type(value).__name__}


def _is_read_only(answer: dict[str, Any]) -> bool:
    """Whether it is a participant's view of an extension, which takes no PUT."""
    href = answer["_attributes"]["href"] if "_attributes" in answer else answer["_links"]["self"]["href"]
    return "/conversations/" in href


def _resource(element: etree._Element) -> dict[str, Any]:
    """A `<resource>` as JSON has it, with its attributes besides: `_attributes`."""
    attributes = {str(name): str(value) for name, value in element.attrib.items()}
    members: dict[str, Any] = {"_attributes": attributes}
    kinds: list[str] = []
    for child in element:
        kind = etree.QName(child).localname
        assert child.tag == _NAMESPACE + kind, f"{child.tag}: every element is of UCWA's namespace"
        if kinds[-1:] != [kind.removesuffix("List")]:
            kinds.append(kind.removesuffix("List"))
        _add(members, kind, child)
    assert kinds == [kind for kind in ("link", "property", "resource") if kind in kinds], (
        f"{attributes.get('rel')}: links, then properties, then embedded resources"
    )
    members.setdefault("rel", attributes.get("rel", ""))
    return members


def _add(members: dict[str, Any], kind: str, child: etree._Element) -> None:
    if kind == "property":
        members[str(child.get("name"))] = _value(child)
    elif kind == "propertyList":
        members[str(child.get("name"))] = [_value(item) for item in child]
    elif kind == "link":
        link = {str(name): str(value) for name, value in child.attrib.items() if name != "rel"}
        members.setdefault("_links", {})[str(child.get("rel"))] = link
    elif kind == "resource":
        members.setdefault("_embedded", {}).setdefault(str(child.get("rel")), []).append(_resource(child))


def _value(element: etree._Element) -> Any:
    """The text; where it is marked as a type of XML Schema, both."""
    mark = element.get(_MARK)
    return element.text or "" if mark is None else {str(mark): element.text}


def _reason(element: etree._Element) -> dict[str, Any]:
    """A `<reason>`, whose members are elements of their own names."""
    return {etree.QName(child).localname: child.text or "" for child in element}


def names(compared: Iterable[dict[str, set[str]]]) -> dict[str, set[str]]:
    """Several findings of one kind taken together."""
    together: dict[str, set[str]] = defaultdict(set)
    for found in compared:
        for rel, members in found.items():
            together[rel] |= members
    return together
