"""`make bench`: a table for people, and bench.json."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import latencies, publishing, report_table, sample_alerts, stage_rates, throughput
from benchmarks.worker_run import Venue
from stampapp import classifiers
from stampapp.alerts.surveys import Survey
from stampapp.classifiers.base import Classifier, PreparedAlert
from stampapp.classifiers.network.hardware import BFLOAT16_FLAGS, processor_flags
from stampapp.config.compute import Device, Engine, Precision
from stampapp.config.cpu_count import cores
from stampapp.config.settings import ModelSettings
from stampapp.results.outcome import Classification
from tests.support.apache_kafka import ApacheKafka
from tests.support.topics import create_topics, produce

JUDGED = (32, 64, 128, 256, 512)
STREAMED = (32, 256, 512)
# As in a worker that is told nothing.
JUDGES = min(cores(), 4)
WORKERS = (1, 2, 4)
VIEWERS = 3
# Alerts per second → the settings that the README recommends for them.
PACES: dict[float, dict[str, str]] = {
    40.0: {"CONSUME_TIMEOUT": "0.2"},
    250.0: {"CONSUME_TIMEOUT": "0.5"},
}


def main() -> int:
    """Measure and report."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder, ApacheKafka() as kafka:
        report = _Bench(_venue(Path(folder), kafka), options).report()
    print("\n".join(report_table.lines(report)))
    options.json.write_text(json.dumps(report, indent=1) + "\n")
    print(f"\nalso in {options.json}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--alerts", type=int, default=10000, help="in a burst, and per stream")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each steady pace")
    parser.add_argument("--json", type=Path, default=Path("bench.json"))
    return parser.parse_args()


def _venue(folder: Path, kafka: ApacheKafka) -> Venue:
    if kafka.process is None:
        raise RuntimeError("the broker is not running")
    return Venue(
        bootstrap=kafka.bootstrap,
        broker=kafka.process.pid,
        folder=folder,
        sample=sample_alerts.take(folder),
    )


class _Bench:
    def __init__(self, venue: Venue, options: argparse.Namespace) -> None:
        self._venue, self._sample = venue, venue.sample
        self._alerts, self._seconds = options.alerts, options.seconds

    def report(self) -> dict[str, Any]:
        """Measure everything, one after the other."""
        _say(f"{cores()} cores, {self._sample.origin}")
        stages = self._stages()
        create_topics(self._venue.bootstrap, {"waiting": 4})
        produce(self._venue.bootstrap, "waiting", self._sample.messages(self._alerts))
        return {
            "cores": cores(),
            "sample": self._sample.origin,
            **stages,
            "end_to_end": [self._streamed(settings) for settings in _variants()],
            "workers": [self._streamed({}, count) for count in WORKERS if count <= cores()],
            "page": [
                self._streamed({"WEB_PAGE": "false"}),
                self._streamed({}, viewers=VIEWERS),
            ],
            "workers_left_out": [count for count in WORKERS if count > cores()],
            "latency": [self._latency(rate) for rate in (*PACES, None)],
        }

    def _stages(self) -> dict[str, Any]:
        _say("the stages by themselves")
        classifier = self._classifier(Precision.FLOAT32)
        values = [one.value for one in self._sample.messages(1024)]
        alerts = stage_rates.examined(values, classifier)
        judged = {Precision.FLOAT32.value: _judged(alerts, classifier)}
        found = {
            "decode": asdict(stage_rates.decoding(values, classifier)),
            "judge": judged,
            "publish_cpu_ms": publishing.publishing(
                self._venue.bootstrap, _results(classifier, alerts)
            ),
        }
        if _coarse():
            coarse = self._classifier(Precision.BFLOAT16)
            judged[Precision.BFLOAT16.value] = _judged(alerts, coarse)
        return found

    def _classifier(self, precision: Precision) -> Classifier:
        # As the worker does it: the processors are divided among the batches.
        engine = Engine(device=Device.CPU, precision=precision, threads=max(1, cores() // JUDGES))
        chosen = ModelSettings(
            survey=Survey.ZTF, path=self._sample.model, name=None, version=None, engine=engine
        )
        classifier = classifiers.load(chosen)
        classifier.warm_up()
        return classifier

    def _streamed(
        self, settings: dict[str, str], workers: int = 1, viewers: int = 0
    ) -> dict[str, Any]:
        _say(f"end to end, {workers} workers, {viewers} viewers {settings or ''}")
        return asdict(
            throughput.throughput(
                self._venue, "waiting", self._alerts, settings, workers=workers, viewers=viewers
            )
        )

    def _latency(self, rate: float | None) -> dict[str, Any]:
        _say(f"latency at {rate:g}/s" if rate else f"a burst of {self._alerts}")
        alerts = int(rate * self._seconds) if rate else self._alerts
        settings = PACES.get(rate or 0.0, {})
        return asdict(latencies.measure(self._venue, rate, alerts, settings))


def _variants() -> list[dict[str, str]]:
    sizes = [{"CONSUME_MESSAGES": str(size)} for size in STREAMED]
    coarse = [{"MODEL_PRECISION": Precision.BFLOAT16.value}] if _coarse() else []
    return [*sizes, {"CLASSIFY_THREADS": "1"}, *coarse]


def _coarse() -> bool:
    return bool(processor_flags() & BFLOAT16_FLAGS)


def _judged(alerts: Sequence[PreparedAlert], classifier: Classifier) -> dict[int, Any]:
    found = stage_rates.judging(alerts, classifier, JUDGED, JUDGES)
    return {size: asdict(rate) for size, rate in found.items()}


def _results(classifier: Classifier, alerts: Sequence[PreparedAlert]) -> list[Classification]:
    return [one for one in classifier.classify(alerts[:256]) if isinstance(one, Classification)]


def _say(what: str) -> None:
    print(f"… {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
