"""The state of a worker when Prometheus scrapes it, and its counters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from stampapp.kafka.log_changes import ExpiredRange, LogChange
from stampapp.kafka.message import Partition
from stampapp.results.outcome import Outcome, OutcomeKind


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterHealth:
    """Deliveries to a cluster; `roles` are its roles for the worker, joined by "+"."""

    roles: str
    retries: int
    failing: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerState:
    """A worker at one moment; counts are since its start.

    `lags` are the offsets from the last confirmed message to the last that can be read, by
    partition, and `undecided` those after it, which wait for the end of a transaction; `unfinished`
    are messages taken but not confirmed; `interrupted` are messages that rebalances interrupted.
    `expired` are offsets that were removed before they were consumed, `log_resets` how often the
    log ended before the group's position, both by partition. `missing_topics` are the input topics
    that do not exist. `awaits_schema` is whether the registry is asked again for a schema.
    """

    lags: Mapping[Partition, int]
    undecided: Mapping[Partition, int]
    clusters: Sequence[ClusterHealth]
    missing_topics: int
    unfinished: int
    rebalances: int
    interrupted: int
    metrics_lost: int
    schema_retries: int
    awaits_schema: bool
    expired: Mapping[Partition, int]
    log_resets: Mapping[Partition, int]
    ready: bool
    failed: bool


class StateCollector(Collector):
    """Exports the `state` that was last set."""

    def __init__(self) -> None:
        self.state: WorkerState | None = None

    def collect(self) -> Iterator[Metric]:
        """Yield each metric with its help text."""
        state = self.state
        if state is None:
            return
        yield from _partitions(state)
        yield from _clusters(state)
        for name, text, value in (
            ("ready", "1 while partitions are assigned and deliveries succeed.", state.ready),
            ("failed", "1 once an error has occurred that stops the worker.", state.failed),
            (
                "missing_topics",
                "Input topics that do not exist, and patterns that match none.",
                state.missing_topics,
            ),
            (
                "schema_failing",
                "1 while the schema registry does not give a schema that messages name.",
                state.awaits_schema,
            ),
            ("unfinished_messages", "Messages taken but not yet confirmed.", state.unfinished),
        ):
            yield GaugeMetricFamily(f"stampapp_{name}", text, float(value))
        for name, text, count in (
            ("rebalances", "Times that partitions were revoked.", state.rebalances),
            (
                "messages_given_back",
                "Messages that a rebalance interrupted; they are consumed again.",
                state.interrupted,
            ),
            (
                "schema_retries",
                "Requests to the schema registry that were repeated because they failed.",
                state.schema_retries,
            ),
            (
                "metrics_documents_lost",
                "Documents that could not be published to the metrics topic (best effort).",
                state.metrics_lost,
            ),
        ):
            yield CounterMetricFamily(f"stampapp_{name}", text, float(count))


def _partitions(state: WorkerState) -> Iterator[Metric]:
    for family, text, name, counts in (
        (
            GaugeMetricFamily,
            "Offsets that can be read, after the last confirmed message of an assigned partition.",
            "lag_messages",
            state.lags,
        ),
        (
            GaugeMetricFamily,
            "Offsets that cannot be read before an open transaction has ended.",
            "undecided_messages",
            state.undecided,
        ),
        (
            CounterMetricFamily,
            "Offsets that were removed from the topic before they were consumed.",
            "expired_messages",
            state.expired,
        ),
        (
            CounterMetricFamily,
            "Times that the log ended before the group's offset and was consumed again.",
            "log_resets",
            state.log_resets,
        ),
    ):
        metric = family(f"stampapp_{name}", text, labels=("topic", "partition"))
        for (topic, partition), count in counts.items():
            metric.add_metric((topic, str(partition)), count)
        yield metric


def _clusters(state: WorkerState) -> Iterator[Metric]:
    retries = CounterMetricFamily(
        "stampapp_delivery_retries",
        "Deliveries to a cluster that were repeated because they were not confirmed.",
        labels=("cluster",),
    )
    failing = GaugeMetricFamily(
        "stampapp_delivery_failing",
        "1 while a cluster does not confirm deliveries.",
        labels=("cluster",),
    )
    for cluster in state.clusters:
        retries.add_metric((cluster.roles,), cluster.retries)
        failing.add_metric((cluster.roles,), float(cluster.failing))
    yield retries
    yield failing


class WorkerCounts:
    """Counters since the start of the worker."""

    def __init__(self) -> None:
        self.by_kind = dict.fromkeys(OutcomeKind, 0)
        self.over_max_detections = 0
        self.metrics_lost = 0
        self.rebalances = 0
        self.interrupted = 0
        self.expired: Counter[Partition] = Counter()
        self.log_resets: Counter[Partition] = Counter()

    def add_log_change(self, partition: Partition, change: LogChange) -> None:
        """Count that the log of a partition no longer has the group's position."""
        if isinstance(change, ExpiredRange):
            self.expired[partition] += change.count
        else:
            self.log_resets[partition] += 1

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Count the outcomes of a confirmed batch."""
        for outcome in outcomes:
            self.by_kind[outcome.kind] += 1
            self.over_max_detections += outcome.over_max_detections

    @property
    def total(self) -> int:
        """The number of messages with an outcome."""
        return sum(self.by_kind.values())
