from __future__ import annotations

import pytest

from stampapp.results.scribe_commands import version_number


@pytest.mark.parametrize(
    ("version", "number"),
    [("1.2.3", 123), ("1.0.10", 1010), ("1.0", 0), ("1.2.3.4", 0), ("", 0), ("1.0.0rc1", 0)],
)
def test_a_version_of_three_numbers_becomes_one(version: str, number: int) -> None:
    assert version_number(version) == number
