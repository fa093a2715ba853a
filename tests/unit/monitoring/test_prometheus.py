from __future__ import annotations

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from stampapp.alerts.surveys import Survey
from stampapp.errors import BadAlert
from stampapp.monitoring import prometheus
from stampapp.monitoring.prometheus import WorkerMetrics
from stampapp.monitoring.worker_state import ClusterHealth, WorkerState
from stampapp.results.outcome import Outcome, OutcomeKind
from stampapp.times import unix_to_mjd
from tests.support.alerts import alert, message
from tests.support.fake_classifier import FakeClassifier, classification

NOW = 1_700_000_000.0
ONE = alert(mjd=unix_to_mjd(NOW - 600.0))
CLASSIFIED = Outcome(kind=OutcomeKind.CLASSIFIED, alert=ONE, classification=classification(ONE))
RULED_OUT = Outcome(kind=OutcomeKind.RULED_OUT, alert=ONE, classification=classification(ONE, None))
SUPERSEDED = Outcome(kind=OutcomeKind.SUPERSEDED, alert=ONE)
OVER = Outcome(kind=OutcomeKind.SUPERSEDED, alert=ONE, over_max_detections=True)
DEAD = Outcome(kind=OutcomeKind.DEAD_LETTERED, error=BadAlert("schema", "no alert"))
STATE = WorkerState(
    lags={("alerts", 0): 7, ("alerts", 1): 0},
    undecided={("alerts", 0): 3, ("alerts", 1): 0},
    clusters=[
        ClusterHealth(roles="producer+scribe", retries=3, failing=True),
        ClusterHealth(roles="metrics", retries=0, failing=False),
    ],
    missing_topics=2,
    unfinished=5,
    rebalances=2,
    interrupted=4,
    metrics_lost=1,
    schema_retries=2,
    awaits_schema=False,
    expired={("alerts", 0): 0, ("alerts", 1): 7},
    log_resets={("alerts", 0): 1},
    ready=True,
    failed=False,
)


MODEL = {"name": "fake", "version": "1.2.3", "engine": "native", "instruction_set": "avx2"}


@pytest.fixture
def metrics() -> WorkerMetrics:
    return WorkerMetrics(
        Survey.ZTF,
        model=MODEL,
        classes=FakeClassifier.classes,
    )


def values(
    metrics: WorkerMetrics, state: WorkerState = STATE
) -> dict[tuple[str, frozenset[str]], float]:
    """Return what is exported, by name and the values of the labels."""
    families = text_string_to_metric_families(metrics.exposition(state).decode())
    return {
        (one.name, frozenset(one.labels.values())): one.value
        for family in families
        for one in family.samples
    }


def key(name: str, *labels: str) -> tuple[str, frozenset[str]]:
    return f"stampapp_{name}", frozenset(labels)


def test_a_batch_is_counted_by_outcome_and_cause(metrics: WorkerMetrics) -> None:
    metrics.observe_batch([], [CLASSIFIED, RULED_OUT, DEAD, DEAD], {"judge": 0.25}, NOW)
    found = values(metrics)
    assert found[key("alerts_total", "ZTF", "classified", "")] == 1
    assert found[key("alerts_total", "ZTF", "ruled_out", "")] == 1
    assert found[key("alerts_total", "ZTF", "dead_lettered", "schema")] == 2
    assert found[key("alerts_total", "ZTF", "superseded", "")] == 0
    assert found[key("batch_alerts_sum", "ZTF")] == 4
    assert found[key("stage_duration_seconds_sum", "ZTF", "judge")] == 0.25


def test_what_max_detections_supersedes_is_counted_with_that_cause(metrics: WorkerMetrics) -> None:
    over = key("alerts_total", "ZTF", "superseded", "max-detections")
    assert over not in values(metrics)
    limited = WorkerMetrics(
        Survey.ZTF, model=MODEL, classes=FakeClassifier.classes, max_detections=1
    )
    assert values(limited)[over] == 0
    limited.observe_batch([], [SUPERSEDED, OVER, OVER], {}, NOW)
    found = values(limited)
    assert (found[over], found[key("alerts_total", "ZTF", "superseded", "")]) == (2, 1)


