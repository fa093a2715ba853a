"""The Faust app: its settings, its consumed topics, and its start and stop."""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection
from typing import Any

import faust
from faust.app.base import BootStrategy
from faust.auth import Credentials, SASLCredentials, SSLCredentials
from faust.types import TP

from stampapp.config.environment import environment_reader
from stampapp.config.settings import Settings, load_settings
from stampapp.consumer.no_tables import NoTables
from stampapp.consumer.transport import StampTransport
from stampapp.errors import ConfigError, StampError
from stampapp.worker.runtime import WorkerRuntime

MODULES = (
    "stampapp.agents.classification",
    "stampapp.agents.supervision",
    "stampapp.agents.output",
    "stampapp.agents.scribe",
    "stampapp.agents.metrics",
    "stampapp.agents.deadletter",
    "stampapp.commands.base",
    "stampapp.commands.worker",
    "stampapp.commands.cli_files",
    "stampapp.commands.cli_history",
    "stampapp.commands.cli_models",
    "stampapp.commands.cli_status",
    "stampapp.web.health",
    "stampapp.web.metrics",
)
PAGE_MODULE = "stampapp.web.page"
# Of each partition.
FETCH_BYTES = 2 * 2**20
# Messages of what was fetched that wait for the agent; the rest of a fetch waits in the consumer.
STREAM_BUFFER = 200
# Seconds. With Faust's default, a worker whose buffers are full for five minutes leaves its group.
MAX_POLL_INTERVAL = 10.0**6


class _Boot(BootStrategy):
    # Results are published by stampapp.kafka.delivery, with acks=all and to other clusters.
    enable_kafka_producer = False


class _FaustSettings(faust.Settings):
    def getenv(self, env_name: str) -> None:
        """Ignore the environment, where BROKER_URL and the like would override these settings."""


class StampApp(faust.App):
    """A Faust app that opens a WorkerRuntime before it consumes, and closes it when it stops."""

    BootStrategy = _Boot
    Settings = _FaustSettings
    runtime: WorkerRuntime
    # Keeps the web server's port while the model is loading.
    reservation: socket.socket | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Called before the web server waits for its open responses to end.
        self.shutdown_callbacks: list[Callable[[], None]] = []

    def _new_transport(self) -> StampTransport:
        return StampTransport(self.conf.broker_consumer, self)

    def _discovery_modules(self) -> list[str]:
        # Faust would import the whole package, and thereby TensorFlow, for every command.
        page = self.runtime.settings and self.runtime.settings.web_page
        return [*MODULES, PAGE_MODULE] if page else list(MODULES)

    async def on_first_start(self) -> None:
        """Do not create Faust's data folder: there are no tables, and the disk may be read-only."""

    async def on_start(self) -> None:
        """Open the runtime. Raises ConfigError."""
        await super().on_start()
        try:
            await self.runtime.open()
        except Exception as error:
            self.runtime.record_failure(error)
            raise
        finally:
            if self.reservation:
                self.reservation.close()
        # Faust starts the timers of an app only after its first rebalance.
        self.add_future(self._watch_rebalances())

    async def _watch_rebalances(self) -> None:
        monitor = self.runtime.rebalance_monitor
        problem = await monitor.watch(lambda: self.rebalancing_count if self.rebalancing else None)
        await self.crash(StampError(problem))

    def on_rebalance_end(self) -> None:
        """Report the assigned partitions: Faust calls this when it starts to consume them."""
        super().on_rebalance_end()
        assigned = {(one.topic, one.partition) for one in self.consumer.assignment()}
        web_server = str(self.conf.canonical_url) if self.conf.web_enabled else "none"
        self.runtime.report_assignment(assigned, web_server=web_server)

    def _crash(self, reason: BaseException) -> None:
        # Faust reports crashed services, such as its consumer, only here.
        self.runtime.record_failure(reason)
        super()._crash(reason)

    async def on_stop(self) -> None:
        """Close the runtime, then let Faust stop."""
        for callback in self.shutdown_callbacks:
            callback()
        await self.runtime.close()
        await super().on_stop()


