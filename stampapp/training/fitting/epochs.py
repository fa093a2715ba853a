"""Results of training epochs: the best one, and early stopping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Epoch:
    """The result of an epoch: losses in nats, balanced accuracy, seconds including validation."""

    training_loss: float
    validation_loss: float
    balanced_accuracy: float
    seconds: float

    def __str__(self) -> str:
        return (
            f"loss {self.training_loss:.4f}, validation {self.validation_loss:.4f}, "
            f"balanced accuracy {self.balanced_accuracy:.4f}, {self.seconds:.0f} s"
        )


def best_epoch(epochs: Sequence[Epoch]) -> int:
    """Return the index of the epoch with the lowest validation loss, -1 if there is none."""
    losses = [epoch.validation_loss for epoch in epochs]
    return losses.index(min(losses)) if losses else -1


def should_stop(epochs: Sequence[Epoch], patience: int) -> bool:
    """Return whether the best epoch is at least `patience` epochs ago."""
    return len(epochs) - 1 - best_epoch(epochs) >= patience
