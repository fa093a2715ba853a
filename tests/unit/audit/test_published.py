from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from stampapp.audit import published
from stampapp.audit.offset_marks import PublishedTopic
from stampapp.audit.published import GapDetector
from stampapp.kafka.nightly_topic import NightlyTopic
from stampapp.kafka.offset_ranges import OffsetRange
from tests.support.alerts import message

PLACE = ("t", 0)


def detector(first: int, beginning: int) -> GapDetector:
    return GapDetector({PLACE: OffsetRange(first=first)}, {PLACE: beginning})


def note(found: GapDetector, *offsets: int) -> None:
    """Add messages with timestamps of 1000 ms per offset."""
    for offset in offsets:
        found.add(message(offset, topic="t", timestamp=offset * 1000))


def test_topic_from_offset_zero_is_complete() -> None:
    found = detector(first=0, beginning=0)
    note(found, 0, 1, 2)
    assert found.complete_since({"t": 9000}) == 0


def test_removed_beginning_is_detected() -> None:
    found = detector(first=5, beginning=5)
    note(found, 5, 6)
    assert found.complete_since({"t": 9000}) == 5000


def test_messages_before_the_window_are_not_missing() -> None:
    found = detector(first=7, beginning=5)
    note(found, 7, 8)
    assert found.complete_since({"t": 9000}) == 0


def test_gap_between_messages_is_detected() -> None:
    found = detector(first=0, beginning=0)
    note(found, 0, 1, 4, 5)
    assert found.complete_since({"t": 9000}) == 4000


def test_emptied_topic_is_complete_after_its_last_write() -> None:
    assert detector(first=5, beginning=5).complete_since({"t": 9000}) == 9000


def test_topic_without_messages_ever_is_complete() -> None:
    assert detector(first=0, beginning=0).complete_since({"t": 9000}) == 0


@pytest.mark.parametrize(
    ("topic_kind", "topics"),
    [
        (PublishedTopic.OUTPUT, ("stamps_20260301", "stamps_20260302")),
        (PublishedTopic.SCRIBE, ("commands",)),
        (PublishedTopic.DEAD_LETTERS, ("dead",)),
    ],
)
def test_topics_of_each_kind(topic_kind: PublishedTopic, topics: tuple[str, ...]) -> None:
    present = ["commands", "dead", "other", "stamps_20260302", "stamps_20260301", "stamps_x"]
    assert published._topics(settings(), topic_kind, present) == topics


def test_no_dead_letter_topic_to_read() -> None:
    found = published._topics(
        settings(deadletter_topic=None), PublishedTopic.DEAD_LETTERS, ["dead"]
    )
    assert found == ()


def settings(**changes: object) -> Any:
    usual = {
        "output_topic": NightlyTopic(topic_format="stamps_%s"),
        "scribe_topic": "commands",
        "deadletter_topic": "dead",
    }
    return SimpleNamespace(**usual | changes)
