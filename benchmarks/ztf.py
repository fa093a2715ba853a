"""The benchmark of ZTF: every engine and both shapes of the network, alone and in workers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks import (
    latencies,
    network_speed,
    publishing,
    shadow_model,
    stage_rates,
    survey,
    worker_cases,
)
from benchmarks.announcement import announce
from benchmarks.engines import EngineChoice
from benchmarks.survey import Classifiers
from benchmarks.worker_cases import DEFAULT, LARGE, SMALL, Case
from benchmarks.worker_run import BenchmarkSetup
from stampapp.config.cpu_count import cores
from stampapp.results.outcome import Classification

# Alerts per second → the recommended settings for them.
SETTINGS_BY_RATE: dict[float, dict[str, str]] = {
    40.0: {"CONSUME_TIMEOUT": "0.2"},
    250.0: {"CONSUME_TIMEOUT": "0.2"},
}


@dataclass(frozen=True, kw_only=True)
class ZtfBenchmark:
    """What is measured: all engines, and the models by name, the one to measure at length first.

    `alerts` is the size of a burst and of each throughput, `seconds` the time of a steady rate.
    """

    setup: BenchmarkSetup
    models: Mapping[str, Path]
    engines: Sequence[EngineChoice]
    alerts: int
    seconds: float

    def report(self) -> dict[str, Any]:
        """Run all benchmarks, one after the other."""
        sample = self.setup.sample
        announce(sample.origin)
        networks = [
            asdict(network_speed.measure_network(name, path)) for name, path in self.models.items()
        ]
        classifiers = survey.load_classifiers(sample, self.models, self.engines)
        stages = survey.measure_stages(sample, classifiers, (SMALL, DEFAULT, LARGE))
        publish = self._publishing(classifiers)
        topic = survey.fill_topic(self.setup, self.alerts)
        return {
            "sample": sample.origin,
            "networks": networks,
            **stages,
            "publish_cpu_ms": publish,
            "end_to_end": [
                survey.measure_case(self.setup, topic, self.alerts, case) for case in self.cases()
            ],
            "shadow": [
                asdict(one)
                for one in shadow_model.measure_shadow(self.setup, topic, self.alerts, self.seconds)
            ],
            "latency": [self._latency(rate) for rate in (*SETTINGS_BY_RATE, None)],
        }

    def cases(self) -> Iterator[Case]:
        """Yield all workers to measure: large batches with the first model only."""
        first = dict(islice(self.models.items(), 1))
        yield from worker_cases.engine_cases(self.models, self.engines, (SMALL, DEFAULT))
        yield from worker_cases.engine_cases(first, self.engines, (LARGE,))
        network = worker_cases.network_name(next(iter(first)), self.engines[0])
        yield from worker_cases.other_cases(network, cores())

    def _publishing(self, classifiers: Classifiers) -> float:
        announce("publishing")
        classifier = next(iter(classifiers.values()))
        values = [one.value for one in self.setup.sample.messages(DEFAULT)]
        found = classifier.classify(stage_rates.prepare_alerts(values, classifier))
        results = [one for one in found if isinstance(one, Classification)]
        return publishing.publishing_cpu_ms(self.setup.bootstrap, results)

    def _latency(self, rate: float | None) -> dict[str, Any]:
        announce(f"latency at {rate:g}/s" if rate else f"a burst of {self.alerts}")
        alerts = int(rate * self.seconds) if rate else self.alerts
        settings = SETTINGS_BY_RATE.get(rate or 0.0, {})
        return asdict(latencies.measure_latency(self.setup, rate, alerts, settings))
