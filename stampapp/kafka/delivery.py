"""Publish messages to one cluster, and retry until the broker has confirmed every one."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager

import mode
from aiokafka import AIOKafkaProducer
from aiokafka import errors as kafka

from stampapp.errors import ConfigError, DeliveryError
from stampapp.kafka import connection
from stampapp.kafka.admin import create_topic
from stampapp.kafka.cluster import Cluster
from stampapp.kafka.compression import Compression
from stampapp.kafka.connection_errors import describe_cluster
from stampapp.kafka.outgoing import (
    FATAL_ERRORS,
    PER_MESSAGE_ERRORS,
    OutgoingMessage,
    describe_messages,
    suggest_remedy,
)
from stampapp.kafka.send_attempts import Failure, send_all, send_one, send_singly
from stampapp.kafka.shared_producer import SharedProducer

log = logging.getLogger(__name__)
ADMIN_TIMEOUT = 10.0
# Seconds without a confirmation after which the log and /readyz report a delivery.
REPORT_AFTER = 5.0
_MIN_RETRY_DELAY, _MAX_RETRY_DELAY = 0.5, 15.0
# An optional cluster that is down is not tried again for every batch (seconds).
_OPTIONAL_RETRY_DELAY = 30.0

_SILENT = "it accepts connections but does not confirm"


class Delivery(mode.Service):
    """The producer of one cluster: `acks=all`, retried until `timeout` seconds have passed."""

    def __init__(
        self,
        cluster: Cluster,
        *,
        idempotence: bool,
        timeout: float,
        compression: Compression = Compression.NONE,
        optional: bool = False,
    ) -> None:
        super().__init__()
        self.cluster = cluster
        self.retries = 0
        self._optional = optional
        self._timeout = timeout
        self._producer = SharedProducer(cluster, idempotence=idempotence, compression=compression)
        # By name, with their retention in ms.
        self._created_topics: dict[str, int | None] = {}
        self._failing_since: float | None = None
        self._retry_at = 0.0

    @property
    def failing(self) -> bool:
        """Whether the last attempt failed and none has succeeded since."""
        return self._failing_since is not None

    async def on_start(self) -> None:
        """Connect. Raises ConfigError if the cluster cannot be used, unless it is optional."""
        try:
            await self._producer.start()
        except ConfigError as problem:
            if not self._optional:
                raise
            log.error("The worker continues without metrics: %s", problem)

    async def on_stop(self) -> None:
        """Disconnect. Messages that are unconfirmed by now were not acknowledged either."""
        await self._producer.stop()

    async def deliver(self, messages: Sequence[OutgoingMessage]) -> None:
        """Return when every message is confirmed. Raises DeliveryError if a retry cannot help."""
        deadline = time.monotonic() + self._timeout
        delay = _MIN_RETRY_DELAY
        pending, singly = list(messages), False
        while pending:
            with self._producer.in_use() as producer:
                if producer is None:
                    raise DeliveryError(f"the producer for {self._cluster_name} is closed")
                failures = await self._send_with_deadline(
                    producer, pending, deadline, singly=singly
                )
            if not failures:
                self._report_success()
                return
            # The broker refuses a whole batch for one message: find it by sending one at a time.
            if len(pending) > 1 and not singly and _is_per_message(failures):
                pending, singly = [message for message, _ in failures], True
            else:
                pending, as_before = self._next_attempt(failures, deadline), pending
                if pending[0] in as_before:
                    await asyncio.sleep(delay)
                    delay = min(2 * delay, _MAX_RETRY_DELAY)
            await self._reconnect(producer)

    async def _send_with_deadline(
        self,
        producer: AIOKafkaProducer,
        messages: list[OutgoingMessage],
        deadline: float,
        *,
        singly: bool,
    ) -> list[Failure]:
        """Send and wait until the deadline: an idempotent producer itself never gives up."""
        send = send_singly if singly else send_all
        sending = asyncio.ensure_future(send(producer, messages))
        try:
            answered, _ = await asyncio.wait({sending}, timeout=REPORT_AFTER)
            if not answered:
                why = await self._diagnose()
                self._report_failure(
                    f"has not confirmed {describe_messages(messages)} for {REPORT_AFTER:g} s: {why}"
                )
                if why == _SILENT:
                    await self._create_again({message.topic for message in messages})
                left = max(0.0, deadline - time.monotonic())
                answered, _ = await asyncio.wait({sending}, timeout=left)
            if not answered:
                raise self._timeout_error(messages, await self._diagnose())
            return sending.result()
        finally:
            sending.cancel()

    async def try_once(self, message: OutgoingMessage) -> bool:
        """Send a message once, without a retry; return whether it was confirmed in time."""
        if not self._producer.connected and time.monotonic() >= self._retry_at:
            await self._reconnect(None)
            self._retry_at = time.monotonic() + _OPTIONAL_RETRY_DELAY
        with self._producer.in_use() as producer:
            if producer is None:
                return False
            error = await send_one(producer, message)
        if error is None:
            self._report_success()
            return True
        log.warning(
            "%s has not confirmed %s: %r", self._cluster_name, describe_messages([message]), error
        )
        if self._optional:
            # Not otherwise: results and commands may share the producer.
            await self._reconnect(producer)
        return False

    async def ensure_topic(self, name: str, retention_ms: int | None = None) -> None:
        """Create a topic, unless it exists; without the permission rely on auto-creation.

        `retention_ms` None stands for the cluster's default. Waits for a cluster that is down,
        since a topic that is auto-created by publishing would lack the retention.
        """
        deadline = time.monotonic() + self._timeout
        while name not in self._created_topics:
            if await self._try_create_topic(name, retention_ms):
                self._created_topics[name] = retention_ms
            elif time.monotonic() > deadline:
                raise DeliveryError(f"{self._cluster_name} has not created the topic {name}")
            else:
                await asyncio.sleep(_MIN_RETRY_DELAY)

    async def _create_again(self, topics: Collection[str]) -> None:
        """Create those of the topics that this delivery has created: somebody may delete them."""
        for name in self._created_topics.keys() & topics:
            await self._try_create_topic(name, self._created_topics[name])

    async def _try_create_topic(self, name: str, retention_ms: int | None) -> bool:
        try:
            await asyncio.wait_for(create_topic(self.cluster, name, retention_ms), ADMIN_TIMEOUT)
        except (kafka.KafkaError, OSError, TimeoutError) as error:
            if _may_pass(error):
                self._report_failure(f"cannot create the topic {name} yet: {error!r}")
                return False
            log.warning("Topic %s cannot be created (%r): relying on auto-creation", name, error)
        return True

    async def _reconnect(self, failed: AIOKafkaProducer | None) -> None:
        """Replace a producer that has failed, or None if there is no connection yet."""
        try:
            await self._producer.replace(failed)
        except ConfigError as problem:
            log.warning("Still not connected: %s", problem)

    async def _diagnose(self) -> str:
        return await connection.find_connection_problem(self.cluster) or _SILENT

    def _next_attempt(self, failures: Sequence[Failure], deadline: float) -> list[OutgoingMessage]:
        """Return what to send next. Raises DeliveryError if a retry is too late or cannot help."""
        messages = [message for message, _ in failures]
        error = next(error for _, error in failures if error)
        self.retries += 1
        self._report_failure(f"has not confirmed {describe_messages(messages)}: {error!r}")
        changed = [_with_fallback(*one) for one in failures]
        if isinstance(error, FATAL_ERRORS) and changed == messages:
            refused = [message for message, why in failures if isinstance(why, type(error))]
            text = f"{self._cluster_name} refuses {describe_messages(refused)}: {error!r}"
            raise DeliveryError(text + suggest_remedy(error, refused, self.cluster)) from error
        if time.monotonic() > deadline:
            raise self._timeout_error(messages, repr(error)) from error
        return changed

    def _report_failure(self, what: str) -> None:
        self._failing_since = self._failing_since or time.monotonic()
        log.warning("%s %s", self._cluster_name, what)

    def _timeout_error(self, messages: Sequence[OutgoingMessage], why: str) -> DeliveryError:
        return DeliveryError(
            f"{self._cluster_name} has not confirmed {describe_messages(messages)} in"
            f" {self._timeout:g} s (DELIVERY_TIMEOUT): {why}"
        )

    def _report_success(self) -> None:
        if self._failing_since is not None:
            seconds = time.monotonic() - self._failing_since
            log.warning("%s confirms again, after %.1f s", self._cluster_name, seconds)
        self._failing_since = None

    @property
    def _cluster_name(self) -> str:
        return describe_cluster(self.cluster)


def _may_pass(error: Exception) -> bool:
    """Return whether an error in creating a topic can be of the moment."""
    return (
        not isinstance(error, kafka.KafkaError)
        or error.retriable
        # Brokers also answer it while some of them start; to aiokafka it is final.
        or isinstance(error, kafka.InvalidReplicationFactorError)
    )


def _is_per_message(failures: Sequence[Failure]) -> bool:
    return any(isinstance(error, PER_MESSAGE_ERRORS) for _, error in failures)


def _with_fallback(message: OutgoingMessage, error: BaseException | None) -> OutgoingMessage:
    return (
        message.fallback if isinstance(error, PER_MESSAGE_ERRORS) and message.fallback else message
    )


@asynccontextmanager
async def connected(delivery: Delivery) -> AsyncIterator[Delivery]:
    """Connect for the duration of the block. Raises ConfigError if the cluster cannot be used."""
    await delivery.start()
    try:
        yield delivery
    finally:
        await delivery.stop()
