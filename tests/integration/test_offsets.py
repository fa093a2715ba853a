"""The offsets of a group are shown and set on Apache Kafka."""

from __future__ import annotations

import asyncio
import io
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from stampapp.commands.offsets import reset_offsets, show_offsets
from stampapp.config import settings
from stampapp.config.environment import Reader
from stampapp.config.settings import Settings
from stampapp.errors import ConfigError
from stampapp.kafka.consumer_group import set_committed_offsets
from stampapp.kafka.log_changes import LogChanges, decode_changes
from stampapp.kafka.topic_reader import TopicReader
from tests.support.apache_kafka import ApacheKafka
from tests.support.topics import Record, committed, create_topics, produce

EARLIEST = {0: 0, 1: 0, 2: 0}
LATEST = {0: 4, 1: 2, 2: 0}


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


# Partition 0 has messages of two nights, partition 1 only older ones, partition 2 none.
SENT = [
    *(
        Record(None, b"x", 0, None, ms(f"2026-03-{instant}"))
        for instant in ("11T21:00", "11T21:59:59", "11T22:00", "12T22:00")
    ),
    *(Record(None, b"x", 1, None, ms("2026-03-01T00:00")) for _ in range(2)),
]


@pytest.fixture
def group(kafka: ApacheKafka) -> Settings:
    """Settings of a group that has committed nothing, with a topic of three partitions."""
    unique = secrets.token_hex(4)
    create_topics(kafka.bootstrap, {f"alerts-{unique}": 3})
    produce(kafka.bootstrap, f"alerts-{unique}", SENT)
    return configured(kafka.bootstrap, unique, f"alerts-{unique}")


def configured(bootstrap: str, unique: str, topics: str) -> Settings:
    keys = {
        "CLASSIFIER_STRATEGY": "ZTF",
        "CONSUMER_SERVER": bootstrap,
        "CONSUMER_TOPICS": topics,
        "CONSUMER_GROUP_ID": f"group-{unique}",
        "PRODUCER_TOPIC_FORMAT": "out_%s",
        "SCRIBE_TOPIC": "scribe",
        "METRICS_TOPIC": "metrics",
    }
    return settings.load_settings(Reader(keys.get))


def show(group: Settings, *topics: str) -> Any:
    out = io.StringIO()
    show_offsets(group, topics, out, as_json=True)
    return json.loads(out.getvalue())


def reset(group: Settings, to: str | None, *topics: str, dry_run: bool = False) -> Any:
    out = io.StringIO()
    reset_offsets(group, to, topics, out, dry_run=dry_run, as_json=True)
    return json.loads(out.getvalue())


def stored(group: Settings) -> dict[int, int]:
    return committed(group.consumer.bootstrap, group.group_id, group.consumer_topics.entries[0])


