from __future__ import annotations

from typing import Any

import pytest

from benchmarks import network_table

NETWORK: dict[str, Any] = {
    "name": "2020-06",
    "kernel": 3,
    "direct": 157_000_000,
    "winograd": 45_000_000,
    "cpu_ms": {
        "native avx512": {50: 0.6, 256: 0.5},
        "TensorFlow": {50: 1.8, 256: 1.57},
        "bfloat16": {50: 1.0, 256: 0.785},
    },
}


def row(engine: str) -> list[str]:
    found = network_table.lines([NETWORK], gemm_gflops=150.0)
    (line,) = (one for one in found if one.strip().startswith(engine))
    return line.split()


def test_the_native_engine_does_the_operations_of_winograds_method() -> None:
    assert row("native avx512") == ["native", "avx512", "0.60", "0.50", "90", "60%", "3.1"]


def test_tensorflow_does_those_of_direct_convolutions() -> None:
    assert row("TensorFlow") == ["TensorFlow", "1.80", "1.57", "100", "67%", "1.0"]


def test_bfloat16_has_no_share_of_the_float32_rate() -> None:
    assert row("bfloat16") == ["bfloat16", "1.00", "0.79", "200", "2.0"]


def test_the_best_batch_size_counts() -> None:
    assert network_table.speedup("native avx512", NETWORK) == pytest.approx(3.14)
    assert network_table.gflops("native avx512", NETWORK) == pytest.approx(90.0)


def test_the_head_has_operations_and_batch_sizes() -> None:
    _, operations, head, *_ = network_table.lines([NETWORK], gemm_gflops=150.0)
    assert operations == (
        "network 2020-06, 3x3: 157 MFLOP an alert by direct convolution, 45 by Winograd's"
    )
    assert head.split()[4:8] == ["50", "(CPU-ms)", "256", "(CPU-ms)"]
