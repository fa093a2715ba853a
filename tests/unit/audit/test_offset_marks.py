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


def place(offset: int, partition: int = 0) -> TopicPartitionOffset:
    return TopicPartitionOffset(topic="alerts", partition=partition, offset=offset)


def says(
    source: int, superseded: tuple[int, ...] = (), ruled_out: tuple[int, ...] = ()
) -> provenance.Provenance:
    return provenance.Provenance(
        group="g",
        source=place(source),
        superseded=tuple(map(place, superseded)),
        ruled_out=tuple(map(place, ruled_out)),
    )


def accounts(first: int = 0, end: int = 10) -> OffsetMarks:
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
        # Half of one delivery and half of another make none.
        (Seen.OUTPUT | Seen.SUPERSEDED_IN_SCRIBE, None),
        # Killed after its output, and superseded when it was consumed again.
        (
            Seen.OUTPUT | Seen.SUPERSEDED_IN_OUTPUT | Seen.SUPERSEDED_IN_SCRIBE,
            OutcomeKind.SUPERSEDED,
        ),
        (Seen.NO_MESSAGE, None),
    ],
)
def test_what_marks_prove(marks: Seen, proven: OutcomeKind | None) -> None:
    assert outcome_kind(marks) is proven


@pytest.mark.parametrize(
    ("marks", "missing"),
    [
        (Seen(0), (OUTPUT, SCRIBE)),
        (Seen.OUTPUT, (SCRIBE,)),
        (Seen.SUPERSEDED_IN_SCRIBE, (OUTPUT,)),
    ],
)
def test_what_marks_lack(marks: Seen, missing: tuple[PublishedTopic, ...]) -> None:
    assert missing_from(marks) == missing


def test_a_message_is_accounted_for_by_output_and_scribe_together() -> None:
    found = accounts()
    found.add_provenance(says(3), OUTPUT)
    assert 3 in remaining(found)
    found.add_provenance(says(3), SCRIBE)
    assert 3 not in remaining(found)
    assert found.count_outcomes()[OutcomeKind.CLASSIFIED] == 1


def test_a_prediction_answers_for_those_that_it_names() -> None:
    found = accounts()
    for witness in (OUTPUT, SCRIBE):
        found.add_provenance(says(2, superseded=(4, 5), ruled_out=(7,)), witness)
    found.add_provenance(says(0, superseded=(1,)), DEAD)
    assert remaining(found) == [3, 6, 8, 9]
    assert found.count_outcomes() == {
        OutcomeKind.CLASSIFIED: 1,
        OutcomeKind.SUPERSEDED: 3,
        OutcomeKind.RULED_OUT: 1,
        OutcomeKind.DEAD_LETTERED: 1,
    }


def test_what_is_named_again_is_a_repeat_and_counts_once() -> None:
    found = accounts()
    for _ in range(3):
        found.add_provenance(says(1), OUTPUT)
    found.add_provenance(says(1), SCRIBE)
    found.add_provenance(says(2), SCRIBE)
    assert found.repeats == {OUTPUT: 2, SCRIBE: 0, DEAD: 0}
    assert found.count_outcomes()[OutcomeKind.CLASSIFIED] == 1


def test_what_is_not_in_question_is_neither_counted_nor_a_repeat() -> None:
    found = accounts(first=5, end=7)
    for source in (4, 7, 4):
        found.add_provenance(says(source, superseded=(0, 100)), OUTPUT)
    found.add_provenance(provenance.Provenance(group="g", source=place(5, partition=9)), OUTPUT)
    assert remaining(found) == [5, 6]
    assert sum(found.repeats.values()) == 0


def test_an_offset_without_a_message_is_not_in_question_unless_it_is_named() -> None:
    found = accounts(end=3)
    found.mark(place(0), Seen.NO_MESSAGE)
    found.mark(place(1), Seen.NO_MESSAGE)
    found.add_provenance(says(1), DEAD)
    assert found.count_messages() == 2
    assert remaining(found) == [2]


def test_where_nothing_is_consumed_nothing_is_in_question() -> None:
    found = accounts(first=9, end=4)
    assert found.count_messages() == 0
    assert remaining(found) == []


@given(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from(Seen)), max_size=60),
    st.integers(0, 10),
    st.integers(0, 20),
)
def test_every_offset_has_one_fate(notes: list[tuple[int, Seen]], first: int, length: int) -> None:
    found = accounts(first, first + length)
    expected: dict[int, Seen] = {offset: Seen(0) for offset in range(first, first + length)}
    for offset, mark in notes:
        found.mark(place(offset), mark)
        if offset in expected:
            expected[offset] |= mark
    open_ones = [o for o, marks in expected.items() if not outcome_kind(marks)]
    unheard = [o for o in open_ones if not expected[o] & Seen.NO_MESSAGE]
    assert remaining(found) == unheard
    assert found.count_messages() == len(expected) - len(open_ones) + len(unheard)
    assert sum(found.count_outcomes().values()) + len(unheard) == found.count_messages()
    assert all(found.seen_at(place(offset)) == marks for offset, marks in expected.items())
