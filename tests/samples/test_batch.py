"""The reference's sample of a batch: the parts of the answer are framed as there."""

import re

import pytest

from tests.conftest import Connect, Make
from tests.samples.messages import REFERENCE, Sample
from tests.samples.stage import set_stage

pytestmark = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference's samples are not at hand")


@pytest.mark.parametrize("form", ["json", "xml"])
async def test_parts_of_a_batch_are_framed_as_in_the_sample(form: str, make_service: Make, connect: Connect) -> None:
    sample = Sample(REFERENCE, "batch", "POST", form)
    stage = await set_stage(sample, "usual", make_service, connect)
    answer = await stage.replay(sample)
    assert answer.status_code == sample.response.status
    shown, expected = (
        parts(answer.headers["content-type"], answer.text),
        parts(sample.response.headers["content-type"], sample.response.body),
    )
    assert [head for head, _, _, _ in shown] == [head for head, _, _, _ in expected]
    assert all(headers[-1] == "content-type" for _, _, headers, _ in [*shown, *expected])
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
