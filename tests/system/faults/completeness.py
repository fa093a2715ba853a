"""Whether everything sent has its outcome, and nothing was committed before it had one. Pure."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate

from tests.system.faults.alert_sender import Place
from tests.system.faults.alerts import Sent, Sort
from tests.system.faults.commit_watch import Sample
from tests.system.faults.evidence import Evidence, Witness, repeats

NEVER = math.inf


class Outcome(StrEnum):
    CLASSIFIED = "classified"
    SUPERSEDED = "superseded"
    RULED_OUT = "ruled out"
    DEAD = "dead-lettered"


ALLOWED = {
    Sort.GOOD: {Outcome.CLASSIFIED, Outcome.SUPERSEDED, Outcome.RULED_OUT},
    Sort.DAMAGED: {Outcome.DEAD},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Audit:
    """What was found. `complaints` is empty if all is well; `silent` were ruled out unnamed.

    A batch that publishes nothing names nobody, so its alerts are ruled out by the word of
    `classify` alone.
    """

    messages: int
    outcomes: Mapping[Outcome, int]
    silent: int
    repeats: Mapping[Witness, int]
    samples: int
    complaints: tuple[str, ...]


def audit(
    sent: Mapping[Place, Sent],
    found: Sequence[Evidence],
    samples: Sequence[Sample],
    withdrawn: Set[str],
) -> Audit:
    """Compare what was sent with what is testified; `withdrawn` are the candids of a rule."""
    proofs = _proofs(found)
    silent = {p for p, one in sent.items() if p not in proofs and one.candid in withdrawn}
    outcomes = Counter(_outcome(proofs[place]) for place in sent if place in proofs)
    complaints = (
        *_missing(sent, proofs, found, silent),
        *_strange(sent, found, withdrawn),
        *_unsuitable(sent, proofs),
        *_ahead(proofs, samples, silent),
    )
    return Audit(
        messages=len(sent),
        outcomes={one: outcomes[one] + (one is Outcome.RULED_OUT) * len(silent) for one in Outcome},
        silent=len(silent),
        repeats=repeats(found),
        samples=len(samples),
        complaints=complaints,
    )


# When each outcome of a place was proven.
Proofs = Mapping[Place, Mapping[Outcome, float]]


def _proofs(found: Sequence[Evidence]) -> Proofs:
    first: dict[tuple[Place, Outcome, Witness], float] = {}
    for one in found:
        published = Outcome.DEAD if one.witness is Witness.DEAD else Outcome.CLASSIFIED
        named = [(one.source, published)]
        named += [(place, Outcome.SUPERSEDED) for place in one.superseded]
        named += [(place, Outcome.RULED_OUT) for place in one.ruled_out]
        for place, outcome in named:
            key = (place, outcome, one.witness)
            first[key] = min(one.at, first.get(key, NEVER))
    proofs: dict[Place, dict[Outcome, float]] = defaultdict(dict)
    for place, outcome, _ in first:
        both = (first.get((place, outcome, w), NEVER) for w in (Witness.OUTPUT, Witness.SCRIBE))
        since = min(max(both), first.get((place, outcome, Witness.DEAD), NEVER))
        # In the output or the scribe alone it is half a delivery.
        if since < NEVER:
            proofs[place][outcome] = since
    return proofs


def _outcome(proven: Mapping[Outcome, float]) -> Outcome:
    return min(proven, key=lambda outcome: proven[outcome])


def _missing(
    sent: Mapping[Place, Sent], proofs: Proofs, found: Sequence[Evidence], silent: Set[Place]
) -> Iterator[str]:
    named: dict[Place, set[Witness]] = defaultdict(set)
    for one in found:
        for place in (one.source, *one.superseded, *one.ruled_out):
            named[place].add(one.witness)
    for place in sorted(sent.keys() - proofs.keys() - silent):
        where = ", ".join(sorted(named[place])) or "nowhere"
        yield f"{_at(place)} ({sent[place].sort}) has no outcome; it is named: {where}"


def _strange(
    sent: Mapping[Place, Sent], found: Sequence[Evidence], withdrawn: Set[str]
) -> Iterator[str]:
    for one in found:
        for place in (one.source, *one.superseded, *one.ruled_out):
            if place not in sent:
                yield f"{one.witness} names {_at(place)}, which was not sent"
        source = sent.get(one.source)
        if source and source.key != one.key:
            yield f"{one.witness} has {_at(one.source)} under another key"
        if source and one.witness is Witness.DEAD and source.digest != one.digest:
            yield f"the dead letter of {_at(one.source)} has other bytes"
        for place in one.superseded:
            # Where the object itself is ruled out, any other message of the batch names it.
            loose = place not in sent or sent[place].candid in withdrawn
            if not loose and sent[place].key != one.key:
                yield f"{_at(place)} is superseded by another object"
        for place in one.ruled_out:
            if place in sent and sent[place].candid not in withdrawn:
                yield f"{_at(place)} is ruled out, which no rule does"


def _unsuitable(sent: Mapping[Place, Sent], proofs: Proofs) -> Iterator[str]:
    for place, proven in proofs.items():
        if place in sent and not proven.keys() <= ALLOWED[sent[place].sort]:
            yield f"{_at(place)} ({sent[place].sort}) is {', '.join(sorted(proven))}"


def _ahead(proofs: Proofs, samples: Sequence[Sample], silent: Set[Place]) -> Iterator[str]:
    """Look, for each sample, whether all before what was committed then was proven by then."""
    since = dict.fromkeys(silent, 0.0)
    since |= {place: min(proven.values()) for place, proven in proofs.items()}
    for partition, end in samples[-1].committed.items():
        moments = [since.get((partition, offset), NEVER) for offset in range(end)]
        # When everything up to an offset, with it, was proven.
        whole = list(accumulate(moments, max))
        for sample in samples:
            upto = sample.committed.get(partition, 0)
            if upto and whole[upto - 1] > sample.at:
                early = [one for one in range(upto) if moments[one] > sample.at]
                yield (
                    f"at {sample.at:.3f} partition {partition} was committed up to {upto}, but"
                    f" {len(early)} of it not proven: {early[:20]}"
                )


def _at(place: Place) -> str:
    return f"partition {place[0]} offset {place[1]}"
