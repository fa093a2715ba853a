"""Publish alerts to the topic that a worker consumes: shared by simulate and replay."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import TypeVar

from stampapp.config.settings import InputSettings
from stampapp.display.lines import counted
from stampapp.errors import ConfigError, DeliveryError
from stampapp.feeds.publisher import Publisher
from stampapp.kafka.connection import query_cluster
from stampapp.kafka.connection_errors import describe_cluster
from stampapp.kafka.delivery import Delivery, connected
from stampapp.kafka.metadata_v8 import Operation, fetch_metadata
from stampapp.monitoring import log_filters
from stampapp.preflight import required_access
from stampapp.preflight.required_access import ClusterAccess, Permission

log = logging.getLogger(__name__)
T = TypeVar("T")
_CTRL_C = (signal.SIGINT,)


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishResult:
    """How publishing ended: complete, stopped by a signal, or failed."""

    stopped: bool = False
    failure: DeliveryError | None = None


def log_above_progress() -> None:
    """Log warnings to stderr. Call it while progress is shown: its bars stay below them."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    log_filters.install_filters(logging.getLogger())


def describe_target(target: InputSettings) -> str:
    """Return the topic and cluster as text: alerts go to the first of the topics."""
    count = len(target.topics.entries)
    among = f", the first of {count} CONSUMER_TOPICS" if count > 1 else ""
    return f"{target_topic(target)}{among}, on {target.cluster.bootstrap}"


def target_topic(target: InputSettings) -> str:
    """Return the topic to which alerts are published. Raises ConfigError."""
    return target.topics.publish_to(datetime.now(UTC))


def publish(
    publisher: Publisher[T], alerts: Iterator[T], rate: float | None, target: InputSettings
) -> PublishResult:
    """Publish until all alerts are confirmed or a signal stops it. Raises ConfigError."""
    # Ctrl-C waits until asyncio handles it: it would leave an event loop that is half made.
    signal.pthread_sigmask(signal.SIG_BLOCK, _CTRL_C)
    try:
        asyncio.run(_publish(publisher, alerts, rate, target))
    except DeliveryError as error:
        return PublishResult(failure=error)
    except (KeyboardInterrupt, asyncio.CancelledError):
        # Stopped on request: no failure, and the summary says how many were published.
        return PublishResult(stopped=True)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _CTRL_C)
    return PublishResult()


async def _publish(
    publisher: Publisher[T], alerts: Iterator[T], rate: float | None, target: InputSettings
) -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _CTRL_C)
    if task := asyncio.current_task():
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await _check_access(target)
    delivery = Delivery(
        target.cluster,
        idempotence=target.idempotence,
        compression=target.compression,
        timeout=target.delivery_timeout,
    )
    async with connected(delivery):
        await publisher.run(alerts, delivery.deliver, rate=rate)


async def _check_access(target: InputSettings) -> None:
    """Raise ConfigError if permission to publish is missing; warn of a missing topic."""
    cluster, topic = target.cluster, target_topic(target)
    need = Permission(
        role=cluster.role, operation=Operation.WRITE, topic=topic, setting="CONSUMER_TOPICS"
    )
    access = ClusterAccess(cluster=cluster, permissions=(need,), group=None)
    answer = await query_cluster(cluster, partial(fetch_metadata, topics=access.topics))
    if any(problems := required_access.missing_permissions(access, answer)):
        raise ConfigError("; ".join(chain(*problems)))
    if required_access.missing_topics(access, answer):
        log.warning(
            "Topic %s does not exist on %s: create it unless the cluster creates topics itself,"
            " or correct CONSUMER_TOPICS",
            *(topic, describe_cluster(cluster)),
        )


def summary(publisher: Publisher[T]) -> str:
    """Return a sentence with the number of published alerts and their rate."""
    count, seconds = publisher.confirmed, publisher.seconds
    rate = count / seconds if seconds else 0.0
    text = f"Published {counted(count, 'alert')} in {seconds:.1f} s ({rate:.1f} per second)."
    if publisher.unconfirmed:
        text += f" {publisher.unconfirmed} more were sent, but not confirmed."
    return text
