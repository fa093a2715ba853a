from __future__ import annotations

import math

import pytest

from benchmarks import ratio_checks
from benchmarks.ratio_checks import RatioCheck, small_batch_check, speedup_check


@pytest.mark.parametrize(
    ("native_ms", "passed"), [(0.5, True), (1.0, True), (1.01, False), (1.8, False), (3.6, False)]
)
def test_the_native_engine_must_be_1_8_times_as_fast(native_ms: float, passed: bool) -> None:
    check = speedup_check(tensorflow_ms=1.8, native_ms=native_ms)
    assert check.ratio == pytest.approx(1.8 / native_ms)
    assert check.passed is passed


@pytest.mark.parametrize(
    ("small_ms", "passed"), [(1.5, True), (2.0, True), (2.01, False), (3.0, False)]
)
def test_small_batches_must_reach_85_percent(small_ms: float, passed: bool) -> None:
    check = small_batch_check(small_ms, default_ms=1.7)
    assert check.ratio == pytest.approx(1.7 / small_ms)
    assert check.passed is passed


def test_a_ratio_that_is_not_a_number_fails() -> None:
    assert not RatioCheck(name="nothing", cpu_ms=math.nan, reference_ms=1.0, least=1.8).passed


def test_each_check_has_a_line_with_its_outcome() -> None:
    checks = [speedup_check(3.0, 1.0), small_batch_check(2.0, 1.0)]
    good, bad = ratio_checks.lines(checks)
    assert good.endswith("1.00 CPU-ms an alert against 3.00, ratio 3.00, at least 1.80: passed")
    assert bad.endswith("2.00 CPU-ms an alert against 1.00, ratio 0.50, at least 0.85: FAILED")