@contextmanager
def member(group: Settings) -> Iterator[Consumer]:
    """A member of the group that has joined it."""
    consumer = Consumer(
        {
            "bootstrap.servers": group.consumer.bootstrap,
            "group.id": group.group_id,
            "client.id": "somebody",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe(list(group.consumer_topics.entries))
    while not consumer.assignment():
        consumer.poll(0.1)
    try:
        yield consumer
    finally:
        consumer.close()


@pytest.mark.parametrize(
    ("to", "offsets", "instant"),
    [
        ("earliest", EARLIEST, None),
        ("latest", LATEST, None),
        ("20260312", {0: 2, 1: 2, 2: 0}, "2026-03-11T22:00:00Z"),
        ("20260313", {0: 3, 1: 2, 2: 0}, "2026-03-12T22:00:00Z"),
        ("2026-03-11T21:59", {0: 1, 1: 2, 2: 0}, "2026-03-11T21:59:00Z"),
        ("2026-03-11T18:59:59-03:00", {0: 1, 1: 2, 2: 0}, "2026-03-11T21:59:59Z"),
        ("2026-03-01", EARLIEST, "2026-03-01T00:00:00Z"),
        ("1950-01-01", EARLIEST, "1950-01-01T00:00:00Z"),
        ("2100-01-01", LATEST, "2100-01-01T00:00:00Z"),
    ],
)
def test_offsets_are_set_to(
    group: Settings, to: str, offsets: dict[int, int], instant: str | None
) -> None:
    found = reset(group, to)
    assert stored(group) == offsets
    assert {one["partition"]: one["new"] for one in found["partitions"]} == offsets
    assert (found["to"], found["instant"], found["dry_run"]) == (to, instant, False)
    assert (found["consumed_again"], found["skipped"]) == (0, sum(offsets.values()))


def test_the_offsets_are_shown_and_a_dry_run_leaves_them(group: Settings) -> None:
    fresh = [(p["earliest"], p["committed"], p["end"], p["lag"]) for p in show(group)["partitions"]]
    assert fresh == [(0, None, 4, 4), (0, None, 2, 2), (0, None, 0, 0)]
    reset(group, "latest")
    plan = reset(group, "20260312", dry_run=True)
    assert (plan["consumed_again"], plan["skipped"]) == (2, 0)
    assert stored(group) == LATEST
    found = show(group)
    assert [(one["committed"], one["lag"]) for one in found["partitions"]] == [
        (4, 0),
        (2, 0),
        (0, 0),
    ]
    assert (found["group"], found["members"]) == (group.group_id, [])
    out = io.StringIO()
    reset_offsets(group, "20260312", (), out, dry_run=True, as_json=False)
    lines = out.getvalue().splitlines()
    assert lines[0].startswith("The night 20260312 begins at 2026-03-11T22:00:00Z.")
    assert lines[2].split() == [group.consumer_topics.entries[0], "0", "0", "4", "4", "0", "2"]
    assert lines[-1] == "Nothing is changed (--dry-run)."


def test_an_active_member_keeps_its_offsets(group: Settings) -> None:
    partitions = {(group.consumer_topics.entries[0], number): 1 for number in range(3)}
    with member(group) as active:
        at = TopicPartition(group.consumer_topics.entries[0], 0, 3)
        active.commit(offsets=[at], asynchronous=False)
        with pytest.raises(
            ConfigError, match=r"active members: somebody-\S+ on 127\.0\.0\.1\. Stop"
        ):
            reset(group, "earliest")
        # One that joins after the check keeps them as well.
        with pytest.raises(ConfigError, match="has an active member by now"):
            asyncio.run(set_committed_offsets(group.consumer, group.group_id, partitions, {}))
        assert stored(group) == {0: 3}
        plan = reset(group, "latest", dry_run=True)
        assert [one["host"] for one in plan["members"]] == ["127.0.0.1"]
    reset(group, "earliest")
    assert stored(group) == EARLIEST


def test_only_the_named_topic_is_reset_and_a_missing_one_is_reported(
    kafka: ApacheKafka, group: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    (first,) = group.consumer_topics.entries
    second = f"{first}-2"
    create_topics(kafka.bootstrap, {second: 1})
    produce(kafka.bootstrap, second, [Record(None, b"x")])
    both = configured(kafka.bootstrap, first, f"{first},{second},{first}-3")
    reset(both, "latest", second)
    assert stored(both) == {}
    assert committed(kafka.bootstrap, both.group_id, second) == {0: 1}
    assert show(both)["missing_topics"] == [f"{first}-3"]
    assert f"topic {first}-3 does not exist" in capsys.readouterr().err
    with pytest.raises(ConfigError, match=f"no topic {first}-3: check CONSUMER_TOPICS"):
        reset(both, "latest", f"{first}-3")
    with pytest.raises(ConfigError, match="--topic other is not in CONSUMER_TOPICS"):
        reset(both, "latest", "other")


def test_what_became_of_the_log_is_kept(kafka: ApacheKafka, group: Settings) -> None:
    (topic,) = group.consumer_topics.entries
    partition = (topic, 0)
    reset(group, "2026-03-11T21:59")
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    for end in (2, 3):
        for done in admin.delete_records([TopicPartition(topic, 0, end)]).values():
            done.result(30)
        reset(group, "earliest")
        # A second reset keeps it as well.
        reset(group, "earliest")

    async def changes() -> LogChanges:
        async with TopicReader(group.consumer) as reader:
            metadata = await reader.committed_metadata(group.group_id, [partition])
            return decode_changes(metadata[partition])

    expired = asyncio.run(changes()).expired
    assert [(one.first, one.end) for one in expired] == [(1, 2), (2, 3)]


@pytest.mark.parametrize("to", [None, "tomorrow", "20261301", "-1", ""])
def test_what_is_no_target_is_rejected(group: Settings, to: str | None) -> None:
    with pytest.raises(ConfigError, match="--to"):
        reset(group, to)
    assert stored(group) == {}
