from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from stampapp.audit import unmatched
from stampapp.audit.offset_marks import PublishedTopic, Seen
from stampapp.audit.unmatched import MAX_CLOCK_SKEW_MS, ReportEntry, UnmatchedMessage
from stampapp.errors import BadAlert
from stampapp.kafka.message import TopicPartitionOffset
from stampapp.results.outcome import Outcome, OutcomeKind
from tests.support.alerts import alert, container, message, record

OUTPUT, SCRIBE, DEAD = PublishedTopic
NOW = 1_800_000_000_000


def unmatched_message(offset: int, **changes: Any) -> UnmatchedMessage:
    usual: dict[str, Any] = {
        "location": TopicPartitionOffset(topic="alerts", partition=0, offset=offset),
        "timestamp_ms": NOW,
        "seen": Seen(0),
        "aid": "A",
        "candid": str(offset),
        "mjd": 60000.0 + offset,
        "outcome_kind": OutcomeKind.CLASSIFIED,
    }
    return UnmatchedMessage(**usual | changes)


def ruled_out(offset: int, **changes: Any) -> UnmatchedMessage:
    return unmatched_message(offset, outcome_kind=OutcomeKind.RULED_OUT, **changes)


def offsets(findings: Sequence[ReportEntry]) -> list[int]:
    return [one.location.offset for one in findings]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, "neither in the output nor in the scribe"),
        ({"seen": Seen.OUTPUT, "outcome_kind": None}, "in the output, but not in the scribe"),
        ({"seen": Seen.SCRIBE, "outcome_kind": None}, "in the scribe, but not in the output"),
        (
            {"outcome_kind": OutcomeKind.DEAD_LETTERED, "cause": "field", "aid": None},
            "it cannot be classified (field), and there is no dead letter of it",
        ),
    ],
)
def test_message_named_nowhere_is_missing(changes: dict[str, Any], why: str) -> None:
    found = unmatched.sort_unmatched([unmatched_message(7, **changes)], [], {})
    assert [one.why for one in found.missing] == [why]
    assert found.removed == found.undecidable == ()


@pytest.mark.parametrize(
    ("changes", "complete_since", "is_missing"),
    [
        # Removed only if all topics that could name it start later.
        ({}, {OUTPUT: NOW, SCRIBE: NOW}, False),
        ({}, {OUTPUT: NOW, SCRIBE: NOW - MAX_CLOCK_SKEW_MS}, True),
        ({}, {OUTPUT: NOW}, True),
        ({"seen": Seen.OUTPUT, "outcome_kind": None}, {SCRIBE: NOW}, False),
        ({"seen": Seen.OUTPUT, "outcome_kind": None}, {OUTPUT: NOW}, True),
        ({"outcome_kind": OutcomeKind.DEAD_LETTERED}, {DEAD: NOW}, False),
        ({"outcome_kind": OutcomeKind.DEAD_LETTERED}, {OUTPUT: NOW, SCRIBE: NOW}, True),
    ],
)
def test_possibly_removed_message_is_not_missing(
    changes: dict[str, Any], complete_since: dict[PublishedTopic, int], is_missing: bool
) -> None:
    found = unmatched.sort_unmatched([unmatched_message(7, **changes)], [], complete_since)
    assert bool(found.missing) is is_missing
    assert bool(found.removed) is not is_missing


def test_reason_says_how_far_the_topics_go_back() -> None:
    (finding,) = unmatched.sort_unmatched(
        [unmatched_message(7)], [], {OUTPUT: NOW, SCRIBE: NOW + 1000}
    ).removed
    assert finding.why == (
        "messages that name it may have been removed: output and scribe go back to"
        " 2027-01-15T08:00:00Z"
    )


def test_undecidable_where_only_alerts_over_max_detections_are_between() -> None:
    between = [ruled_out(8).location]
    found = unmatched.sort_unmatched([unmatched_message(9)], [ruled_out(7)], {}, between)
    assert (offsets(found.undecidable), found.missing) == ([9], ())
    found = unmatched.sort_unmatched([unmatched_message(9)], [ruled_out(7)], {})
    assert (offsets(found.missing), found.undecidable) == ([9], ())


def test_undecidable_next_to_a_ruled_out_alert_of_its_object() -> None:
    found = unmatched.sort_unmatched([unmatched_message(8)], [ruled_out(7)], {})
    assert offsets(found.undecidable) == [8]
    assert "alerts:0:7" in found.undecidable[0].why


@pytest.mark.parametrize(
    "other",
    [
        ruled_out(7, aid="B"),
        ruled_out(7, mjd=70000.0),
        ruled_out(6),
        ruled_out(7, location=TopicPartitionOffset(topic="alerts", partition=1, offset=7)),
        ruled_out(7, location=TopicPartitionOffset(topic="others", partition=0, offset=7)),
    ],
    ids=["another object", "later", "something named between", "partition", "topic"],
)
def test_missing_if_no_batch_can_be_shared_with_a_ruled_out_alert(
    other: UnmatchedMessage,
) -> None:
    found = unmatched.sort_unmatched([unmatched_message(8)], [other], {})
    assert offsets(found.missing) == [8]


def test_run_includes_other_unnamed_messages() -> None:
    found = unmatched.sort_unmatched(
        [unmatched_message(9), unmatched_message(8, aid="B")], [ruled_out(7)], {}
    )
    assert offsets(found.undecidable) == [9]
    assert offsets(found.missing) == [8]


def test_incomplete_delivery_ends_a_run() -> None:
    half = unmatched_message(8, aid="B", seen=Seen.OUTPUT, outcome_kind=None)
    found = unmatched.sort_unmatched([unmatched_message(9), half], [ruled_out(7)], {})
    assert offsets(found.missing) == [9, 8]


def test_unmatched_message_has_its_outcome() -> None:
    one = alert(aid="A", candid="5", mjd=60000.5)
    found = unmatched.unmatched_message(
        message(3), Seen(0), Outcome(kind=OutcomeKind.RULED_OUT, alert=one)
    )
    assert (found.aid, found.candid, found.mjd) == ("A", "5", 60000.5)
    assert found.outcome_kind is OutcomeKind.RULED_OUT
    assert found.timestamp_ms == message().timestamp


def test_unclassified_unmatched_message_is_decoded() -> None:
    found = unmatched.unmatched_message(message(3, container(record(aid="X"))), Seen.OUTPUT, None)
    assert (found.aid, found.outcome_kind, found.expected_in) == ("X", None, (SCRIBE,))
    assert unmatched.unmatched_message(message(3, b"nonsense"), Seen.OUTPUT, None).aid is None


def test_unmatched_dead_letter_has_its_cause() -> None:
    outcome = Outcome(kind=OutcomeKind.DEAD_LETTERED, error=BadAlert("field", "bad"))
    found = unmatched.unmatched_message(message(3, timestamp=None), Seen(0), outcome)
    assert (found.cause, found.expected_in, found.timestamp_ms) == ("field", (DEAD,), 0)
