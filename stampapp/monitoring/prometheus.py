"""Prometheus metrics of a worker, counted per confirmed batch."""

from __future__ import annotations

import platform
from collections import Counter as Tally
from collections.abc import Iterable, Mapping, Sequence

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    Info,
    ProcessCollector,
    Summary,
    generate_latest,
)

from stampapp.alerts.surveys import Survey
from stampapp.kafka.message import Message
from stampapp.monitoring.worker_state import StateCollector, WorkerState
from stampapp.results.outcome import (
    OVER_MAX_DETECTIONS,
    Classification,
    Outcome,
    OutcomeKind,
)
from stampapp.times import mjd_to_unix
from stampapp.version import __version__

_SIZES = (1, 4, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
_STAGE_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_KAFKA_SECONDS = (0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 900, 3600)
# A survey takes minutes from the exposure to the alert.
_SKY_SECONDS = (10, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 21600, 86400)


# Counted when a batch is confirmed, so that retries and rebalances count nothing twice. Faust's own
# sensor measures its events and its producer, which is not in use here.
class WorkerMetrics:
    """The metrics of a worker of one survey; `model` has its name and what else describes it.

    `max_detections` is the setting MAX_DETECTIONS.
    """

    content_type = CONTENT_TYPE_LATEST

    def __init__(
        self,
        survey: Survey,
        *,
        model: Mapping[str, str],
        classes: Sequence[str],
        max_detections: int | None = None,
    ) -> None:
        self._survey = survey.value
        # Not the global registry, which has the metrics of other packages.
        self.registry = CollectorRegistry()
        self._declare_batches()
        if max_detections is not None:
            # At 0, as the other outcomes.
            self._alerts.labels(self._survey, OutcomeKind.SUPERSEDED.value, OVER_MAX_DETECTIONS)
        self._declare_classes(classes)
        self._declare_latencies()
        self._states = StateCollector()
        self.registry.register(self._states)
        ProcessCollector(registry=self.registry)
        build = {"version": __version__, "python_version": platform.python_version()}
        Info("stampapp_build", "Version of stampapp and of Python.", registry=self.registry).info(
            build
        )
        text = "The model in use, and the engine that it runs on."
        labels = {"survey": self._survey, **model}
        Info("stampapp_model", text, registry=self.registry).info(labels)

    def _declare_batches(self) -> None:
        self._alerts = Counter(
            "stampapp_alerts",
            "Consumed messages by outcome; dead letters and those over MAX_DETECTIONS by cause.",
            ("survey", "outcome", "cause"),
            registry=self.registry,
        )
        for kind in OutcomeKind:
            # Start at 0, so that the first message counts as an increase.
            if kind is not OutcomeKind.DEAD_LETTERED:
                self._alerts.labels(self._survey, kind.value, "")
        self._sizes = Histogram(
            "stampapp_batch_alerts",
            "Messages per batch.",
            ("survey",),
            buckets=_SIZES,
            registry=self.registry,
        ).labels(self._survey)
        self._stages = Histogram(
            "stampapp_stage_duration_seconds",
            "Seconds of a batch in a stage: collect, decode, judge (classification), publish.",
            ("survey", "stage"),
            buckets=_STAGE_SECONDS,
            registry=self.registry,
        )

    def _declare_classes(self, names: Iterable[str]) -> None:
        self._classes = Counter(
            "stampapp_classified",
            "Published classifications by class, and by whether the network or a rule decided.",
            ("survey", "class_name", "decided_by"),
            registry=self.registry,
        )
        probability = Summary(
            "stampapp_class_probability",
            "Probability of a class as the network gives it, over all classified alerts.",
            ("survey", "class_name"),
            registry=self.registry,
        )
        # Looked up once: a lookup costs more than counting.
        self._probabilities = {name: probability.labels(self._survey, name) for name in names}

    def _declare_latencies(self) -> None:
        self._since_kafka = Histogram(
            "stampapp_kafka_latency_seconds",
            "Seconds from the Kafka timestamp of a message to the confirmation of its results.",
            ("survey",),
            buckets=_KAFKA_SECONDS,
            registry=self.registry,
        ).labels(self._survey)
        self._since_exposure = Histogram(
            "stampapp_exposure_latency_seconds",
            "Seconds from the exposure (mjd) to the confirmed classification.",
            ("survey",),
            buckets=_SKY_SECONDS,
            registry=self.registry,
        ).labels(self._survey)

    def observe_batch(
        self,
        messages: Iterable[Message],
        outcomes: Sequence[Outcome],
        durations: Mapping[str, float],
        now: float,
    ) -> None:
        """Count a confirmed batch; `durations` in s by stage, `now` in s since 1970 (UTC)."""
        self._sizes.observe(len(outcomes))
        for stage, seconds in durations.items():
            self._stages.labels(self._survey, stage).observe(seconds)
        kinds = ((each.kind.value, each.cause) for each in outcomes)
        for (kind, cause), count in Tally(kinds).items():
            self._alerts.labels(self._survey, kind, cause).inc(count)
        for message in messages:
            if message.timestamp is not None:
                self._since_kafka.observe(max(0.0, now - message.timestamp / 1000))
        results = [each.classification for each in outcomes if each.classification]
        self._observe_classes(results)
        for result in results:
            if result.class_name:
                self._since_exposure.observe(max(0.0, now - mjd_to_unix(result.mjd)))

    def _observe_classes(self, results: Sequence[Classification]) -> None:
        names = ((each.class_name, "rule" if each.rule else "network") for each in results)
        for (name, decider), count in Tally(names).items():
            if name:
                self._classes.labels(self._survey, name, decider).inc(count)
        for result in results:
            # Where a rule decides, the probabilities are 0 and 1, not those of the network.
            if not (result.rule and result.class_name):
                for name, probability in result.probabilities.items():
                    self._probabilities[name].observe(probability)

    def exposition(self, state: WorkerState) -> bytes:
        """Return all metrics, those of the current state included, in Prometheus's text format."""
        self._states.state = state
        return generate_latest(self.registry)
