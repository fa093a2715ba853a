from __future__ import annotations

import pytest

from stampapp.training.fitting import epochs
from stampapp.training.fitting.epochs import Epoch


def run(*losses: float) -> list[Epoch]:
    return [
        Epoch(training_loss=1.0, validation_loss=loss, balanced_accuracy=0.5, seconds=1.0)
        for loss in losses
    ]


@pytest.mark.parametrize(
    ("losses", "best"), [((), -1), ((3.0,), 0), ((3.0, 1.0, 2.0), 1), ((1.0, 1.0), 0)]
)
def test_best_epoch_is_the_first_with_the_lowest_loss(losses: tuple[float, ...], best: int) -> None:
    assert epochs.best_epoch(run(*losses)) == best


@pytest.mark.parametrize(
    ("losses", "over"),
    [((3.0,), False), ((1.0, 2.0), False), ((1.0, 2.0, 3.0), True), ((1.0, 2.0, 0.5), False)],
)
def test_training_stops_after_patience(losses: tuple[float, ...], over: bool) -> None:
    assert epochs.should_stop(run(*losses), patience=2) is over


def test_epoch_as_text() -> None:
    assert str(run(0.5)[0]) == "loss 1.0000, validation 0.5000, balanced accuracy 0.5000, 1 s"
