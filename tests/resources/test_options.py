"""OPTIONS of applications: the methods and their parameters, in the form of the reference's samples."""

import json

import pytest
from lxml import etree

from tests.client import UcwaClient
from tests.samples.messages import REFERENCE

PARAMETERS = ["culture", "endpointId", "instanceId", "type", "userAgent"]
XML = {"Accept": "application/xml"}

with_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference's samples are not at hand")


def sample(name: str) -> str:
    """The body of a sample."""
    text = (REFERENCE / name).read_text("utf-8").replace("\r\n", "\n")
    return text.partition("\n\n")[2] or text[text.index("Content-Length") :].partition("\n")[2]


@pytest.mark.parametrize("path", ["/ucwa/v1/applications", "/ucwa/v1/anonApplications"])
async def test_methods_are_listed_with_their_parameters(lene: UcwaClient, path: str) -> None:
    answer = await lene.request("OPTIONS", path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("application/json")
    shown = {each["httpMethod"]: each["parameters"] for each in answer.json()["metadata"]}
    assert list(shown) == ["GET", "OPTIONS", "POST"]
    assert shown["GET"] == []
    assert shown["POST"] == [{"name": name, "supportedValues": []} for name in PARAMETERS]


async def test_xml_lists_the_same(lene: UcwaClient) -> None:
    answer = await lene.request("OPTIONS", "/ucwa/v1/applications", headers=XML)
    assert answer.headers["Content-Type"].startswith("application/xml")
    root = etree.fromstring(answer.content)
    assert [each.text for each in root.iter("httpMethod")] == ["GET", "OPTIONS", "POST"]
    assert [each.text for each in root.iter("name")] == PARAMETERS


@with_reference
async def test_members_are_those_of_the_samples(lene: UcwaClient) -> None:
    json_sample = json.loads(sample("applications.OPTIONS.response.json.http"))
    answer = (await lene.request("OPTIONS", "/ucwa/v1/applications")).json()
    assert list(answer) == list(json_sample)
    (entry,) = json_sample["metadata"]
    (parameter,) = entry["parameters"]
    for each in answer["metadata"]:
        assert list(each) == list(entry)
        assert all(list(one) == list(parameter) for one in each["parameters"])
    xml_sample = etree.fromstring(sample("applications.OPTIONS.response.xml.http").strip().encode())
    shown = etree.fromstring((await lene.request("OPTIONS", "/ucwa/v1/applications", headers=XML)).content)
    assert shown.nsmap == xml_sample.nsmap
    assert paths(shown) <= paths(xml_sample)


def paths(root: etree._Element) -> set[str]:
    """The elements by the names on the way to them."""
    return {"/".join(str(one.tag) for one in (*reversed(list(each.iterancestors())), each)) for each in root.iter()}


async def test_options_needs_a_token(lene: UcwaClient) -> None:
    assert (await lene.http.request("OPTIONS", "/ucwa/v1/applications")).status_code == 401


async def test_options_is_not_allowed_elsewhere(lene: UcwaClient) -> None:
    assert (await lene.request("OPTIONS", f"{lene.app}/me")).status_code == 405
