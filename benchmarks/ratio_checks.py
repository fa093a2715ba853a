"""Decide whether ratios of CPU times are as good as they must be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# How many times as fast as TensorFlow the native engine must be on AVX2 or better.
LEAST_SPEEDUP = 1.8
# What small batches must reach of the alerts per CPU second of large ones.
LEAST_SHARE = 0.85


@dataclass(frozen=True, kw_only=True, slots=True)
class RatioCheck:
    """CPU milliseconds an alert, those to compare them with, and the least ratio of the two."""

    name: str
    cpu_ms: float
    reference_ms: float
    least: float

    @property
    def ratio(self) -> float:
        """How many times as many alerts a CPU second suffices for."""
        return self.reference_ms / self.cpu_ms

    @property
    def passed(self) -> bool:
        """Whether the ratio is high enough; one that is not a number is not."""
        return self.ratio >= self.least


def speedup_check(tensorflow_ms: float, native_ms: float) -> RatioCheck:
    """Compare the two engines."""
    return RatioCheck(
        name="the native engine against TensorFlow",
        cpu_ms=native_ms,
        reference_ms=tensorflow_ms,
        least=LEAST_SPEEDUP,
    )


def small_batch_check(small_ms: float, default_ms: float) -> RatioCheck:
    """Compare a worker with small batches and one with those of the default size."""
    return RatioCheck(
        name="batches of 50 against 256, Kafka to confirmed",
        cpu_ms=small_ms,
        reference_ms=default_ms,
        least=LEAST_SHARE,
    )


def lines(checks: Sequence[RatioCheck]) -> Iterator[str]:
    """Yield a line for each check."""
    for one in checks:
        outcome = "passed" if one.passed else "FAILED"
        yield (
            f"  {one.name}: {one.cpu_ms:.2f} CPU-ms an alert against {one.reference_ms:.2f},"
            f" ratio {one.ratio:.2f}, at least {one.least:.2f}: {outcome}"
        )
