"""What a worker is at the moment, and how Prometheus is told of it. Looked up, not counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from stampapp.results.outcome import Outcome, OutcomeKind

if TYPE_CHECKING:
    # Not at run time: numpy and what reads alerts would slow down every command.
    pass
    from stampapp.kafka.message import Partition

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from stampapp.kafka.message import Partition


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterHealth:
    """How delivering to a cluster goes; `roles` are what it is to the worker, joined by "+"."""

    roles: str
    retries: int
    failing: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerState:
    """A worker at one moment; its counts are those since the start.

    `lags` are the offsets between what is confirmed and the end, by partition; `unfinished` are
    messages taken and not confirmed; `interrupted` those that rebalances have interrupted.
    """

    lags: Mapping[Partition, int]
    clusters: Sequence[ClusterHealth]
    unfinished: int
    rebalances: int
    interrupted: int
    metrics_lost: int
    ready: bool
    failed: bool


class StateCollector(Collector):
    """Tells the state that it was last given."""

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
            ("ready", "1 while partitions are assigned and the sinks deliver.", state.ready),
            ("failed", "1 once something has failed for good: the worker ends.", state.failed),
            ("unfinished_messages", "Messages taken and not yet confirmed.", state.unfinished),
        ):
            yield GaugeMetricFamily(f"stampapp_{name}", text, float(value))
        for name, text, count in (
            ("rebalances", "Times that partitions were taken away.", state.rebalances),
            (
                "messages_given_back",
                "Messages that a rebalance has interrupted; they are consumed again.",
                state.interrupted,
            ),
            (
                "metrics_documents_lost",
                "Documents that the metrics topic has not taken (best effort).",
                state.metrics_lost,
            ),
        ):
            yield CounterMetricFamily(f"stampapp_{name}", text, float(count))


def _partitions(state: WorkerState) -> Iterator[Metric]:
    lag = GaugeMetricFamily(
        "stampapp_lag_messages",
        "Offsets between what is confirmed and the end of a partition of this worker.",
        labels=("topic", "partition"),
    )
    for (topic, partition), count in state.lags.items():
        lag.add_metric((topic, str(partition)), count)
    yield lag


def _clusters(state: WorkerState) -> Iterator[Metric]:
    retries = CounterMetricFamily(
        "stampapp_delivery_retries",
        "Deliveries to a cluster that were not confirmed and made again.",
        labels=("cluster",),
    )
    failing = GaugeMetricFamily(
        "stampapp_delivery_failing",
        "1 while a cluster does not confirm what it is sent.",
        labels=("cluster",),
    )
    for cluster in state.clusters:
        retries.add_metric((cluster.roles,), cluster.retries)
        failing.add_metric((cluster.roles,), float(cluster.failing))
    yield retries
    yield failing


class WorkerCounts:
    """The outcomes since the start; their sum is the number of messages acknowledged."""

    def __init__(self) -> None:
        self.by_kind = dict.fromkeys(OutcomeKind, 0)
        self.metrics_lost = 0
        self.rebalances = 0
        self.interrupted = 0

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Count a batch."""
        for outcome in outcomes:
            self.by_kind[outcome.kind] += 1

    @property
    def total(self) -> int:
        """How many messages there were in all."""
        return sum(self.by_kind.values())
