"""The description of the API, as far as it says what each operation is."""

from collections import Counter
from typing import Any

from openucwa.app import Service
from tests.conftest import Connect


async def test_every_operation_has_a_summary_of_its_own(service: Service, connect: Connect) -> None:
    described: dict[str, Any] = (await connect(service).get("/openapi.json")).json()
    summaries = Counter(
        operation["summary"]
        for path in described["paths"].values()
        for method, operation in path.items()
        if method != "parameters"
    )
    assert [summary for summary, times in summaries.items() if times > 1] == []


async def test_no_summary_contains_a_placeholder(service: Service, connect: Connect) -> None:
    described = (await connect(service).get("/openapi.json")).text
    assert "{rel}" not in described
