from __future__ import annotations

import pytest

from stampapp.kafka.message import Partition, describe_partitions


@pytest.mark.parametrize(
    ("partitions", "text"),
    [
        ([], "no partitions"),
        ([("one", 3)], "one (partitions 3)"),
        (
            [("two", 0), ("one", 7), ("one", 10), ("one", 2), ("one", 0), ("one", 1)],
            "one (partitions 0-2, 7, 10), two (partitions 0)",
        ),
    ],
)
def test_partitions_are_described_in_order(partitions: list[Partition], text: str) -> None:
    assert describe_partitions(partitions) == text
