"""Start and stop producers, and explain why one does not start."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka import errors as kafka
from aiokafka.structs import RecordMetadata

from stampapp.errors import ConfigError
from stampapp.kafka import connection
from stampapp.kafka.cluster import Cluster
from stampapp.kafka.compression import Compression
from stampapp.kafka.connection_errors import describe_cluster
from stampapp.kafka.metadata_pace import pace_metadata_requests
from stampapp.kafka.outgoing import OutgoingMessage

START_TIMEOUT = 10.0
REQUEST_TIMEOUT = 30.0
LINGER = 0.02
# No limit of the client: the topics limit the size of a message.
MAX_REQUEST_BYTES = 2**30
# Shorter than usual: the cluster was reached before, or is tried again (seconds).
_DIAGNOSIS_TIMEOUT = 3.0


async def start_producer(
    cluster: Cluster, *, idempotence: bool, compression: Compression = Compression.NONE
) -> AIOKafkaProducer:
    """Return a producer with `acks=all`. Raises ConfigError that explains the failure."""
    try:
        return await asyncio.wait_for(_start(cluster, idempotence, compression), START_TIMEOUT)
    except (kafka.KafkaError, OSError, TimeoutError) as error:
        raise ConfigError(await _explain(cluster, error, idempotence)) from error


async def stop_producer(producer: AIOKafkaProducer, time_limit: float) -> None:
    """Stop a producer; abandon it after `time_limit` seconds without an answer."""
    try:
        await asyncio.wait_for(producer.stop(), time_limit)
    except (kafka.KafkaError, OSError, TimeoutError):
        # Abandoned: its successor delivers the messages that it held.
        return


async def send_once(
    producer: AIOKafkaProducer, messages: Sequence[OutgoingMessage]
) -> list[RecordMetadata | BaseException]:
    """Send messages once and wait; return for each its offset, or the error.

    The list ends with the first message that aiokafka itself refuses; later ones are not sent.
    """
    futures: list[asyncio.Future[Any]] = []
    refusals: list[BaseException] = []
    for message in messages:
        try:
            futures.append(await _start_sending(producer, message))
        except (kafka.KafkaError, OSError, TimeoutError) as error:
            refusals.append(error)
            break
    return [*await asyncio.gather(*futures, return_exceptions=True), *refusals]


async def _start_sending(
    producer: AIOKafkaProducer, message: OutgoingMessage
) -> asyncio.Future[Any]:
    sending: asyncio.Future[Any] = await producer.send(
        message.topic,
        # aiokafka refuses a message without key and value, which Kafka would accept.
        b"" if message.key is None and message.value is None else message.value,
        key=message.key,
        partition=message.partition,
        headers=list(message.headers),
        timestamp_ms=message.timestamp,
    )
    return sending


async def _start(cluster: Cluster, idempotence: bool, compression: Compression) -> AIOKafkaProducer:
    producer = AIOKafkaProducer(
        **cluster.client_options(),
        acks="all",
        enable_idempotence=idempotence,
        compression_type=None if compression is Compression.NONE else compression.value,
        linger_ms=int(LINGER * 1000),
        max_batch_size=2**18,
        max_request_size=MAX_REQUEST_BYTES,
        request_timeout_ms=int(REQUEST_TIMEOUT * 1000),
    )
    try:
        await producer.start()
    except BaseException:
        await producer.stop()
        raise
    pace_metadata_requests(producer.client)
    return producer


async def _explain(cluster: Cluster, error: Exception, idempotence: bool) -> str:
    # The error of aiokafka only says that it has found no broker.
    problem = await connection.find_connection_problem(cluster, _DIAGNOSIS_TIMEOUT)
    if problem:
        return problem
    text = f"{describe_cluster(cluster)} accepts connections, but no producer starts ({error!r})"
    if not idempotence:
        return f"{text}; check {cluster.role.upper()}_SERVER"
    if isinstance(error, kafka.ClusterAuthorizationFailedError):
        text += ": grant IDEMPOTENT_WRITE on the cluster"
    return f"{text}; or set PRODUCER_IDEMPOTENCE=false for a broker without idempotent producers"
