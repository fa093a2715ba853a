"""The audit finds whatever is removed, added, or committed too early."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.system.faults.alerts import Quality, Sent
from tests.system.faults.commit_watch import Sample
from tests.system.faults.completeness import Audit, Outcome, audit
from tests.system.faults.evidence import Evidence, PublishedTopic

GOOD, RULED = "1", "2"
NOON = 43_200.0


def sent(key: bytes, quality: Quality = Quality.GOOD, candid: str = GOOD) -> Sent:
    return Sent(quality=quality, candid=candid, key=key, digest=b"digest of " + key)


def evidence_of(published_topic: PublishedTopic, offset: int, **more: object) -> Evidence:
    made = Evidence(
        published_topic=published_topic,
        at=NOON,
        key=SENT[0, offset].key,
        source=(0, offset),
        digest=SENT[0, offset].digest if published_topic is PublishedTopic.DEAD else b"",
    )
    return replace(made, **more)  # type: ignore[arg-type]


# A batch of five, and one that is a batch of its own, ruled out.
SENT = {
    (0, 0): sent(b"a"),
    (0, 1): sent(b"b"),
    (0, 2): sent(b"b"),
    (0, 3): sent(b"c", candid=RULED),
    (0, 4): sent(b"d", quality=Quality.DAMAGED),
    (0, 5): sent(b"e", candid=RULED),
}
NAMING = {0: {"ruled_out": ((0, 3),)}, 1: {"superseded": ((0, 2),)}}
WHOLE = [
    evidence_of(published_topic, offset, **more)
    for published_topic in (PublishedTopic.OUTPUT, PublishedTopic.SCRIBE)
    for offset, more in NAMING.items()
] + [evidence_of(PublishedTopic.DEAD, 4)]


KNOWN = SENT | {(0, 6): sent(b"f", Quality.KNOWN), (0, 7): sent(b"g", Quality.KNOWN)}


def test_alerts_over_max_detections_are_superseded_by_any_object_or_without_being_named() -> None:
    naming = [
        replace(one, superseded=(*one.superseded, (0, 6))) if one.source == (0, 0) else one
        for one in WHOLE
    ]
    samples = [Sample(at=0.0, committed={}), Sample(at=NOON + 1.0, committed={0: 8})]
    found = audit(KNOWN, naming, samples, {RULED})
    assert found.problems == ()
    assert [found.outcomes[one] for one in Outcome] == [2, 3, 2, 1]
    assert found.unnamed == 2
    classified = [
        replace(one, source=(0, 7), key=b"g", superseded=(), ruled_out=()) for one in WHOLE[:3:2]
    ]
    (problem,) = audit(KNOWN, [*naming, *classified], samples, {RULED}).problems
    assert problem == "partition 0 offset 7 (known) is classified"


def audited(found: Sequence[Evidence] = WHOLE, committed: int = 6, at: float = NOON + 1.0) -> Audit:
    samples = [Sample(at=0.0, committed={}), Sample(at=at, committed={0: committed})]
    return audit(SENT, found, samples, {RULED})


def test_if_everything_has_its_outcome_there_are_no_problems() -> None:
    found = audited()
    assert found.problems == ()
    assert found.messages == sum(found.outcomes.values()) == 6
    assert [found.outcomes[one] for one in Outcome] == [2, 1, 2, 1]
    assert found.unnamed == 1
    assert sum(found.repeats.values()) == 0


@pytest.mark.parametrize("gone", range(len(WHOLE)))
def test_whatever_is_removed_is_reported(gone: int) -> None:
    found = audited([one for number, one in enumerate(WHOLE) if number != gone])
    assert any("has no outcome" in one for one in found.problems)
    assert any("not proven" in one for one in found.problems)


@pytest.mark.parametrize("late", range(len(WHOLE)))
def test_an_early_commit_is_reported(late: int) -> None:
    found = audited([replace(one, at=NOON + 2.0 * (n == late)) for n, one in enumerate(WHOLE)])
    assert len(found.problems) == 1
    assert "committed up to 6, but" in found.problems[0]
    # What lies before it may have been committed all the same.
    assert not audited(WHOLE, committed=0).problems


def test_offsets_where_nothing_was_sent_may_be_committed_but_have_no_outcome() -> None:
    # Markers and aborted messages.
    assert audited(committed=9).problems == ()
    aborted = replace(WHOLE[0], source=(0, 7))
    assert "which was not sent" in audited([*WHOLE, aborted], committed=9).problems[0]


def test_repeats_are_counted_and_no_problem() -> None:
    found = audited([*WHOLE, replace(WHOLE[0], at=NOON + 9.0), WHOLE[1]])
    assert found.problems == ()
    assert found.repeats == {
        PublishedTopic.OUTPUT: 2,
        PublishedTopic.SCRIBE: 0,
        PublishedTopic.DEAD: 0,
    }


# As commands per class are published: five for each alert.
IN_PARTS = [one for one in WHOLE if one.published_topic is not PublishedTopic.SCRIBE] + [
    replace(one, part=part, parts=5)
    for one in WHOLE
    if one.published_topic is PublishedTopic.SCRIBE
    for part in range(1, 6)
]


def test_the_parts_of_what_is_published_for_an_alert_are_no_repeats() -> None:
    found = audited(IN_PARTS)
    assert found.problems == ()
    assert sum(found.repeats.values()) == 0
    assert audited([*IN_PARTS, IN_PARTS[-2]]).repeats[PublishedTopic.SCRIBE] == 1


def test_a_part_that_is_missing_or_late_is_reported() -> None:
    numbers = [n for n, one in enumerate(IN_PARTS) if one.parts == 5]
    assert len(numbers) == 10
    for number in numbers:
        rest = [one for n, one in enumerate(IN_PARTS) if n != number]
        assert any("has no outcome" in one for one in audited(rest).problems)
        late = replace(IN_PARTS[number], at=NOON + 2.0)
        (problem,) = audited([*rest, late]).problems
        assert "committed up to 6, but" in problem


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (evidence_of(PublishedTopic.OUTPUT, 0, source=(1, 7)), "which was not sent"),
        (evidence_of(PublishedTopic.SCRIBE, 0, key=b"z"), "under another key"),
        (evidence_of(PublishedTopic.DEAD, 4, digest=b"other"), "has other bytes"),
        (evidence_of(PublishedTopic.DEAD, 0), "(good) is classified, dead-lettered"),
        (
            evidence_of(PublishedTopic.OUTPUT, 0, superseded=((0, 1),)),
            "superseded by another object",
        ),
        (
            evidence_of(PublishedTopic.OUTPUT, 1, ruled_out=((0, 0),)),
            "is ruled out, which no rule does",
        ),
    ],
)
def test_unexpected_messages_are_reported(extra: Evidence, words: str) -> None:
    problems = audited([*WHOLE, extra]).problems
    assert len(problems) == 1
    assert words in problems[0]
