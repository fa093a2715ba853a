from __future__ import annotations

from datetime import UTC, datetime

import pytest

from stampapp.errors import ConfigError
from stampapp.inspection.group_offsets import (
    OffsetTarget,
    count_repeated,
    count_skipped,
    parse_target,
)
from stampapp.inspection.topic_status import PartitionStatus
from stampapp.kafka.nightly_topic import NightlyTopic

COMPACT = NightlyTopic(topic_format="out_%s", change_hour=20)
DASHED = NightlyTopic(topic_format="out", date_format="%Y-%m-%d", change_hour=0)
AT = ("alerts", 0)


@pytest.mark.parametrize(
    ("text", "nightly", "instant", "night"),
    [
        ("earliest", COMPACT, None, False),
        ("20260302", COMPACT, datetime(2026, 3, 1, 20, tzinfo=UTC), True),
        ("2026-03-02", COMPACT, datetime(2026, 3, 2, tzinfo=UTC), False),
        ("2026-03-02", DASHED, datetime(2026, 3, 1, tzinfo=UTC), True),
        ("20260302", DASHED, datetime(2026, 3, 2, tzinfo=UTC), False),
        ("2026-03-02T01:30+01:00", DASHED, datetime(2026, 3, 2, 0, 30, tzinfo=UTC), False),
    ],
)
def test_a_date_of_the_output_topic_is_a_night_and_any_other_an_instant(
    text: str, nightly: NightlyTopic, instant: datetime | None, night: bool
) -> None:
    assert parse_target(text, nightly) == OffsetTarget(text=text, instant=instant, night=night)


def test_anything_else_is_rejected_with_what_is_expected() -> None:
    with pytest.raises(ConfigError, match=r"'0302': earliest, latest, .* output topic \(%Y%m%d\)"):
        parse_target("0302", COMPACT)


@pytest.mark.parametrize(
    ("committed", "new", "repeated", "skipped"),
    [
        (None, 5, 0, 0),
        (None, 8, 0, 3),
        (9, 5, 4, 0),
        (9, 10, 0, 1),
        # Kafka has removed 3 and 4, or the log was cut at 10.
        (3, 8, 0, 3),
        (12, 5, 5, 0),
    ],
)
def test_repeated_and_skipped_messages_are_those_that_are_there(
    committed: int | None, new: int, repeated: int, skipped: int
) -> None:
    partitions = {AT: PartitionStatus(partition=0, first=5, end=10, committed=committed)}
    assert count_repeated(partitions, {AT: new}) == repeated
    assert count_skipped(partitions, {AT: new}) == skipped
