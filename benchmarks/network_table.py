"""Format the speed of the networks alone, with the share of the processor's best."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

NATIVE = "native"
TENSORFLOW = "TensorFlow"
BFLOAT16 = "bfloat16"


def lines(networks: Sequence[Mapping[str, Any]], gemm_gflops: float) -> Iterator[str]:
    """Yield a table for each network; `gemm_gflops` is the rate of matrix products of a core."""
    for network in networks:
        side = network["kernel"]
        yield ""
        yield (
            f"network {network['name']}, {side}x{side}: {network['direct'] / 1e6:.0f} MFLOP"
            f" an alert by direct convolution, {network['winograd'] / 1e6:.0f} by Winograd's"
        )
        yield f"{'one thread, batches of':<38}{_head(network)}   GFLOP/s of peak   x TensorFlow"
        for engine in network["cpu_ms"]:
            yield _row(engine, network, gemm_gflops)


def _head(network: Mapping[str, Any]) -> str:
    (sizes, *_) = network["cpu_ms"].values()
    return "".join(f"{f'{size} (CPU-ms)':>14}" for size in sizes)


def _row(engine: str, network: Mapping[str, Any], gemm_gflops: float) -> str:
    costs = network["cpu_ms"][engine]
    rate = gflops(engine, network)
    # What the processor multiplies in bfloat16 is another rate.
    share = "" if engine == BFLOAT16 else f"{rate / gemm_gflops:.0%}"
    cells = "".join(f"{cost:14.2f}" for cost in costs.values())
    return f"  {engine:<36}{cells}{rate:10.0f}{share:>8}{speedup(engine, network):14.1f}"


def gflops(engine: str, network: Mapping[str, Any]) -> float:
    """Return the GFLOP per second of CPU time, of the method by which the engine convolves."""
    flop: float = network["winograd" if engine.startswith(NATIVE) else "direct"]
    fastest: float = min(network["cpu_ms"][engine].values())
    return flop / fastest / 1e6


def speedup(engine: str, network: Mapping[str, Any]) -> float:
    """Return how many times less CPU time than TensorFlow the engine takes, in the best batches."""
    cpu_ms = network["cpu_ms"]
    return float(min(cpu_ms[TENSORFLOW].values()) / min(cpu_ms[engine].values()))
