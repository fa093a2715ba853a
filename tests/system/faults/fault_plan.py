"""The faults of a round and their times, determined by the seed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from tests.support.apache_kafka import CODECS

# The workers' CONSUMER_SESSION_TIMEOUT (s).
SESSION = 6.0
# How long a broker is down (s).
AWAY, AWAY_QUICK = 60.0, 8.0
# Faults start at most so long after the stream (s).
STREAM = 8.0
MAX_FURTHER_FAULTS = 2
ALERTS, ALERTS_QUICK = 1000, 300


class Kind(StrEnum):
    """The kinds of faults."""

    WORKER_KILLED = "worker killed"
    WORKER_TERMINATED = "worker terminated"
    WORKER_FROZEN = "worker frozen"
    BROKER_KILLED = "broker killed"
    BROKER_AWAY = "broker away"
    WORKERS_COME_AND_GO = "workers come and go"
    SCRIBE_AWAY = "scribe away"
    CONNECTIONS_CUT = "connections cut"
    PARTITIONS_ADDED = "partitions added"
    REGISTRY_AWAY = "registry away"


# Those that a seed draws; every ninth seed starts with the same.
DRAWN = tuple(kind for kind in Kind if kind is not Kind.REGISTRY_AWAY)


class Manner(StrEnum):
    """How a broker or a worker is stopped."""

    TERMINATED = "terminated"
    KILLED = "killed"
    FROZEN = "frozen"


LENGTHS = {
    Kind.WORKER_KILLED: (0.0, 0.0),
    Kind.WORKER_TERMINATED: (0.0, 0.0),
    Kind.WORKER_FROZEN: (SESSION + 1.0, SESSION + 4.0),
    Kind.BROKER_KILLED: (0.0, 2.0),
    Kind.BROKER_AWAY: (AWAY, AWAY),
    Kind.WORKERS_COME_AND_GO: (1.0, 4.0),
    Kind.SCRIBE_AWAY: (4.0, 12.0),
    Kind.CONNECTIONS_CUT: (1.0, 4.0),
    # The workers notice them within CONSUMER_METADATA_AGE.
    Kind.PARTITIONS_ADDED: (6.0, 8.0),
}
MANNERS = {
    Kind.BROKER_AWAY: (Manner.TERMINATED, Manner.KILLED, Manner.FROZEN),
    Kind.SCRIBE_AWAY: (Manner.TERMINATED, Manner.KILLED, Manner.FROZEN),
    Kind.WORKERS_COME_AND_GO: (Manner.TERMINATED, Manner.KILLED),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A fault `at` seconds after the stream starts, for `seconds`; `seed` decides details."""

    kind: Kind
    at: float
    seconds: float
    seed: int
    manner: Manner | None = None

    def __str__(self) -> str:
        length = f" for {self.seconds:.1f} s" if self.seconds else ""
        manner = f" ({self.manner})" if self.manner else ""
        return f"{self.kind}{manner} at {self.at:.1f} s{length}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """At least `alerts` are sent, and more until the last fault is over.

    `transactional`: they are sent in transactions, some of which are aborted. Alerts are compressed
    with all codecs, results with `codec`.
    """

    seed: int
    alerts: int
    codec: str
    transactional: bool
    faults: tuple[Fault, ...]

    @property
    def cut(self) -> bool:
        """Whether the workers connect through the proxies, which cut connections."""
        return any(one.kind is Kind.CONNECTIONS_CUT for one in self.faults)


def plan(seed: int, *, quick: bool = False, alerts: int | None = None) -> Plan:
    """Return the plan of a seed; a quick plan has the same faults, earlier and shorter."""
    rng = Random(seed)
    first = DRAWN[(seed - 1) % len(DRAWN)]
    further = rng.sample(DRAWN, rng.randint(0, MAX_FURTHER_FAULTS))
    faults = [_fault(kind, rng) for kind in dict.fromkeys([first, *further])]
    faults.sort(key=lambda one: one.at)
    if quick:
        faults = [_quick(one) for one in faults]
    return Plan(
        seed=seed,
        alerts=alerts or (ALERTS_QUICK if quick else ALERTS),
        codec=CODECS[seed % len(CODECS)],
        transactional=rng.random() < 0.5,
        faults=tuple(faults),
    )


def _fault(kind: Kind, rng: Random) -> Fault:
    return Fault(
        kind=kind,
        at=round(rng.uniform(0.0, STREAM), 1),
        seconds=round(rng.uniform(*LENGTHS[kind]), 1),
        seed=rng.randrange(10**6),
        manner=rng.choice(MANNERS[kind]) if kind in MANNERS else None,
    )


def _quick(fault: Fault) -> Fault:
    lengths = {
        Kind.BROKER_AWAY: AWAY_QUICK,
        # It must outlast its session in any case.
        Kind.WORKER_FROZEN: fault.seconds,
    }
    seconds = lengths.get(fault.kind, fault.seconds / 2)
    return replace(fault, at=round(fault.at / 2, 1), seconds=round(seconds, 1))
