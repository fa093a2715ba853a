"""`make bench`: measure stages, throughput and latency; print a table and write bench.json."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import (
    latencies,
    lsst,
    publishing,
    report_table,
    sample_alerts,
    stage_rates,
    throughput,
    worker_run,
)
from benchmarks.worker_run import BenchmarkSetup
from stampapp import classifiers
from stampapp.alerts.surveys import Survey
from stampapp.classifiers.base import Classifier, PreparedAlert
from stampapp.classifiers.network.hardware import BFLOAT16_FLAGS, processor_flags
from stampapp.config.compute import ComputeSettings, Device, Precision
from stampapp.config.cpu_count import cores
from stampapp.config.model_settings import ModelSettings
from stampapp.results.outcome import Classification
from tests.support.apache_kafka import ApacheKafka
from tests.support.topics import create_topics, produce

NETWORK_BATCHES = (32, 64, 128, 256, 512)
WORKER_BATCHES = (32, 256, 512)
# The default of a worker.
CLASSIFY_THREADS = min(cores(), 4)
WORKERS = (1, 2, 4)
VIEWERS = 3
# Alerts per second → the recommended settings for them.
SETTINGS_BY_RATE: dict[float, dict[str, str]] = {
    40.0: {"CONSUME_TIMEOUT": "0.2"},
    250.0: {"CONSUME_TIMEOUT": "0.5"},
}


def main() -> int:
    """Run all benchmarks, print the table and write the JSON file."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder, ApacheKafka() as kafka:
        report = {"cores": cores(), **_report(options, Path(folder), kafka)}
    print("\n".join(report_table.lines(report)))
    options.json.write_text(json.dumps(report, indent=1) + "\n")
    print(f"\nWritten: {options.json}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--alerts", type=int, default=10000, help="alerts in a burst, and for each throughput"
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="duration of each steady rate")
    parser.add_argument(
        "--survey",
        type=lambda name: Survey(name.upper()),
        choices=(Survey.ZTF, Survey.LSST),
        help="measure one survey only",
    )
    parser.add_argument("--json", type=Path, default=Path("bench.json"))
    return parser.parse_args()


def _report(options: argparse.Namespace, folder: Path, kafka: ApacheKafka) -> dict[str, Any]:
    """Run the benchmarks of one survey or of all, those of ZTF at length."""
    report: dict[str, Any] = {}
    if options.survey in {None, Survey.ZTF}:
        sample = sample_alerts.load_sample(folder)
        report |= _Benchmark(_setup(folder, kafka, sample), sample, options).report()
    if options.survey in {None, Survey.LSST}:
        report["lsst"] = _lsst(options.alerts, folder, kafka)
    return report


def _lsst(alerts: int, folder: Path, kafka: ApacheKafka) -> Any:
    sample = lsst.load_sample(folder)
    _announce(sample.origin)
    classifier = _classifier(Survey.LSST, lsst.MODEL, Precision.FLOAT32)
    return lsst.measure(_setup(folder, kafka, sample), sample, classifier, alerts)


def _setup(folder: Path, kafka: ApacheKafka, sample: worker_run.Sample) -> BenchmarkSetup:
    if kafka.process is None:
        raise RuntimeError("the broker is not running")
    return BenchmarkSetup(
        bootstrap=kafka.bootstrap, broker=kafka.process.pid, folder=folder, sample=sample
    )


class _Benchmark:
    def __init__(
        self, setup: BenchmarkSetup, sample: sample_alerts.Sample, options: argparse.Namespace
    ) -> None:
        self._setup, self._sample = setup, sample
        self._alerts, self._seconds = options.alerts, options.seconds

    def report(self) -> dict[str, Any]:
        """Run all benchmarks, one after the other."""
        _announce(f"{cores()} cores, {self._sample.origin}")
        stages = self._stages()
        create_topics(self._setup.bootstrap, {"waiting": 4})
        produce(self._setup.bootstrap, "waiting", self._sample.messages(self._alerts))
        return {
            "sample": self._sample.origin,
            **stages,
            "end_to_end": [self._throughput(settings) for settings in _compared_settings()],
            "workers": [self._throughput({}, count) for count in WORKERS if count <= cores()],
            "page": [
                self._throughput({"WEB_PAGE": "false"}),
                self._throughput({}, viewers=VIEWERS),
            ],
            "workers_left_out": [count for count in WORKERS if count > cores()],
            "latency": [self._latency(rate) for rate in (*SETTINGS_BY_RATE, None)],
        }

    def _stages(self) -> dict[str, Any]:
        _announce("single stages")
        classifier = _classifier(Survey.ZTF, self._sample.model, Precision.FLOAT32)
        values = [one.value for one in self._sample.messages(1024)]
        alerts = stage_rates.prepare_alerts(values, classifier)
        by_precision = {Precision.FLOAT32.value: _network_rates(alerts, classifier)}
        rates = {
            "decode": asdict(stage_rates.decoding_rate(values, classifier)),
            "judge": by_precision,
            "publish_cpu_ms": publishing.publishing_cpu_ms(
                self._setup.bootstrap, _results(classifier, alerts)
            ),
        }
        if _has_bfloat16():
            bfloat16 = _classifier(Survey.ZTF, self._sample.model, Precision.BFLOAT16)
            by_precision[Precision.BFLOAT16.value] = _network_rates(alerts, bfloat16)
        return rates

    def _throughput(
        self, settings: dict[str, str], workers: int = 1, viewers: int = 0
    ) -> dict[str, Any]:
        _announce(f"end to end, {workers} workers, {viewers} viewers {settings or ''}")
        return asdict(
            throughput.measure_throughput(
                self._setup, "waiting", self._alerts, settings, workers=workers, viewers=viewers
            )
        )

    def _latency(self, rate: float | None) -> dict[str, Any]:
        _announce(f"latency at {rate:g}/s" if rate else f"a burst of {self._alerts}")
        alerts = int(rate * self._seconds) if rate else self._alerts
        settings = SETTINGS_BY_RATE.get(rate or 0.0, {})
        return asdict(latencies.measure_latency(self._setup, rate, alerts, settings))


def _classifier(survey: Survey, model: Path, precision: Precision) -> Classifier:
    # As in the worker, concurrent batches share the cores.
    compute = ComputeSettings(
        device=Device.CPU, precision=precision, threads=max(1, cores() // CLASSIFY_THREADS)
    )
    chosen = ModelSettings(survey=survey, path=model, name=None, version=None, compute=compute)
    classifier = classifiers.load(chosen)
    classifier.warm_up()
    return classifier


def _compared_settings() -> list[dict[str, str]]:
    sizes = [{"CONSUME_MESSAGES": str(size)} for size in WORKER_BATCHES]
    bfloat16 = [{"MODEL_PRECISION": Precision.BFLOAT16.value}] if _has_bfloat16() else []
    return [*sizes, {"CLASSIFY_THREADS": "1"}, *bfloat16]


def _has_bfloat16() -> bool:
    return bool(processor_flags() & BFLOAT16_FLAGS)


def _network_rates(alerts: Sequence[PreparedAlert], classifier: Classifier) -> dict[int, Any]:
    rates = stage_rates.classification_rates(alerts, classifier, NETWORK_BATCHES, CLASSIFY_THREADS)
    return {size: asdict(rate) for size, rate in rates.items()}


def _results(classifier: Classifier, alerts: Sequence[PreparedAlert]) -> list[Classification]:
    return [one for one in classifier.classify(alerts[:256]) if isinstance(one, Classification)]


def _announce(what: str) -> None:
    print(f"… {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
