from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from stampapp.commands import topics
from stampapp.inspection.topic_roles import TopicRole
from stampapp.inspection.topic_status import PartitionStatus, TopicStatus
from tests.unit.inspection.test_topic_roles import NOON, settings_with

SETTINGS = settings_with()
IN = SETTINGS.consumer
READ = TopicStatus(
    topic_role=TopicRole(role="consumer", topic="one", cluster=IN, setting="CONSUMER_TOPICS"),
    partitions=(
        PartitionStatus(partition=0, first=10, end=110, committed=90),
        PartitionStatus(partition=1, first=5, end=15),
    ),
)
OUT = TopicStatus(
    topic_role=TopicRole(
        role="producer", topic="out_20260301", cluster=IN, setting="PRODUCER_TOPIC_FORMAT"
    ),
    partitions=(PartitionStatus(partition=0, first=0, end=7),),
)
ABSENT = TopicStatus(
    topic_role=TopicRole(role="scribe", topic="commands", cluster=IN, setting="SCRIBE_TOPIC")
)


def night(number: int) -> TopicStatus:
    return replace(OUT, topic_role=replace(OUT.topic_role, topic=f"out_{number}"), tonight=False)


def test_what_is_not_committed_is_behind_and_what_is_expired_is_not() -> None:
    assert READ.messages == 110
    assert READ.lag == 20 + 10
    assert PartitionStatus(partition=0, first=50, end=60, committed=20).lag == 10
    assert PartitionStatus(partition=0, first=0, end=60, committed=70).lag == 0
    assert PartitionStatus(partition=0, first=2, end=60, committed=70, cut_short=True).lag == 58


def test_the_status_is_printed_in_columns() -> None:
    assert list(topics.report(SETTINGS, [READ, OUT, night(20260228), ABSENT], NOON)) == [
        "role       topic        partitions messages lag  cluster",
        "consumer   one                   2      110  30  in:9092",
        "producer   out_20260301          1        7   -  in:9092",
        "  earlier  out_20260228          1        7   -  in:9092",
        "scribe     commands         absent        -   -  in:9092",
        "The group group is 30 messages behind.",
        "Output goes to out_20260301 now, and to out_20260302 from 2026-03-01T22:00:00Z on,"
        " in 10 h.",
    ]


def test_years_of_nights_are_summed_up() -> None:
    lines = list(topics.report(SETTINGS, [OUT, *map(night, range(20))], NOON))
    assert sum("earlier" in line for line in lines) == topics.MAX_NIGHTS + 1
    assert "12 more topics of earlier nights hold 84 messages." in lines


def test_a_group_that_has_consumed_nothing_is_reported() -> None:
    fresh = replace(READ, partitions=(PartitionStatus(partition=0, first=0, end=9),))
    lines = list(topics.report(SETTINGS, [fresh], NOON))
    assert any("has committed nothing yet" in line for line in lines)


def test_a_fixed_topic_never_changes() -> None:
    fixed = settings_with(PRODUCER_TOPIC_FORMAT="out")
    assert list(topics.report(fixed, [], NOON))[-1] == "Output goes to out every night."


def test_the_time_that_is_left_is_rounded_up() -> None:
    late = datetime(2026, 3, 1, 21, 58, 30, tzinfo=UTC)
    assert list(topics.report(SETTINGS, [], late))[-1].endswith("in 2 min.")
    monthly = settings_with(PRODUCER_DATE_FORMAT="%Y%m")
    assert (
        "from 2026-03-31T22:00:00Z on, in 30 d 10 h." in list(topics.report(monthly, [], NOON))[-1]
    )


def test_json_has_the_same_status() -> None:
    found = topics.status_json(SETTINGS, [READ, replace(ABSENT, problem="away")], NOON)
    assert found["output"] == {
        "topic": "out_20260301",
        "changes_at": "2026-03-01T22:00:00Z",
        "changes_to": "out_20260302",
    }
    read, absent = found["topics"]
    assert (read["role"], read["messages"], read["lag"], read["exists"]) == (
        "consumer",
        110,
        30,
        True,
    )
    assert read["partitions"][0] == {
        "partition": 0,
        "first": 10,
        "end": 110,
        "committed": 90,
        "lag": 20,
    }
    assert (absent["exists"], absent["lag"], absent["error"]) == (None, None, "away")
