"""Own the model, the producers and the pipeline of a worker; open and close them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, TypeVar

from stampapp.config.settings import Settings
from stampapp.errors import ConfigError
from stampapp.kafka import client_parts
from stampapp.kafka.access_monitor import AccessMonitor
from stampapp.kafka.cluster import (
    PUBLISHING_ROLES,
    REQUIRED_ROLES,
    group_identical,
)
from stampapp.kafka.delivery import Delivery
from stampapp.kafka.log_changes import ExpiredRange, LogChange, describe_change
from stampapp.kafka.message import describe_partitions
from stampapp.kafka.rebalance_monitor import RebalanceMonitor
from stampapp.monitoring.worker_state import WorkerCounts
from stampapp.preflight import access_check
from stampapp.version import __version__
from stampapp.worker import startup
from stampapp.worker.consumer_errors import explain_failure
from stampapp.worker.shadow_setup import open_shadow

if TYPE_CHECKING:
    # Not at run time: importing numpy and the alert readers would slow down every command.
    from stampapp.avro.message_schemas import MessageSchemas
    from stampapp.classifiers.base import Classifier
    from stampapp.dashboard.recent_alerts import DashboardState
    from stampapp.kafka.message import Partition
    from stampapp.monitoring.prometheus import WorkerMetrics
    from stampapp.monitoring.worker_state import ClusterHealth, WorkerState
    from stampapp.worker.offset_tracker import FetchedRange
    from stampapp.worker.pipeline import Commit, Deliver, Pipeline, StopWorker
    from stampapp.worker.shadow import Shadow

log = logging.getLogger(__name__)
# Seconds that a stopping worker gives its batches; whatever is unfinished is consumed again.
CLOSE_TIMEOUT = 4.0
T = TypeVar("T")


class WorkerRuntime:
    """The parts of a worker besides Faust, and its counters.

    It is opened before the first message is consumed and closed after the last commit.
    """

    def __init__(self, settings: Settings | ConfigError) -> None:
        self.settings = settings if isinstance(settings, Settings) else None
        self.counts = WorkerCounts()
        self.failure: BaseException | None = None
        self.classifier: Classifier
        self.schemas: MessageSchemas
        self.metrics: WorkerMetrics
        # None if the web page is off.
        self.dashboard: DashboardState | None = None
        self.pipeline: Pipeline | None = None
        self.shadow: Shadow | None = None
        self.access_monitor: AccessMonitor
        self.rebalance_monitor: RebalanceMonitor
        self._problem = settings if isinstance(settings, ConfigError) else None
        self._deliveries: dict[str, Delivery] = {}
        self._ready_reported = False

    def record_failure(self, reason: BaseException) -> None:
        """Remember what stops the worker: the first failure, which causes those that follow."""
        if self.failure is None and not isinstance(reason, asyncio.CancelledError):
            self.failure = explain_failure(self.settings, reason) if self.settings else reason

    def required_settings(self) -> Settings:
        """Return the settings. Raises ConfigError if they are invalid."""
        if self.settings is None:
            raise self._problem or ConfigError("there are no settings")
        return self.settings

    async def open(self) -> None:
        """Check access, connect to every cluster and load the model. Raises ConfigError."""
        from stampapp.dashboard.recent_alerts import DashboardState
        from stampapp.monitoring.prometheus import WorkerMetrics

        settings = self.required_settings()
        log.info("stampapp %s starts: it checks its clusters, then loads the model", __version__)
        for unread in settings.unread_keys:
            log.warning("%s", unread)
        client_parts.require_codecs()
        if warning := client_parts.slow_client_warning():
            log.warning("%s", warning)
        await access_check.require_access(settings)
        self._open_monitors(settings)
        await self._connect(settings)
        self.schemas = await startup.open_schemas(settings)
        self.classifier = await startup.load_classifier(settings)
        if warning := settings.messages.class_id_warning(self.classifier.classes):
            log.warning("%s", warning)
        self.metrics = WorkerMetrics(
            settings.model.survey,
            model=startup.model_labels(self.classifier),
            classes=self.classifier.classes,
            max_detections=settings.model.max_detections,
        )
        self.shadow = await open_shadow(settings, self.classifier, self.metrics)
        if settings.web_page:
            self.dashboard = DashboardState(self.classifier.classes, time.time())

    def _open_monitors(self, settings: Settings) -> None:
        self.access_monitor = AccessMonitor(settings.consumer, settings.stall_timeout)
        # A member that is gone holds up a rebalance for a session, and then the next one may.
        limit = max(settings.stall_timeout, 3 * settings.session_timeout)
        self.rebalance_monitor = RebalanceMonitor(settings.consumer, settings.group_id, limit)

    @property
    def classify_threads(self) -> int:
        """The number of batches that are classified at the same time."""
        return self.required_settings().classify_threads if self.classifier.parallel else 1

    def report_assignment(self, partitions: Iterable[Partition], *, web_server: str) -> None:
        """Log which partitions are assigned; the first time, that the worker is ready, and how."""
        consumed = f"it consumes {describe_partitions(partitions)}"
        if self._ready_reported:
            log.info("Rebalanced: %s", consumed)
            return
        self._ready_reported = True
        log.info(
            "Worker ready: %s are classified by %s %s on %s in %s, %d batches at a time; the"
            " network runs on %s; %s; web server %s; it uses %s",
            self.required_settings().model.alerts,
            self.classifier.name,
            self.classifier.version,
            self.classifier.device,
            self.classifier.precision,
            self.classify_threads,
            self.classifier.engine,
            consumed,
            web_server,
            self.classifier.provenance,
        )

    def start_pipeline(
        self, *, deliver: Deliver, commit: Commit, stop_worker: StopWorker
    ) -> Pipeline:
        """Create, start and return the pipeline."""
        from stampapp.worker.in_flight import InFlightLimit
        from stampapp.worker.pipeline import Pipeline

        settings = self.required_settings()
        self.pipeline = Pipeline(
            self.classifier,
            schemas=self.schemas,
            size=settings.batch_messages,
            timeout=settings.batch_timeout,
            in_flight=InFlightLimit(
                messages=settings.in_flight_messages, size=settings.in_flight_mib * 2**20
            ),
            classify_threads=self.classify_threads,
            deliver=deliver,
            commit=commit,
            stop_worker=stop_worker,
            first_only=not settings.messages.output.every_alert,
            limit=settings.model.detection_limit,
            check=settings.messages.check_alert,
        )
        self.pipeline.start()
        return self.pipeline

    def add_fetched(self, ranges: Iterable[FetchedRange]) -> None:
        """Add what a fetch has found, before its messages come through Faust's stream."""
        if self.pipeline:
            self.pipeline.add_fetched(ranges)

    def worker_state(
        self,
        ends: Mapping[Partition, int],
        undecided: Mapping[Partition, int],
        missing_topics: Collection[str],
    ) -> WorkerState:
        """Return the current state.

        `ends` are the end offsets of the assigned partitions, `undecided` the numbers of offsets
        after these that wait for the end of a transaction, `missing_topics` the input topics that
        do not exist.
        """
        from stampapp.monitoring.worker_state import WorkerState

        tracker = self.pipeline.offset_tracker if self.pipeline else None
        registry = self.schemas.registry if self.pipeline else None
        return WorkerState(
            lags=tracker.lags(ends) if tracker else {},
            undecided=undecided,
            clusters=self._cluster_health(),
            missing_topics=len(missing_topics),
            unfinished=tracker.unfinished if tracker else 0,
            rebalances=self.counts.rebalances,
            interrupted=self.counts.interrupted,
            metrics_lost=self.counts.metrics_lost,
            schema_retries=registry.retries if registry else 0,
            awaits_schema=self.awaits_schema,
            expired=dict.fromkeys(ends, 0) | self.counts.expired,
            log_resets=dict.fromkeys(ends, 0) | self.counts.log_resets,
            ready=self.ready and bool(ends),
            failed=self.failure is not None,
        )

    def _cluster_health(self) -> list[ClusterHealth]:
        from stampapp.monitoring.worker_state import ClusterHealth

        roles: dict[Delivery, list[str]] = {}
        for role, delivery in self._deliveries.items():
            roles.setdefault(delivery, []).append(role)
        return [
            ClusterHealth(roles="+".join(names), retries=one.retries, failing=one.failing)
            for one, names in roles.items()
        ]

    def delivery(self, role: str) -> Delivery:
        """Return the delivery for a role: "producer", "scribe" or "metrics"."""
        return self._deliveries[role]

    @property
    def ready(self) -> bool:
        """Whether the model is loaded, and neither a delivery nor a schema is being retried."""
        waits = self.retrying or self.awaits_schema
        return self.pipeline is not None and self.failure is None and not waits

    @property
    def retrying(self) -> bool:
        """Whether a guaranteed delivery (output, scribe, dead letters) is being retried."""
        guaranteed = (self._deliveries.get(role) for role in REQUIRED_ROLES)
        return any(delivery is not None and delivery.failing for delivery in guaranteed)

    @property
    def awaits_schema(self) -> bool:
        """Whether the registry is asked again for a schema that it has not given."""
        registry = self.schemas.registry if self.pipeline else None
        return registry is not None and registry.failing

    async def release_partitions(self, time_limit: float) -> None:
        """Finish and commit what `time_limit` seconds allow, and drop the rest."""
        if self.pipeline:
            self.counts.rebalances += 1
            if not await self.pipeline.drain(time_limit):
                unfinished = self.pipeline.offset_tracker.unfinished
                self.counts.interrupted += unfinished
                log.warning(
                    "The rebalance interrupted %d unfinished messages; they are consumed again",
                    unfinished,
                )
            self.pipeline.forget_partitions()

    async def restart_partition(
        self, partition: Partition, start: int, last_consumed: int | None
    ) -> None:
        """Commit nothing of a partition that was consumed before it starts again at `start`."""
        if self.pipeline:
            await self.pipeline.restart_partition(partition, start, last_consumed)

    def record_log_change(self, partition: Partition, change: LogChange) -> None:
        """Count and log that the log of a partition no longer has the group's position."""
        self.counts.add_log_change(partition, change)
        section = "StampappExpired" if isinstance(change, ExpiredRange) else "StampappLogReset"
        log.warning("%s. See %s in docs/operations.md", describe_change(partition, change), section)

    async def close(self) -> None:
        """Stop the pipeline and disconnect.

        Unfinished batches get CLOSE_TIMEOUT to finish and are committed. After a failure nothing is
        committed: the consumer may already be gone.
        """
        try:
            time_limit = CLOSE_TIMEOUT if self.failure is None else None
            if self.pipeline and not await self.pipeline.close(time_limit):
                log.warning(
                    "Stopped with %d unfinished messages; what is not committed is consumed again",
                    self.pipeline.offset_tracker.unfinished,
                )
        finally:
            # At once: each may wait for a cluster that is away, and the process has to end in time.
            closing = [self.shadow.close()] if self.shadow else []
            stopping = [delivery.stop() for delivery in self._distinct_deliveries()]
            await asyncio.gather(*closing, *stopping)

    async def _connect(self, settings: Settings) -> None:
        publishing = (one for one in settings.clusters if one.role in PUBLISHING_ROLES)
        for first, *others in group_identical(publishing):
            delivery = startup.new_delivery(settings, first)
            self._deliveries |= dict.fromkeys((one.role for one in (first, *others)), delivery)
        await asyncio.gather(*(delivery.start() for delivery in self._distinct_deliveries()))

    def _distinct_deliveries(self) -> list[Delivery]:
        return list(dict.fromkeys(self._deliveries.values()))
