from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampapp.audit.offset_marks import (
    OffsetMarks,
    PartitionMarks,
    PublishedTopic,
    Seen,
    missing_from,
    outcome_kind,
)
from stampapp.kafka.message import TopicPartitionOffset
from stampapp.results import provenance
from stampapp.results.outcome import OutcomeKind

OUTPUT, SCRIBE, DEAD = PublishedTopic


def location(offset: int, partition: int = 0) -> TopicPartitionOffset:
    return TopicPartitionOffset(topic="alerts", partition=partition, offset=offset)


def provenance_of(
    source: int, superseded: tuple[int, ...] = (), ruled_out: tuple[int, ...] = ()
) -> provenance.Provenance:
    return provenance.Provenance(
        group="g",
        source=location(source),
        superseded=tuple(map(location, superseded)),
        ruled_out=tuple(map(location, ruled_out)),
    )


def marks(first: int = 0, end: int = 10) -> OffsetMarks:
    return OffsetMarks({("alerts", 0): PartitionMarks(first, end)})


def remaining(found: OffsetMarks) -> list[int]:
    return [one.offset for one in found.unmatched()]


@pytest.mark.parametrize(
    ("marks", "proven"),
    [
        (Seen(0), None),
        (Seen.OUTPUT, None),
        (Seen.SCRIBE, None),
        (Seen.OUTPUT | Seen.SCRIBE, OutcomeKind.CLASSIFIED),
        (Seen.DEAD_LETTER, OutcomeKind.DEAD_LETTERED),
        (Seen.RULED_OUT, OutcomeKind.RULED_OUT),
        (Seen.SUPERSEDED_IN_OUTPUT, None),
        (Seen.SUPERSEDED_IN_SCRIBE, None),
        (Seen.SUPERSEDED_IN_OUTPUT | Seen.SUPERSEDED_IN_SCRIBE, OutcomeKind.SUPERSEDED),
        (Seen.SUPERSEDED_BY_DEAD_LETTER, OutcomeKind.SUPERSEDED),
        # Two incomplete deliveries do not make a complete one.
        (Seen.OUTPUT | Seen.SUPERSEDED_IN_SCRIBE, None),
        # The worker was killed after the output; consumed again, the message was superseded.
        (
            Seen.OUTPUT | Seen.SUPERSEDED_IN_OUTPUT | Seen.SUPERSEDED_IN_SCRIBE,
            OutcomeKind.SUPERSEDED,
        ),
        (Seen.NO_MESSAGE, None),
    ],
)
def test_outcome_by_marks(marks: Seen, proven: OutcomeKind | None) -> None:
    assert outcome_kind(marks) is proven


@pytest.mark.parametrize(
    ("marks", "missing"),
    [
        (Seen(0), (OUTPUT, SCRIBE)),
        (Seen.OUTPUT, (SCRIBE,)),
        (Seen.SUPERSEDED_IN_SCRIBE, (OUTPUT,)),
    ],
)
def test_missing_topics_by_marks(marks: Seen, missing: tuple[PublishedTopic, ...]) -> None:
    assert missing_from(marks) == missing


def test_classified_needs_output_and_scribe() -> None:
    found = marks()
    found.add_provenance(provenance_of(3), OUTPUT)
    assert 3 in remaining(found)
    found.add_provenance(provenance_of(3), SCRIBE)
    assert 3 not in remaining(found)
    assert found.count_outcomes()[OutcomeKind.CLASSIFIED] == 1


def test_prediction_marks_the_offsets_it_names() -> None:
    found = marks()
    for topic_kind in (OUTPUT, SCRIBE):
        found.add_provenance(provenance_of(2, superseded=(4, 5), ruled_out=(7,)), topic_kind)
    found.add_provenance(provenance_of(0, superseded=(1,)), DEAD)
    assert remaining(found) == [3, 6, 8, 9]
    assert found.count_outcomes() == {
        OutcomeKind.CLASSIFIED: 1,
        OutcomeKind.SUPERSEDED: 3,
        OutcomeKind.RULED_OUT: 1,
        OutcomeKind.DEAD_LETTERED: 1,
    }


def test_repeated_message_counts_once() -> None:
    found = marks()
    for _ in range(3):
        found.add_provenance(provenance_of(1), OUTPUT)
    found.add_provenance(provenance_of(1), SCRIBE)
    found.add_provenance(provenance_of(2), SCRIBE)
    assert found.repeats == {OUTPUT: 2, SCRIBE: 0, DEAD: 0}
    assert found.count_outcomes()[OutcomeKind.CLASSIFIED] == 1


def test_offsets_outside_the_window_are_ignored() -> None:
    found = marks(first=5, end=7)
    for source in (4, 7, 4):
        found.add_provenance(provenance_of(source, superseded=(0, 100)), OUTPUT)
    found.add_provenance(provenance.Provenance(group="g", source=location(5, partition=9)), OUTPUT)
    assert remaining(found) == [5, 6]
    assert sum(found.repeats.values()) == 0


def test_offset_without_a_message_is_not_counted() -> None:
    found = marks(end=3)
    found.mark(location(0), Seen.NO_MESSAGE)
    found.mark(location(1), Seen.NO_MESSAGE)
    found.add_provenance(provenance_of(1), DEAD)
    assert found.count_messages() == 2
    assert remaining(found) == [2]


def test_no_consumed_offsets_no_messages() -> None:
    found = marks(first=9, end=4)
    assert found.count_messages() == 0
    assert remaining(found) == []


@given(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from(Seen)), max_size=60),
    st.integers(0, 10),
    st.integers(0, 20),
)
def test_every_offset_has_one_outcome(
    notes: list[tuple[int, Seen]], first: int, length: int
) -> None:
    found = marks(first, first + length)
    expected: dict[int, Seen] = {offset: Seen(0) for offset in range(first, first + length)}
    for offset, mark in notes:
        found.mark(location(offset), mark)
        if offset in expected:
            expected[offset] |= mark
    open_ones = [o for o, marks in expected.items() if not outcome_kind(marks)]
    unheard = [o for o in open_ones if not expected[o] & Seen.NO_MESSAGE]
    assert remaining(found) == unheard
    assert found.count_messages() == len(expected) - len(open_ones) + len(unheard)
    assert sum(found.count_outcomes().values()) + len(unheard) == found.count_messages()
    assert all(found.seen_at(location(offset)) == marks for offset, marks in expected.items())
