from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from stampapp.deadletters import record
from stampapp.deadletters.encoding import dead_letter_headers
from stampapp.deadletters.record import DeadLetter, ReplayMark
from stampapp.deadletters.selection import DeadLetterFilter, DeadLetterIndex
from stampapp.errors import BadAlert
from stampapp.kafka.message import Headers, Message, TopicPartitionOffset
from stampapp.results import provenance
from stampapp.results.outcome import Outcome, OutcomeKind
from tests.support.alerts import message

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOON_MS = 1_772_366_400_000


def place(offset: int, topic: str = "dead") -> TopicPartitionOffset:
    return TopicPartitionOffset(topic=topic, partition=0, offset=offset)


def letter(
    offset: int = 0, source: int = 100, cause: str = "field", own: Headers = (), **changes: Any
) -> Message:
    """A message of the dead-letter topic, as the worker writes it."""
    error = BadAlert(cause, "bad")
    alert = message(source, b"value", headers=own)
    outcome = Outcome(kind=OutcomeKind.DEAD_LETTERED, error=error)
    (named,) = provenance.headers_for_batch([alert], [outcome], "group")
    headers = dead_letter_headers(alert, error, named)
    return message(offset, b"value", topic="dead", headers=headers, **changes)


def mark(offset: int, source: int, to: int) -> Message:
    made = ReplayMark(
        source=place(source, "alerts"),
        dead_letter=place(0),
        replayed_as=place(to, "alerts"),
        replayed_at="then",
    )
    return message(offset, b"", topic="dead", headers=record.replay_mark_headers(made))


def index(*found: Message, **wanted: Any) -> DeadLetterIndex:
    index = DeadLetterIndex(DeadLetterFilter(**wanted))
    for one in found:
        index.add(one)
    return index


def offsets(found: list[DeadLetter]) -> list[int]:
    return [one.location.offset for one in found]


def test_a_dead_letter_is_read_from_its_headers() -> None:
    assert record.read_dead_letter(letter(3, source=42, timestamp=NOON_MS)) == DeadLetter(
        location=place(3),
        timestamp=NOON_MS,
        cause="field",
        reason="bad",
        source=place(42, "alerts"),
        replay_of=None,
    )


def test_headers_of_the_original_message_are_not_taken_for_ours() -> None:
    # It was a dead letter once before, elsewhere, or pretends that it was.
    forged = letter(1, source=7, cause="empty").headers
    found = record.read_dead_letter(letter(3, source=42, own=forged))
    assert found
    assert (found.cause, found.source) == ("field", place(42, "alerts"))


@pytest.mark.parametrize("headers", [(), (("error.type", b"field"),), (("h", b"\xff"),)])
def test_other_messages_are_no_dead_letters(headers: Headers) -> None:
    assert record.read_dead_letter(message(headers=headers)) is None
    assert index(message(headers=headers)).letters == []


def test_a_replayed_message_has_its_own_headers_and_names_its_dead_letter() -> None:
    own = (("h", b"\xff"), ("error.message", b"of somebody else"))
    first = record.replayed_headers(letter(3, own=own))
    assert first == (*own, ("replayed.of", b"dead:0:3"))
    # Dead again, and put back again: only the last dead letter is named.
    assert record.replayed_headers(letter(9, own=first)) == (
        *own,
        ("replayed.of", b"dead:0:9"),
    )


def test_a_dead_letter_of_a_replay_names_the_first_dead_letter() -> None:
    own = record.replayed_headers(letter(3))
    found = record.read_dead_letter(letter(9, source=101, own=own))
    assert found
    assert found.replay_of == place(3)


def test_a_mark_is_read_as_it_was_written_and_is_no_dead_letter() -> None:
    made = ReplayMark(
        source=place(42, "alerts"),
        dead_letter=place(3),
        replayed_as=place(77, "alerts"),
        replayed_at="2026-03-01",
    )
    headers = record.replay_mark_headers(made)
    assert record.read_replay_mark(headers) == made
    assert record.read_dead_letter(message(headers=headers)) is None
    assert provenance.read_provenance(headers) is None


@pytest.mark.parametrize(
    "headers",
    [(), (("replayed.of", b"dead:0:3"),), letter(own=(("replayed.of", b"dead:0:3"),)).headers],
)
def test_other_headers_are_no_replay_mark(headers: Headers) -> None:
    assert record.read_replay_mark(headers) is None


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        ({}, True),
        ({"causes": ["field", "empty"]}, True),
        ({"causes": ["empty"]}, False),
        ({"begin": NOON}, True),
        ({"begin": NOON.replace(microsecond=1000)}, False),
        ({"end": NOON}, False),
        ({"end": NOON.replace(microsecond=1000)}, True),
        ({"places": ["0:3"]}, True),
        ({"places": ["9:9", "alerts:0:42"]}, True),
        ({"places": ["0:42", "alerts:0:3"]}, False),
        ({"places": ["0:3"], "causes": ["empty"]}, False),
    ],
)
def test_the_filter(wanted: dict[str, Any], taken: bool) -> None:
    found = index(letter(3, source=42, timestamp=NOON_MS), **wanted)
    assert bool(found.letters) is taken


def test_replayed_dead_letters_are_replayed_again_only_on_request() -> None:
    found = index(letter(0, source=100), letter(1, source=101), mark(2, source=100, to=200))
    assert offsets(found.replayable(again=False)) == [1]
    assert offsets(found.replayable(again=True)) == [0, 1]


def test_one_dead_letter_is_replayed_of_a_message_that_was_consumed_twice() -> None:
    twice = (letter(0, source=100), letter(1, source=100))
    assert offsets(index(*twice).replayable(again=False)) == [1]
    assert index(*twice, mark(2, source=100, to=200)).replayable(again=False) == []


def test_dead_letters_of_replays_are_replayed_only_on_request_and_once() -> None:
    own = record.replayed_headers(letter(0, source=100))
    found = index(letter(0, source=100), letter(1, source=200, own=own))
    # Even where its mark is not there yet: the replay was cut off before.
    assert offsets(found.replayable(again=False)) == []
    assert offsets(found.replayable(again=True)) == [1]


def test_dead_letters_are_counted_by_cause() -> None:
    found = index(
        letter(0, source=100),
        letter(1, source=101),
        letter(2, source=102, cause="empty"),
        mark(3, source=101, to=200),
    )
    assert found.counts_by_cause() == {"empty": (1, 0), "field": (2, 1)}
