from __future__ import annotations

import multiprocessing
from itertools import islice

import pytest

from stampapp.alerts.surveys import Survey
from stampapp.config import cpu_count
from stampapp.feeds import simulated
from stampapp.feeds.simulated import CHUNK


def test_alerts_come_in_order_the_surveys_in_turns_and_the_processes_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(simulated, "WORTH_A_PROCESS", CHUNK)
    count = CHUNK + 5
    with simulated.simulated_alerts(tuple(Survey), 3, count, 2) as drawn:
        found = list(drawn)
    turns = [divmod(n, len(Survey)) for n in range(count)]
    assert [one.alert.survey for one in found] == [list(Survey)[turn] for _, turn in turns]
    assert [int(one.alert.candid[-9:]) for one in found] == [number for number, _ in turns]
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(("count", "processes"), [(15, 1), (16, 2), (99, 3)])
def test_few_alerts_need_few_processes(
    count: int, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulated, "WORTH_A_PROCESS", 16)
    with simulated.simulated_alerts([Survey.ZTF], 3, count, 3) as drawn:
        next(drawn)
        assert len(multiprocessing.active_children()) == processes


def test_an_endless_stream_ends_with_its_consumer() -> None:
    with simulated.simulated_alerts([Survey.ZTF], 3, None, 1) as drawn:
        assert len(list(islice(drawn, 2))) == 2
        assert len(multiprocessing.active_children()) == 1
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(("rate", "some"), [(0.1, 1), (5.0, 1), (1e6, None), (None, None)])
def test_there_are_as_many_processes_as_a_rate_needs(rate: float | None, some: int | None) -> None:
    assert simulated.processes_for(rate) == (some or cpu_count.cores())
