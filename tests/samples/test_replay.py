"""Every sample of what this server offers, replayed: the answer has the sample's status, header names and structure.

Members beyond the sample are shown only where the protocol asks for them; members of the sample that are not shown
are listed in docs/compliance.md, and no others are. The reference's samples are replayed where they are at hand, the
project's own always.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from openucwa.app import Service
from openucwa.config_identity import Directory
from tests.conftest import Connect, Make
from tests.identity.directories.slapd import BASE, SEARCHER, SEARCHER_PASSWORD, DirectoryServer
from tests.needs import need_module
from tests.samples import compliance
from tests.samples.contact_list import OF_DIRECTORY
from tests.samples.messages import OWN, REFERENCE, Sample, samples
from tests.samples.stage import SITUATIONS, USUAL, set_stage
from tests.samples.structure import Comparison, compare, names, parse


@dataclass(frozen=True)
class Difference:
    """What is answered where the reference contradicts itself or docs/protocol.md.

    `status`, `rel`: of the answer, where not the sample's. `body_of`: the operation whose sample shows the body;
    "": the body is compared elsewhere, or is none of the sample's. `without`: a header that is not there.
    """

    why: str
    status: int | None = None
    rel: str | None = None
    body_of: str | None = None
    without: str | None = None


CONTRADICTIONS = {
    "onlineMeetingExtension.GET": Difference("the samples' URL ends in the rel; here it ends in the extension's id"),
    "onlineMeetingExtension.PUT": Difference("the same; and a PUT needs If-Match and the pass-through property"),
    "onlineMeetingExtension.DELETE": Difference("the same"),
    "myAssignedOnlineMeeting.PUT": Difference(
        "the sample answers with another meeting; here it is the one that was put", rel="myAssignedOnlineMeeting"
    ),
    "myAssignedOnlineMeeting.DELETE": Difference(
        "an assigned meeting is the admin's and stays", status=409, body_of=""
    ),
    "communication.PUT": Difference("the text promises a body, the sample has none", body_of="communication.GET"),
    "events.GET": Difference("the sample is empty; what is answered is compared in test_events", body_of=""),
    "batch.POST": Difference("the sample's parts are from another version; compared in test_batch", body_of=""),
    "photo.GET": Difference("the body is a picture", body_of=""),
    "contactPhoto.GET": Difference("the body is a picture", body_of=""),
    "makeMeAvailable2.POST": Difference(
        "what was done is named; compared in tests/people/test_availability", body_of=""
    ),
    "applications.OPTIONS": Difference("no UCWA resource; compared in tests/resources/test_options", body_of=""),
    "anonApplications.OPTIONS": Difference("the same", body_of=""),
    "applications2.POST": Difference("the application is shown as everywhere else", body_of="applications.POST"),
    "applications2.GET": Difference("the same; what is embedded is compared in tests/resources", body_of=""),
    "presenceSubscription.POST": Difference("the task page extends with 200", status=200),
    "invitations.GET": Difference("the sample is empty; here it says at least what it is", body_of=""),
    "contactPrivacyRelationship2.PUT": Difference(
        "the sample has no body; here it is the changed relationship", body_of="contactPrivacyRelationship2.GET"
    ),
    "group2.PUT": Difference("the sample has no body; here it is the changed group", body_of="group2.GET"),
    "from.GET": Difference("a participant says what it is, whatever led there", rel="participant"),
    "acceptedByParticipant.GET": Difference("the same", rel="participant"),
    "failedDeliveryParticipant.GET": Difference("the sample has no body; here it is the participant's", body_of=""),
    "xframe.GET": Difference("the page is the server's own", body_of=""),
}
NOTHING = Difference("")

Replay = tuple[Sample, str]


def replays() -> list[Replay]:
    """Each sample of an operation that is offered, in each of its situations."""
    offered = compliance.offered()
    return [
        (sample, situation)
        for folder in (OWN, REFERENCE)
        for sample in samples(folder)
        if (sample.rel, sample.method) in offered and sample.rel != "events"
        for situation in SITUATIONS.get(sample.name, USUAL)
    ]


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Directory]]:
    """A directory that runs, started when it is first asked for."""
    running: list[DirectoryServer] = []

    def start() -> Directory:
        need_module("ldap", "python-ldap")
        if not running:
            running.append(DirectoryServer(tmp_path_factory.mktemp("slapd")))
            running[0].start()
        return Directory(
            url=running[0].tls_url,
            ca_file=running[0].ca_file,
            domains="contoso.com",
            base=BASE,
            bind_dn=SEARCHER,
            bind_password=SEARCHER_PASSWORD,
        )

    yield start
    for server in running:
        server.stop()


async def replay(one: Replay, make_service: Make, connect: Connect, directory: Callable[[], Directory]) -> Comparison:
    """Replays a sample and compares what comes back."""
    sample, situation = one
    if sample.rel in OF_DIRECTORY and situation != "bare":
        make_service = partial(make_service, directories=(directory(),))
    stage = await set_stage(sample, situation, make_service, connect)
    answer = await stage.replay(sample)
    instead = CONTRADICTIONS.get(sample.name, NOTHING)
    if sample.folder == OWN:
        instead = NOTHING
    assert_head(sample, answer, instead)
    return compare_body(sample, answer, instead)


def assert_head(sample: Sample, answer: httpx.Response, instead: Difference) -> None:
    assert answer.status_code == (instead.status or sample.response.status), answer.text
    if instead.status is not None:
        return
    assert set(sample.response.headers) - set(answer.headers) - {instead.without} == set(), "header names"
    if (expected := sample.response.headers.get("content-type")) is not None:
        assert media_type(answer.headers["content-type"]) == media_type(expected)


def media_type(content_type: str) -> str:
    return content_type.partition(";")[0]


def compare_body(sample: Sample, answer: httpx.Response, instead: Difference) -> Comparison:
    if instead.body_of == "":
        return Comparison()
    expected = sample.response.body
    form = sample.form
    if instead.body_of is not None:
        form = "xml" if "xml" in answer.headers["content-type"] else "json"
        rel, method = instead.body_of.split(".")
        expected = Sample(sample.folder, rel, method, form).response.body
    if not expected:
        assert answer.content == b""
        return Comparison()
    return compare(expected, answer.text, form, instead.rel)


@pytest.fixture(scope="session")
def findings() -> dict[Replay, Comparison]:
    """What replays have found so far, so that none has to be run twice."""
    return {}


@pytest.mark.parametrize("one", replays(), ids=lambda one: f"{one[0]}-{one[1]}")
async def test_sample_request_gets_an_answer_of_the_samples_structure(
    one: Replay,
    make_service: Make,
    connect: Connect,
    directory: Callable[[], Directory],
    findings: dict[Replay, Comparison],
) -> None:
    compared = findings[one] = await replay(one, make_service, connect, directory)
    never, at_times = compliance.absent()
    undocumented = {
        rel: members - never[rel] - at_times[rel]
        for rel, members in compared.absent.items()
        if members - never[rel] - at_times[rel]
    }
    assert undocumented == {}, "docs/compliance.md lists what the sample shows and the answer does not"
    contradicted = {rel: members & never[rel] for rel, members in compared.shown.items() if members & never[rel]}
    assert contradicted == {}, "docs/compliance.md lists as absent what the answer shows"


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference's samples are not at hand")
async def test_listed_absences_are_in_the_samples_and_in_no_answer(
    make_service: Make,
    connect: Connect,
    directory: Callable[[], Directory],
    tmp_path: Path,
    findings: dict[Replay, Comparison],
) -> None:
    numbers = itertools.count()

    async def make(**settings: Any) -> Service:
        return await make_service(**settings, data=str(tmp_path / f"data{next(numbers)}"))

    of_reference = [one for one in replays() if one[0].folder == REFERENCE]
    compared = [findings.get(one) or await replay(one, make, connect, directory) for one in of_reference]
    shown = names(each.shown for each in compared)
    absent = names(each.absent for each in compared)
    never, at_times = compliance.absent()
    assert {rel: members - shown[rel] for rel, members in absent.items() if members - shown[rel]} == never
    assert {rel: members & shown[rel] for rel, members in absent.items() if members & shown[rel]} == at_times


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference's samples are not at hand")
@pytest.mark.parametrize("rel", ["search"])
async def test_empty_links_are_left_out_and_empty_embedded_arrays_stay(
    rel: str, make_service: Make, connect: Connect, directory: Callable[[], Directory]
) -> None:
    sample = Sample(REFERENCE, rel, "GET", "json")
    if rel in OF_DIRECTORY:
        make_service = partial(make_service, directories=(directory(),))
    stage = await set_stage(sample, "usual", make_service, connect)
    stage.query = "query=nobody"
    answer = (await stage.replay(sample)).json()
    shown = parse(sample.response.body, "json")
    linked, embedded = (
        {name for name, one in shown.get(group, {}).items() if isinstance(one, list)}
        for group in ("_links", "_embedded")
    )
    assert linked & set(answer["_links"]) == set()
    assert {name for name, one in answer.get("_embedded", {}).items() if one == []} == embedded


def test_every_contradiction_is_about_an_offered_operation() -> None:
    assert set(CONTRADICTIONS) <= {f"{rel}.{method}" for rel, method in compliance.offered()}
