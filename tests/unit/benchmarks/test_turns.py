from __future__ import annotations

import time

import pytest

from benchmarks.turns import LEAST_TURNS, measure_in_turns


def spin(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_pieces_of_work_take_turns_after_a_first_run_of_each() -> None:
    order: list[str] = []
    work = {name: lambda name=name: order.append(name) for name in ("a", "b")}
    measure_in_turns(work, seconds=0.0)
    assert order == ["a", "b"] * (1 + LEAST_TURNS)


def test_turns_are_taken_as_long_as_there_is_time() -> None:
    def work() -> None:
        order.append("a")
        time.sleep(0.01)

    order: list[str] = []
    measure_in_turns({"a": work}, seconds=0.2)
    assert len(order) > 1 + LEAST_TURNS


def test_the_first_run_does_not_count_and_the_cheapest_turn_does() -> None:
    costs = iter([0.2, 0.1, 0.02, 0.1])
    found = measure_in_turns({"a": lambda: spin(next(costs))}, seconds=0.0)["a"]
    assert found.cpu == pytest.approx(0.02, abs=0.015)
    assert found.wall >= 0.02


def test_waiting_is_no_cpu_time() -> None:
    found = measure_in_turns({"a": lambda: time.sleep(0.05)}, seconds=0.0)["a"]
    assert found.wall >= 0.05
    assert found.cpu < 0.02
