"""The reference's samples of events and of batches: what a client is told has their structure."""

import asyncio
import json
import re
from typing import Any

import pytest
from lxml import etree

from tests.client import UcwaClient
from tests.conftest import Connect, Make
from tests.samples import compliance
from tests.samples.messages import REFERENCE, Sample
from tests.samples.stage import set_stage
from tests.world import FakeWorld

pytestmark = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference's samples are not at hand")

JSON, XML = "application/json", "application/xml"
Told = tuple[str, str, str]


@pytest.fixture
async def after_making_available(lene: UcwaClient) -> UcwaClient:
    answer = await lene.post(f"{lene.app}/communication/makeMeAvailable", json={})
    assert answer.status_code == 204
    return lene


async def poll(client: UcwaClient, world: FakeWorld, accept: str) -> str:
    """The first answer of the event channel, once the timers of what waits have run out."""
    polling = asyncio.create_task(client.get(f"{client.app}/events?ack=1", headers={"Accept": accept}))
    async with asyncio.timeout(10):
        while not polling.done():
            await world.advance(1)
            await asyncio.sleep(0.001)
    answer = await polling
    assert answer.status_code == 200, answer.text
    return answer.text


def rows_of_making_available() -> dict[tuple[str, str], str]:
    """What docs/compliance.md says is raised then: sender by resource and type."""
    return {
        (resource, kind): sender
        for event, sender, _priority, when in compliance.rows("event")
        if "makeMeAvailable" in when
        for resource, kind in [event.split()]
    }


def reference(resource: str, kind: str) -> dict[str, Any]:
    sample: dict[str, Any] = json.loads((REFERENCE / f"{resource}.{kind}.event.json").read_text("utf-8"))
    return sample


async def test_each_event_has_the_structure_of_its_sample(after_making_available: UcwaClient, world: FakeWorld) -> None:
    answer = json.loads(await poll(after_making_available, world, JSON))
    documented = rows_of_making_available()
    told: set[tuple[str, str]] = set()
    for sender in answer["sender"]:
        for event in sender["events"]:
            kind = (event["link"]["rel"], event["type"])
            told.add(kind)
            sample = reference(*kind)
            assert list(answer) == list(sample)
            assert list(answer["_links"]) == list(sample["_links"])
            assert list(sender) == list(sample["sender"][0])
            assert sender["rel"] == sample["sender"][0]["rel"] == documented[kind]
            # Captures embed the resource where a change of it is told; the reference's samples of events never do.
            assert list(event)[:2] == list(sample["sender"][0]["events"][0]) == ["link", "type"]
            assert list(event)[2:] in ([], ["_embedded"])
            assert list(event.get("_embedded", {kind[0]: None})) == [kind[0]]
    assert told == set(documented), "docs/compliance.md lists what is raised"


async def test_making_oneself_available_is_told_as_in_the_capture(
    after_making_available: UcwaClient, world: FakeWorld
) -> None:
    answer = json.loads(await poll(after_making_available, world, JSON))
    capture = json.loads((REFERENCE / "trace.EventChannelDetails.01.json").read_text("utf-8"))
    assert in_json(answer) == in_json(capture)


async def test_making_oneself_available_is_told_as_in_the_capture_of_xml(
    after_making_available: UcwaClient, world: FakeWorld
) -> None:
    answer = etree.fromstring((await poll(after_making_available, world, XML)).encode())
    capture = etree.fromstring((REFERENCE / "trace.EventChannelDetails.02.xml").read_bytes())
    assert in_xml(answer) == in_xml(capture)


def in_json(events: dict[str, Any]) -> list[tuple[str, list[tuple[str, str, bool]]]]:
    return [
        (sender["rel"], [(event["link"]["rel"], event["type"], "_embedded" in event) for event in sender["events"]])
        for sender in events["sender"]
    ]


def in_xml(element: etree._Element) -> list[Any]:
    """The elements with the names of their attributes and the rels, but for what is inside of resources."""
    return [
        (child.tag, sorted(map(str, child.attrib)), child.get("rel"), [] if "resource" in child.tag else in_xml(child))
        for child in element
    ]


@pytest.mark.parametrize("form", ["json", "xml"])
async def test_the_parts_of_a_batch_are_framed_as_in_the_sample(
    form: str, make_service: Make, connect: Connect
) -> None:
    sample = Sample(REFERENCE, "batch", "POST", form)
    stage = await set_stage(sample, "usual", make_service, connect)
    answer = await stage.replay(sample)
    assert answer.status_code == sample.response.status
    shown, expected = (
        parts(answer.headers["content-type"], answer.text),
        parts(sample.response.headers["content-type"], sample.response.body),
    )
    assert [head for head, _, _, _ in shown] == [head for head, _, _, _ in expected]
    assert [headers for _, _, headers, _ in shown][0][-1] == "content-type"
    assert all({"cache-control", "content-type"} <= set(headers) for _, _, headers, _ in [*shown, *expected])
    # The sample asks for phones, too, which this server does not offer.
    assert [status for _, status, _, _ in shown] == ["HTTP/1.1 200 OK", "HTTP/1.1 404 Not Found"]
    assert all("\n" not in body for _, _, _, body in shown)


def parts(content_type: str, body: str) -> list[tuple[str, str, list[str], str]]:
    """Each part: its own header, and the status line, header names and body of the answer in it."""
    found = re.search(r'boundary="?([^"]+)"?', content_type)
    assert found is not None
    inner = body.replace("\r\n", "\n").split(f"--{found[1]}")[1:-1]
    taken = []
    for part in inner:
        head, answer = part.strip("\n").split("\n\n", 1)
        top, _, text = answer.partition("\n\n")
        status, *headers = top.split("\n")
        names = [header.partition(":")[0].lower() for header in headers]
        taken.append((head.replace("; ", ";"), status, names, text.strip("\n")))
    return taken
