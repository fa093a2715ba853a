"""Measure a survey: decoding, classification on each engine, and workers on a broker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import latencies, stage_rates, throughput, worker_cases
from benchmarks.announcement import announce
from benchmarks.engines import CLASSIFY_THREADS, EngineChoice, load_classifier
from benchmarks.worker_cases import DEFAULT, SMALL, Case
from benchmarks.worker_run import BenchmarkSetup, Sample
from stampapp.classifiers.base import Classifier
from tests.support.topics import create_topics, produce

DECODED = 512
SECONDS_EACH = 6.0
Classifiers = Mapping[str, Classifier]


def measure_survey(
    setup: BenchmarkSetup, engines: Sequence[EngineChoice], alerts: int
) -> dict[str, Any]:
    """Return the rates of a survey with its model on the default engine, and how a burst fares."""
    sample, sizes = setup.sample, (SMALL, DEFAULT)
    announce(sample.origin)
    models, chosen = {f"model/{sample.model.name}": sample.model}, engines[:1]
    cases = worker_cases.engine_cases(models, chosen, sizes)
    topic = fill_topic(setup, alerts)
    return {
        "sample": sample.origin,
        **measure_stages(sample, load_classifiers(sample, models, chosen), sizes),
        "end_to_end": [measure_case(setup, topic, alerts, one) for one in cases],
        "latency": [asdict(latencies.measure_latency(setup, None, alerts, {}))],
    }


def load_classifiers(
    sample: Sample, models: Mapping[str, Path], engines: Sequence[EngineChoice]
) -> Classifiers:
    """Return a classifier for each model and engine, by the name of its row."""
    return {
        worker_cases.network_name(name, engine): load_classifier(sample.survey, path, engine)
        for name, path in models.items()
        for engine in engines
    }


def measure_stages(
    sample: Sample, classifiers: Classifiers, sizes: Sequence[int]
) -> dict[str, Any]:
    """Return the rates of decoding, of the largest message too, and of classification."""
    announce(f"{sample.survey}: decoding and classification")
    values = [one.value or b"" for one in sample.messages(DECODED)]
    largest, (first, *_) = max(values, key=len), classifiers.values()
    decode = stage_rates.decoding_rate(values, first, SECONDS_EACH, sample.schemas)
    alone = stage_rates.decoding_rate([largest] * DECODED, first, SECONDS_EACH, sample.schemas)
    return {
        "decode": asdict(decode),
        "decode_largest": asdict(alone),
        "largest_kb": len(largest) / 1000,
        "classify": _classification(sample, values, classifiers, sizes),
    }


def _classification(
    sample: Sample, values: Sequence[bytes], classifiers: Classifiers, sizes: Sequence[int]
) -> dict[str, dict[int, Any]]:
    """Return the rate of each classifier by batch size, measured in turns."""
    (first, *_), found = classifiers.values(), dict[str, dict[int, Any]]()
    alerts = stage_rates.prepare_alerts(values, first, sample.schemas)
    for size in sizes:
        rates = stage_rates.classification_rates(
            alerts, classifiers, size, CLASSIFY_THREADS, SECONDS_EACH
        )
        for name, rate in rates.items():
            found.setdefault(name, {})[size] = asdict(rate)
    return found


def fill_topic(setup: BenchmarkSetup, alerts: int) -> str:
    """Publish alerts to a new topic and return its name."""
    topic = f"waiting-{setup.sample.survey.lower()}"
    create_topics(setup.bootstrap, {topic: 4})
    produce(setup.bootstrap, topic, setup.sample.messages(alerts))
    return topic


def measure_case(setup: BenchmarkSetup, topic: str, alerts: int, case: Case) -> dict[str, Any]:
    """Return the throughput of workers, with the name of the case and of its network."""
    announce(f"{setup.sample.survey}, Kafka to confirmed: {case.name}")
    found = throughput.measure_throughput(
        setup, topic, alerts, dict(case.settings), workers=case.workers, viewers=case.viewers
    )
    return {"name": case.name, "network": case.network, **asdict(found)}