def test_latency_is_counted_from_kafka_and_from_the_exposure(metrics: WorkerMetrics) -> None:
    sent = message(0, timestamp=round((NOW - 3) * 1000))
    metrics.observe_batch([sent, message(1, timestamp=None)], [CLASSIFIED, DEAD], {}, NOW)
    found = values(metrics)
    assert found[key("kafka_latency_seconds_count", "ZTF")] == 1
    assert found[key("kafka_latency_seconds_sum", "ZTF")] == pytest.approx(3)
    assert found[key("exposure_latency_seconds_sum", "ZTF")] == pytest.approx(600, abs=1e-3)
    assert found[key("exposure_latency_seconds_bucket", "ZTF", "300.0")] == 0
    assert found[key("exposure_latency_seconds_bucket", "ZTF", "900.0")] == 1


def test_a_negative_latency_counts_as_zero(metrics: WorkerMetrics) -> None:
    metrics.observe_batch(
        [message(0, timestamp=round((NOW + 9) * 1000))], [CLASSIFIED], {}, NOW - 3600
    )
    found = values(metrics)
    assert found[key("kafka_latency_seconds_sum", "ZTF")] == 0
    assert found[key("exposure_latency_seconds_sum", "ZTF")] == 0


def test_the_probabilities_are_those_of_the_network(metrics: WorkerMetrics) -> None:
    certain = classification(ONE)
    by_rule = Outcome(
        kind=OutcomeKind.CLASSIFIED,
        classification=type(certain)(
            **{f: getattr(certain, f) for f in certain.__slots__}
            | {"rule": "near a known asteroid", "probabilities": {"SN": 1.0, "bogus": 0.0}}
        ),
    )
    metrics.observe_batch([], [CLASSIFIED, RULED_OUT, by_rule], {}, NOW)
    found = values(metrics)
    assert found[key("class_probability_count", "ZTF", "SN")] == 2
    assert found[key("class_probability_sum", "ZTF", "SN")] == 1.5
    assert found[key("classified_total", "ZTF", "SN", "network")] == 1
    assert found[key("classified_total", "ZTF", "SN", "rule")] == 1


def test_the_current_state_is_exported(metrics: WorkerMetrics) -> None:
    found = values(metrics)
    assert found[key("lag_messages", "alerts", "0")] == 7
    assert found[key("expired_messages_total", "alerts", "0")] == 0
    assert found[key("expired_messages_total", "alerts", "1")] == 7
    assert found[key("log_resets_total", "alerts", "0")] == 1
    assert found[key("undecided_messages", "alerts", "0")] == 3
    assert found[key("delivery_retries_total", "producer+scribe")] == 3
    assert found[key("delivery_failing", "producer+scribe")] == 1
    assert found[key("delivery_failing", "metrics")] == 0
    numbers = {
        "ready": 1,
        "failed": 0,
        "missing_topics": 2,
        "unfinished_messages": 5,
        "rebalances_total": 2,
        "messages_given_back_total": 4,
        "metrics_documents_lost_total": 1,
    }
    assert {name: found[key(name)] for name in numbers} == numbers


def test_the_model_is_exported_with_its_engine(metrics: WorkerMetrics) -> None:
    assert values(metrics)[key("model_info", "ZTF", *MODEL.values())] == 1


def test_registries_are_independent_of_each_other_and_of_the_global_one(
    metrics: WorkerMetrics,
) -> None:
    before = {one.name for one in REGISTRY.collect()}
    other = prometheus.WorkerMetrics(
        Survey.ATLAS,
        model=MODEL,
        classes=FakeClassifier.classes,
    )
    metrics.observe_batch([], [CLASSIFIED], {}, NOW)
    assert values(other)[key("alerts_total", "ATLAS", "classified", "")] == 0
    assert {one.name for one in REGISTRY.collect()} == before
    assert not any(name.startswith("stampapp") for name in before)
