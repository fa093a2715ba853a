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


def gaps(first: int, beginning: int) -> GapDetector:
    return GapDetector({PLACE: OffsetRange(first=first)}, {PLACE: beginning})


def note(found: GapDetector, *offsets: int) -> None:
    """Messages whose timestamps are a thousand ms for each offset."""
    for offset in offsets:
        found.add(message(offset, topic="t", timestamp=offset * 1000))


def test_a_topic_that_begins_at_its_first_message_is_whole() -> None:
    found = gaps(first=0, beginning=0)
    note(found, 0, 1, 2)
    assert found.complete_since({"t": 9000}) == 0


def test_what_was_before_the_first_message_is_gone() -> None:
    found = gaps(first=5, beginning=5)
    note(found, 5, 6)
    assert found.complete_since({"t": 9000}) == 5000


def test_what_was_not_asked_for_is_not_gone() -> None:
    found = gaps(first=7, beginning=5)
    note(found, 7, 8)
    assert found.complete_since({"t": 9000}) == 0


def test_a_gap_within_a_topic_is_noticed() -> None:
    found = gaps(first=0, beginning=0)
    note(found, 0, 1, 4, 5)
    assert found.complete_since({"t": 9000}) == 4000


def test_of_a_topic_that_was_emptied_nothing_is_known_until_its_night_is_over() -> None:
    assert gaps(first=5, beginning=5).complete_since({"t": 9000}) == 9000


def test_a_topic_in_which_nothing_ever_was_is_whole() -> None:
    assert gaps(first=0, beginning=0).complete_since({"t": 9000}) == 0


@pytest.mark.parametrize(
    ("witness", "topics"),
    [
        (PublishedTopic.OUTPUT, ("stamps_20260301", "stamps_20260302")),
        (PublishedTopic.SCRIBE, ("commands",)),
        (PublishedTopic.DEAD_LETTERS, ("dead",)),
    ],
)
def test_each_witness_has_its_topics(witness: PublishedTopic, topics: tuple[str, ...]) -> None:
    present = ["commands", "dead", "other", "stamps_20260302", "stamps_20260301", "stamps_x"]
    assert published._topics(settings(), witness, present) == topics


def test_without_dead_letters_there_is_none_to_read() -> None:
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
