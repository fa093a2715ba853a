"""The light benchmark: in a few minutes, check ratios that must hold on every machine.

It compares CPU times measured in turns, because rates on a machine that does other work say little.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks import (
    burst_turns,
    engines,
    network_flops,
    network_speed,
    ratio_checks,
    worker_run,
    ztf_sample,
)
from benchmarks.announcement import announce
from benchmarks.ratio_checks import RatioCheck
from benchmarks.worker_cases import DEFAULT, SMALL
from stampapp.classifiers.model_folder import store
from stampapp.native import engine as native
from tests.support.apache_kafka import ApacheKafka

NETWORK_BATCH = 128
NETWORK_SECONDS = 15.0
BURST, TURNS = 1000, 4
# The instruction sets for which the ratio of the engines is promised.
PROMISED = ("avx512", "avx2")


def run(path: Path) -> int:
    """Print the checks, write them to a file, and return 0 if all pass, else 1."""
    if reason := native.unavailable_reason():
        print(f"Nothing is checked: {reason}")
        path.write_text(json.dumps({"left_out": reason}) + "\n")
        return 0
    checks = [*_speedup(), _small_batches()]
    print("\n".join(ratio_checks.lines(checks)))
    path.write_text(
        json.dumps({"checks": [{"ratio": one.ratio, **asdict(one)} for one in checks]}, indent=1)
        + "\n"
    )
    return 0 if all(one.passed for one in checks) else 1


def _speedup() -> list[RatioCheck]:
    """Compare the engines on the network of model/ztf."""
    best, model = native.instruction_sets()[0], ztf_sample.SHIPPED
    if best not in PROMISED:
        announce(f"the engines are not compared: {best} is none of {', '.join(PROMISED)}")
        return []
    announce(f"native engine ({best}) and TensorFlow in turns")
    pair = {"native": engines.load_native(model), "TensorFlow": engines.load_tensorflow(model)}
    shape = network_flops.shape_of(store.read_description(model))
    cpu_ms = network_speed.cpu_ms(pair, shape, NETWORK_BATCH, NETWORK_SECONDS)
    return [ratio_checks.speedup_check(cpu_ms["TensorFlow"], cpu_ms["native"])]


def _small_batches() -> RatioCheck:
    """Compare two workers, from Kafka to confirmed predictions."""
    workers = {str(size): {"CONSUME_MESSAGES": str(size)} for size in (SMALL, DEFAULT)}
    with tempfile.TemporaryDirectory() as folder, ApacheKafka() as kafka:
        setup = worker_run.setup(Path(folder), kafka, ztf_sample.shipped_sample())
        cpu_ms = burst_turns.measure_bursts(setup, workers, BURST, TURNS)
    return ratio_checks.small_batch_check(cpu_ms[str(SMALL)], cpu_ms[str(DEFAULT)])
