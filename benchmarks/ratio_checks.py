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
    """A measured ratio, and the least that it must be."""

    name: str
    ratio: float
    least: float

    @property
    def passed(self) -> bool:
        """Whether the ratio is high enough; one that is not a number is not."""
        return self.ratio >= self.least


def speedup_check(tensorflow_ms: float, native_ms: float) -> RatioCheck:
    """Compare the CPU time an alert of the two engines."""
    return RatioCheck(
        name="native engine: times as fast as TensorFlow",
        ratio=tensorflow_ms / native_ms,
        least=LEAST_SPEEDUP,
    )


def small_batch_check(small_ms: float, default_ms: float) -> RatioCheck:
    """Compare the CPU time an alert in small batches and in those of the default size."""
    return RatioCheck(
        name="batches of 50: share of the rate of 256",
        ratio=default_ms / small_ms,
        least=LEAST_SHARE,
    )


def lines(checks: Sequence[RatioCheck]) -> Iterator[str]:
    """Yield a line for each check."""
    for one in checks:
        outcome = "passed" if one.passed else "FAILED"
        yield f"  {one.name:<44}{one.ratio:6.2f}   at least {one.least:.2f}   {outcome}"