def create_app(settings: Settings | ConfigError) -> StampApp:
    """Return the app. With a ConfigError, commands can inspect it but no worker can start."""
    usable = settings if isinstance(settings, Settings) else None
    stamp_app = StampApp(
        usable.group_id if usable else "stampapp-not-configured",
        autodiscover=MODULES,
        Worker="stampapp.commands.worker:StampWorker",
        TableManager=NoTables,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        stream_wait_empty=True,
        broker_max_poll_interval=MAX_POLL_INTERVAL,
        consumer_max_fetch_size=FETCH_BYTES,
        # The client would choose another offset in silence; see stampapp.consumer.log_positions.
        consumer_auto_offset_reset="none",
        web_in_thread=False,
        **(_faust_settings(usable) if usable else {}),
    )
    stamp_app.runtime = WorkerRuntime(settings)
    return stamp_app


def _faust_settings(settings: Settings) -> dict[str, Any]:
    session = settings.session_timeout
    return {
        "broker": [f"kafka://{server}" for server in settings.consumer.servers],
        "broker_credentials": _credentials(settings),
        "broker_session_timeout": session,
        "broker_heartbeat_interval": min(3.0, session / 5),
        "broker_request_timeout": session + 30.0,
        "broker_rebalance_timeout": session,
        "consumer_metadata_max_age_ms": int(settings.metadata_age * 1000),
        "stream_buffer_maxsize": STREAM_BUFFER,
        "web_bind": settings.web_host,
        "web_host": settings.web_host,
        "web_port": settings.web_port,
    }


def _credentials(settings: Settings) -> Credentials | None:
    cluster = settings.consumer
    context = cluster.ssl_context()
    if cluster.sasl:
        return SASLCredentials(
            username=cluster.username,
            password=cluster.password,
            mechanism=cluster.mechanism,
            ssl_context=context,
        )
    return SSLCredentials(context) if context else None


def _load_settings() -> Settings | ConfigError:
    try:
        return load_settings(environment_reader())
    except ConfigError as error:
        return error


app = create_app(_load_settings())
# The consumer replaces patterns among the topics. Raw bytes, keys included: Faust must not decode
# them. `acks=False`: nor must it track offsets, which are committed from
# stampapp.worker.offset_tracker.
alerts_topic = app.topic(
    *(
        app.runtime.settings.consumer_topics.entries
        if app.runtime.settings
        else ("not-configured",)
    ),
    key_serializer="raw",
    value_serializer="raw",
    acks=False,
)


async def commit(offsets: dict[tuple[str, int], int]) -> bool:
    """Commit offsets of partitions that are still assigned; return whether Kafka accepted them."""
    targets = {TP(topic, partition): offset for (topic, partition), offset in offsets.items()}
    # Faust's public `commit` commits only what Faust itself has acknowledged.
    return bool(await app.consumer._commit(targets))  # type: ignore[attr-defined]


def end_offsets() -> dict[tuple[str, int], int]:
    """Return up to where the assigned partitions can be read; none during a rebalance."""
    return {
        (tp.topic, tp.partition): app.consumer.highwater(tp) or 0 for tp in assigned_partitions()
    }


def undecided_offsets() -> dict[tuple[str, int], int]:
    """Return how many offsets of each assigned partition wait for the end of a transaction."""
    undecided = app.consumer.undecided  # type: ignore[attr-defined]
    return {(tp.topic, tp.partition): undecided(tp) for tp in assigned_partitions()}


def missing_topics() -> tuple[str, ...]:
    """Return the input topics that do not exist, and patterns that match none."""
    return app.consumer.missing_topics if app.runtime.pipeline else ()  # type: ignore[attr-defined]


def assigned_partitions() -> Collection[TP]:
    """Return the partitions that the worker consumes; none during a rebalance."""
    return () if app.rebalancing else app.consumer.assignment()
