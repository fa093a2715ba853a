"""The epochs of a training: what each came to, which was best, and when to stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Epoch:
    """What an epoch came to: losses in nats, balanced accuracy, seconds with the validation."""

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
    """Return the place of the epoch with the least validation loss, -1 where there is none."""
    losses = [epoch.validation_loss for epoch in epochs]
    return losses.index(min(losses)) if losses else -1


def should_stop(epochs: Sequence[Epoch], patience: int) -> bool:
    """Say whether the best epoch lies more than `patience` epochs back."""
    return len(epochs) - 1 - best_epoch(epochs) >= patience
