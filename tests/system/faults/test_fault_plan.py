"""A plan is determined by its seed, and twenty seeds have every fault."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.support.apache_kafka import CODECS
from tests.system.faults.fault_plan import (
    AWAY,
    AWAY_QUICK,
    DRAWN,
    SESSION,
    Fault,
    Kind,
    Plan,
    plan,
)


def plans(count: int) -> list[Plan]:
    return [plan(seed) for seed in range(1, count + 1)]


def faults(count: int) -> list[Fault]:
    return [fault for one in plans(count) for fault in one.faults]


def test_the_plan_depends_on_the_seed_alone() -> None:
    assert plans(20) == plans(20)
    assert len(set(plans(20))) == 20


def test_twenty_rounds_have_every_fault_at_least_twice() -> None:
    counts = Counter(fault.kind for fault in faults(20))
    assert min(counts[kind] for kind in DRAWN) >= 2


def test_five_rounds_have_every_codec() -> None:
    assert {one.codec for one in plans(5)} == set(CODECS)


def test_many_of_twenty_rounds_are_transactional() -> None:
    assert 6 <= sum(one.transactional for one in plans(20)) <= 14


def test_a_frozen_worker_outlasts_its_session() -> None:
    frozen = [one.seconds for one in faults(50) if one.kind is Kind.WORKER_FROZEN]
    assert min(frozen) > SESSION


def test_a_broker_is_away_for_a_minute_or_briefly_where_it_must_be_quick() -> None:
    for quick, seconds in ((False, AWAY), (True, AWAY_QUICK)):
        found = plan(5, quick=quick)
        assert [f.seconds for f in found.faults if f.kind is Kind.BROKER_AWAY] == [seconds]


def test_a_quick_plan_has_the_same_faults() -> None:
    for seed in range(1, 51):
        slow, quick = plan(seed), plan(seed, quick=True)
        assert [one.kind for one in quick.faults] == [one.kind for one in slow.faults]
        assert [one.seed for one in quick.faults] == [one.seed for one in slow.faults]
        frozen = [one.seconds for one in quick.faults if one.kind is Kind.WORKER_FROZEN]
        assert all(seconds > SESSION for seconds in frozen)


@pytest.mark.parametrize("kind", DRAWN)
def test_a_round_may_have_several_faults_but_each_once(kind: Kind) -> None:
    counts = Counter(sum(fault.kind is kind for fault in one.faults) for one in plans(100))
    assert counts.keys() == {0, 1}
