"""The order of the test files."""

import pytest

from tests import order


def test_longest_files_exist() -> None:
    assert [name for name in order.LONGEST if not (order.TESTS / name).is_file()] == []


def test_tests_of_a_file_stay_together(request: pytest.FixtureRequest) -> None:
    paths = [item.path for item in request.session.items]
    begins = [path for path, before in zip(paths, [None, *paths], strict=False) if path != before]
    assert len(begins) == len(set(begins))
