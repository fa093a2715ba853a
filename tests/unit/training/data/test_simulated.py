from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stampapp.errors import StampError
from stampapp.training.data import simulated
from stampapp.training.data.examples import Examples
from stampapp.training.data.simulated import SampleSpec, Simulator
from stampapp.training.data.ztf import PLUGIN as ZTF
from tests.support import learnable_alerts


def simulator(
    simulate_alert: Callable[..., Any] = learnable_alerts.simulate_alert, **changes: Any
) -> Simulator:
    usual: dict[str, Any] = {
        "simulate_alert": simulate_alert,
        "code_sha256": "a" * 64,
        "workers": 1,
    }
    return Simulator(**usual | changes)


def simulate(count: int = 6, seed: int = 3, **changes: Any) -> Examples:
    advances: list[int] = []
    found = simulated.simulate_examples(
        ZTF, SampleSpec(seed=seed, count=count), simulator(**changes), advances.append
    )
    assert sum(advances) == count
    return found


def same(one: Examples, other: Examples) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in Examples.__slots__
    )


def test_alerts_are_in_order_for_any_number_of_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = simulate(count=6)
    monkeypatch.setattr(simulated, "CHUNK", 2)
    assert same(simulate(count=6, workers=2), alone)
    assert alone.labels.tolist() == [*learnable_alerts.CLASSES, "AGN"]
    assert alone.candids.tolist() == [f"3{number:06d}" for number in range(6)]


def test_cached_alerts_are_read(tmp_path: Path) -> None:
    first = simulate(cache=tmp_path)
    assert same(simulate(cache=tmp_path, simulate_alert=learnable_alerts.refuse_to_simulate), first)
    assert [path.suffix for path in tmp_path.iterdir()] == [".npz"]


@pytest.mark.parametrize("change", [{"count": 5}, {"seed": 4}, {"code_sha256": "b" * 64}])
def test_other_alerts_or_code_are_simulated_again(tmp_path: Path, change: dict[str, Any]) -> None:
    simulate(cache=tmp_path)
    simulate(cache=tmp_path, **change)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("simulate_alert", "message"),
    [
        (
            learnable_alerts.simulate_unknown_class,
            "simulated alert 0 of seed 3 has the class 'comet', which is not in the recipe",
        ),
        (
            learnable_alerts.simulate_bad_alert,
            "simulated alert 0 of seed 3 cannot be classified: .*missing",
        ),
    ],
)
def test_invalid_simulated_alerts_raise(simulate_alert: Callable[..., Any], message: str) -> None:
    with pytest.raises(StampError, match=message):
        simulate(simulate_alert=simulate_alert)


def test_all_cores_simulate_by_default() -> None:
    assert simulated.local_simulator(None, None).workers >= 1
    assert simulated.local_simulator(3, None).workers == 3
