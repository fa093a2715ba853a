"""The Faust app and its topics. No logic: it says what belongs together."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import faust
from faust.app.base import BootStrategy
from faust.auth import Credentials, SASLCredentials, SSLCredentials
from faust.types import TP

from stampapp.config import settings as keys
from stampapp.config.settings import Settings
from stampapp.errors import ConfigError
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
    "stampapp.commands.cli_status",
    "stampapp.web.health",
    "stampapp.web.metrics",
)
PAGE_MODULE = "stampapp.web.page"
FETCH_BYTES = 2 * 2**20
# Faust's default would strand a worker whose buffers were full for five minutes.
MAX_POLL_INTERVAL = 10.0**6


class _Boot(BootStrategy):
    # The publishing side is ours (stampapp.deliveries), with acks=all and its own clusters.
    enable_kafka_producer = False


class StampApp(faust.App):
    """A Faust app that opens its runtime before it consumes and closes it before it stops."""

    BootStrategy = _Boot
    runtime: WorkerRuntime
    # Holds the web server's port while the model is loading.
    reservation: socket.socket | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Called when it stops, before the web server waits for what it still answers.
        self.shutdown_callbacks: list[Callable[[], None]] = []

    def _discovery_modules(self) -> list[str]:
        # Faust would add the whole package, and with it TensorFlow to every command.
        page = self.runtime.settings and self.runtime.settings.web_page
        return [*MODULES, PAGE_MODULE] if page else list(MODULES)

    async def on_first_start(self) -> None:
        """Leave the disk alone: there are no tables, and the root may be read-only."""

    async def on_start(self) -> None:
        """Load the model and reach every cluster, or fail with a ConfigError."""
        await super().on_start()
        try:
            await self.runtime.open()
        except Exception as error:
            self.runtime.record_failure(error)
            raise
        finally:
            if self.reservation:
                self.reservation.close()

    def _crash(self, reason: BaseException) -> None:
        # Faust tells of a service below the app that has died, its consumer for one, only here.
        self.runtime.record_failure(reason)
        super()._crash(reason)

    async def on_stop(self) -> None:
        """Finish or abandon what is under way, commit what is confirmed, then let Faust stop."""
        for callback in self.shutdown_callbacks:
            callback()
        await self.runtime.close()
        await super().on_stop()


def create_app(settings: Settings | ConfigError) -> StampApp:
    """Return the app. With a ConfigError it can be looked at but not be started."""
    usable = settings if isinstance(settings, Settings) else None
    stamp_app = StampApp(
        usable.group_id if usable else "stampapp-not-configured",
        autodiscover=MODULES,
        Worker="stampapp.commands.worker:StampWorker",
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        stream_wait_empty=True,
        broker_max_poll_interval=MAX_POLL_INTERVAL,
        consumer_max_fetch_size=FETCH_BYTES,
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
        "stream_buffer_maxsize": max(200, min(1000, 2 * settings.batch_messages)),
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
        return keys.load(keys.environment())
    except ConfigError as error:
        return error


app = create_app(_load_settings())
# Raw bytes, keys included: Faust must neither decode nor acknowledge. `acks=False` keeps its
# bookkeeping out; offsets are committed from the offset tracker (stampapp.worker.offset_tracker).
alerts_topic = app.topic(
    *(app.runtime.settings.consumer_topics if app.runtime.settings else ("not-configured",)),
    key_serializer="raw",
    value_serializer="raw",
    acks=False,
)


async def commit(offsets: dict[tuple[str, int], int]) -> bool:
    """Commit through Faust's consumer, which leaves out partitions that are no longer ours."""
    targets = {TP(topic, partition): offset for (topic, partition), offset in offsets.items()}
    # The public `commit` knows only what Faust itself has acknowledged.
    return bool(await app.consumer._commit(targets))  # type: ignore[attr-defined]


def end_offsets() -> dict[tuple[str, int], int]:
    """Return the ends of our partitions as far as they are known; none during a rebalance."""
    assigned = () if app.rebalancing else app.consumer.assignment()
    return {(tp.topic, tp.partition): app.consumer.highwater(tp) or 0 for tp in assigned}
