"""Check that every message has its outcome, and that no offset was committed before."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate

from tests.system.faults.alerts import Quality, Sent
from tests.system.faults.commit_watch import Sample
from tests.system.faults.evidence import Evidence, PublishedTopic, repeats
from tests.system.faults.writers import PartitionOffset

NEVER = math.inf


class Outcome(StrEnum):
    CLASSIFIED = "classified"
    SUPERSEDED = "superseded"
    RULED_OUT = "ruled out"
    DEAD = "dead-lettered"


ALLOWED = {
    Quality.GOOD: {Outcome.CLASSIFIED, Outcome.SUPERSEDED, Outcome.RULED_OUT},
    Quality.KNOWN: {Outcome.SUPERSEDED},
    Quality.DAMAGED: {Outcome.DEAD},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Audit:
    """The result of an audit; `unnamed` messages were superseded or ruled out without being named.

    A batch that publishes nothing names no message; that its alerts are ruled out is then known
    from `classify` alone, and that they are superseded from their number of detections.
    """

    messages: int
    outcomes: Mapping[Outcome, int]
    unnamed: int
    repeats: Mapping[PublishedTopic, int]
    samples: int
    problems: tuple[str, ...]


def audit(
    sent: Mapping[PartitionOffset, Sent],
    found: Sequence[Evidence],
    samples: Sequence[Sample],
    vetoed: Set[str],
) -> Audit:
    """Compare sent and published messages; `vetoed` are the candids that a rule vetoes."""
    proofs = _proofs(found)
    unnamed = {
        place: Outcome.SUPERSEDED if one.quality is Quality.KNOWN else Outcome.RULED_OUT
        for place, one in sent.items()
        if place not in proofs and (one.quality is Quality.KNOWN or one.candid in vetoed)
    }
    outcomes = Counter(_outcome(proofs[place]) for place in sent if place in proofs)
    outcomes.update(unnamed.values())
    problems = (
        *_missing(sent, proofs, found, unnamed.keys()),
        *_unexpected(sent, found, vetoed),
        *_wrong_outcomes(sent, proofs),
        *_committed_early(sent, proofs, samples, unnamed.keys()),
    )
    return Audit(
        messages=len(sent),
        outcomes={one: outcomes[one] for one in Outcome},
        unnamed=len(unnamed),
        repeats=repeats(found),
        samples=len(samples),
        problems=problems,
    )


# When each outcome of a message was proven (s since 1970).
Proofs = Mapping[PartitionOffset, Mapping[Outcome, float]]


def _proofs(found: Sequence[Evidence]) -> Proofs:
    complete = _complete_since(found)
    first: dict[tuple[PartitionOffset, Outcome, PublishedTopic], float] = {}
    for one in found:
        published = (
            Outcome.DEAD if one.published_topic is PublishedTopic.DEAD else Outcome.CLASSIFIED
        )
        named = [(one.source, published)]
        named += [(place, Outcome.SUPERSEDED) for place in one.superseded]
        named += [(place, Outcome.RULED_OUT) for place in one.ruled_out]
        since = max(one.at, complete[one.source, one.published_topic])
        for place, outcome in named:
            key = (place, outcome, one.published_topic)
            first[key] = min(since, first.get(key, NEVER))
    proofs: dict[PartitionOffset, dict[Outcome, float]] = defaultdict(dict)
    for place, outcome, _ in first:
        both = (
            first.get((place, outcome, w), NEVER)
            for w in (PublishedTopic.OUTPUT, PublishedTopic.SCRIBE)
        )
        since = min(max(both), first.get((place, outcome, PublishedTopic.DEAD), NEVER))
        # Published to the output or the scribe alone, it is not delivered.
        if since < NEVER:
            proofs[place][outcome] = since
    return proofs


def _complete_since(
    found: Sequence[Evidence],
) -> Mapping[tuple[PartitionOffset, PublishedTopic], float]:
    """Return when the last part of what is published for a source in a topic was there."""
    first: dict[tuple[PartitionOffset, PublishedTopic], dict[int, float]] = defaultdict(dict)
    for one in found:
        parts = first[one.source, one.published_topic]
        for number in range(1, one.parts + 1):
            parts.setdefault(number, NEVER)
        parts[one.part] = min(one.at, parts[one.part])
    return {source: max(parts.values()) for source, parts in first.items()}


def _outcome(proven: Mapping[Outcome, float]) -> Outcome:
    return min(proven, key=lambda outcome: proven[outcome])


def _missing(
    sent: Mapping[PartitionOffset, Sent],
    proofs: Proofs,
    found: Sequence[Evidence],
    unnamed: Set[PartitionOffset],
) -> Iterator[str]:
    named: dict[PartitionOffset, set[PublishedTopic]] = defaultdict(set)
    for one in found:
        for place in (one.source, *one.superseded, *one.ruled_out):
            named[place].add(one.published_topic)
    for place in sorted(sent.keys() - proofs.keys() - unnamed):
        where = ", ".join(sorted(named[place])) or "nowhere"
        yield f"{_at(place)} ({sent[place].quality}) has no outcome; it is named: {where}"


def _unexpected(
    sent: Mapping[PartitionOffset, Sent], found: Sequence[Evidence], vetoed: Set[str]
) -> Iterator[str]:
    for one in found:
        for place in (one.source, *one.superseded, *one.ruled_out):
            if place not in sent:
                yield f"{one.published_topic} names {_at(place)}, which was not sent"
        source = sent.get(one.source)
        if source and source.key != one.key:
            yield f"{one.published_topic} has {_at(one.source)} under another key"
        if source and one.published_topic is PublishedTopic.DEAD and source.digest != one.digest:
            yield f"the dead letter of {_at(one.source)} has other bytes"
        for place in one.superseded:
            if (
                place in sent
                and not _others_may_name(sent[place], vetoed)
                and (sent[place].key != one.key)
            ):
                yield f"{_at(place)} is superseded by another object"
        for place in one.ruled_out:
            if place in sent and sent[place].candid not in vetoed:
                yield f"{_at(place)} is ruled out, which no rule does"


def _others_may_name(one: Sent, vetoed: Set[str]) -> bool:
    """Return whether another object of the batch may name it, as its own publishes nothing."""
    return one.quality is Quality.KNOWN or one.candid in vetoed


def _wrong_outcomes(sent: Mapping[PartitionOffset, Sent], proofs: Proofs) -> Iterator[str]:
    for place, proven in proofs.items():
        if place in sent and not proven.keys() <= ALLOWED[sent[place].quality]:
            yield f"{_at(place)} ({sent[place].quality}) is {', '.join(sorted(proven))}"


def _committed_early(
    sent: Mapping[PartitionOffset, Sent],
    proofs: Proofs,
    samples: Sequence[Sample],
    unnamed: Set[PartitionOffset],
) -> Iterator[str]:
    """Find samples in which an offset was committed before its outcome was proven.

    An offset where nothing was sent holds a marker or an aborted message. An alert of a known
    object needs no proof: it may be committed in a batch that names nothing, and be named when a
    worker that was frozen meanwhile publishes its own batch.
    """
    since = dict.fromkeys(unnamed, 0.0)
    since |= {place: min(proven.values()) for place, proven in proofs.items()}
    since |= {place: 0.0 for place, one in sent.items() if one.quality is Quality.KNOWN}
    for partition, end in samples[-1].committed.items():
        places = [(partition, offset) for offset in range(end)]
        moments = [since.get(one, NEVER if one in sent else 0.0) for one in places]
        # When everything up to and including an offset was proven.
        whole = list(accumulate(moments, max))
        for sample in samples:
            upto = sample.committed.get(partition, 0)
            if upto and whole[upto - 1] > sample.at:
                early = [one for one in range(upto) if moments[one] > sample.at]
                yield (
                    f"at {sample.at:.3f} partition {partition} was committed up to {upto}, but"
                    f" {len(early)} of it not proven: {early[:20]}"
                )


def _at(place: PartitionOffset) -> str:
    return f"partition {place[0]} offset {place[1]}"
