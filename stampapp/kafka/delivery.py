"""Hands letters to a cluster and returns once its broker has confirmed every one of them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any

import mode
from aiokafka import AIOKafkaProducer
from aiokafka import errors as kafka

from stampapp.errors import ConfigError, DeliveryError
from stampapp.kafka import admin, connection
from stampapp.kafka import producer as producers
from stampapp.kafka.cluster import Cluster
from stampapp.kafka.connection_errors import describe_cluster
from stampapp.kafka.outgoing import (
    FATAL_ERRORS,
    PER_MESSAGE_ERRORS,
    OutgoingMessage,
    describe_messages,
    suggest_remedy,
)

log = logging.getLogger(__name__)
ADMIN_TIMEOUT = 10.0
# Longer than this and a delivery is late: the log and /readyz say so.
NOTICE = 5.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 15.0
# A cluster that is optional and away is not tried for every batch (seconds).
_RETRY_PAUSE = 30.0

# A letter that was not confirmed, and why; None where it was not even sent.
Failure = tuple[OutgoingMessage, BaseException | None]


class Delivery(mode.Service):
    """The producer of one cluster: `acks=all`, retried until `timeout` seconds have passed."""

    def __init__(
        self, cluster: Cluster, *, idempotence: bool, timeout: float, optional: bool = False
    ) -> None:
        super().__init__()
        self.cluster = cluster
        self.retries = 0
        self._optional = optional
        self._idempotence = idempotence
        self._timeout = timeout
        self._producer: AIOKafkaProducer | None = None
        self._renewing = asyncio.Lock()
        self._known_topics: set[str] = set()
        self._failing_since: float | None = None
        self._retry_at = 0.0

    @property
    def failing(self) -> bool:
        """Whether the last attempt failed and none has succeeded since."""
        return self._failing_since is not None

    async def on_start(self) -> None:
        """Connect. Raises ConfigError where the cluster does not let us in, unless optional."""
        try:
            self._producer = await self._connect()
        except ConfigError as problem:
            if not self._optional:
                raise
            log.error("Going on without: %s", problem)

    async def on_stop(self) -> None:
        """Let go of the connection; what is unconfirmed by now was not acknowledged either."""
        producer, self._producer = self._producer, None
        if producer:
            await producers.stop_producer(producer, 2.0)

    async def deliver(self, letters: Sequence[OutgoingMessage]) -> None:
        """Return when every letter is confirmed. Raises DeliveryError when that is hopeless."""
        deadline = time.monotonic() + self._timeout
        pause = _FIRST_PAUSE
        pending, singly = list(letters), False
        while pending:
            producer = self._producer
            if producer is None:
                raise DeliveryError(f"the connection to {self._where} is closed")
            failures = await self._watched(producer, pending, deadline, singly=singly)
            if not failures:
                self._succeeded()
                return
            # Of a batch that is refused for one letter, only this one is to change.
            if len(pending) > 1 and not singly and _personal(failures):
                pending, singly = [letter for letter, _ in failures], True
            else:
                pending, as_before = self._judged(failures, deadline), pending
                if pending[0] in as_before:
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE)
            await self._renew(producer)

    async def _watched(
        self,
        producer: AIOKafkaProducer,
        letters: list[OutgoingMessage],
        deadline: float,
        *,
        singly: bool,
    ) -> list[Failure]:
        """Send and wait, but not for ever: an idempotent producer itself never gives up."""
        send = _send_singly if singly else _send
        sending = asyncio.ensure_future(send(producer, letters))
        try:
            answered, _ = await asyncio.wait({sending}, timeout=NOTICE)
            if not answered:
                why = await self._why()
                self._notice(
                    f"has not confirmed {describe_messages(letters)} for {NOTICE:g} s: {why}"
                )
                left = max(0.0, deadline - time.monotonic())
                answered, _ = await asyncio.wait({sending}, timeout=left)
            if not answered:
                raise self._given_up(letters, await self._why())
            return sending.result()
        finally:
            sending.cancel()

    async def try_once(self, letter: OutgoingMessage) -> bool:
        """Send a letter once, best effort; tell whether it was confirmed."""
        if self._producer is None and time.monotonic() >= self._retry_at:
            await self._renew(None)
            self._retry_at = time.monotonic() + _RETRY_PAUSE
        producer = self._producer
        if producer is None:
            return False
        failures = await _send(producer, [letter])
        if not failures:
            self._succeeded()
            return True
        error = failures[0][1]
        log.warning("%s has not confirmed %s: %r", self._where, describe_messages([letter]), error)
        if self._optional:
            # A producer that is shared with what counts is not replaced for this one's sake.
            await self._renew(producer)
        return False

    async def ensure_topic(self, name: str, retention_ms: int | None = None) -> None:
        """Create a topic once; where that is not allowed, the cluster's auto-creation must do.

        Its retention is the cluster's where none is given. Waits for a cluster that is away, since
        a topic made by publishing would lack its retention.
        """
        deadline = time.monotonic() + self._timeout
        while name not in self._known_topics:
            if await self._made(name, retention_ms):
                self._known_topics.add(name)
            elif time.monotonic() > deadline:
                raise DeliveryError(f"{self._where} has not created the topic {name}")
            else:
                await asyncio.sleep(_FIRST_PAUSE)

    async def _made(self, name: str, retention_ms: int | None) -> bool:
        try:
            await asyncio.wait_for(
                admin.create_topic(self.cluster, name, retention_ms), ADMIN_TIMEOUT
            )
        except (kafka.KafkaError, OSError, TimeoutError) as error:
            if not isinstance(error, kafka.KafkaError) or error.retriable:
                self._notice(f"cannot create the topic {name} yet: {error!r}")
                return False
            log.warning("Topic %s: relying on auto-creation (%r)", name, error)
        return True

    async def _connect(self) -> AIOKafkaProducer:
        return await producers.start_producer(self.cluster, idempotence=self._idempotence)

    async def _renew(self, failed: AIOKafkaProducer | None) -> None:
        """Replace a producer after a failure: an idempotent one may never recover by itself."""
        async with self._renewing:
            if self._producer is not failed:
                return
            try:
                self._producer = await self._connect()
            except ConfigError as problem:
                log.warning("No connection yet: %s", problem)
                return
            if failed:
                self.add_future(producers.stop_producer(failed, producers.REQUEST_TIMEOUT))

    async def _why(self) -> str:
        return (
            await connection.find_connection_problem(self.cluster)
            or "it lets us in but does not answer"
        )

    def _judged(self, failures: Sequence[Failure], deadline: float) -> list[OutgoingMessage]:
        """Return what to send next. Raises DeliveryError where that is hopeless or too late."""
        letters = [letter for letter, _ in failures]
        error = next(error for _, error in failures if error)
        self.retries += 1
        self._notice(f"has not confirmed {describe_messages(letters)}: {error!r}")
        changed = [_changed(*one) for one in failures]
        if isinstance(error, FATAL_ERRORS) and changed == letters:
            guilty = [letter for letter, why in failures if isinstance(why, type(error))]
            text = f"{self._where} refuses {describe_messages(guilty)}: {error!r}"
            raise DeliveryError(text + suggest_remedy(error, guilty, self.cluster)) from error
        if time.monotonic() > deadline:
            raise self._given_up(letters, repr(error)) from error
        return changed

    def _notice(self, what: str) -> None:
        self._failing_since = self._failing_since or time.monotonic()
        log.warning("%s %s", self._where, what)

    def _given_up(self, letters: Sequence[OutgoingMessage], why: str) -> DeliveryError:
        return DeliveryError(
            f"{self._where} has not taken {describe_messages(letters)} in {self._timeout:g} s"
            f" (DELIVERY_TIMEOUT): {why}"
        )

    def _succeeded(self) -> None:
        if self._failing_since is not None:
            seconds = time.monotonic() - self._failing_since
            log.warning("%s confirms again, after %.1f s", self._where, seconds)
        self._failing_since = None

    @property
    def _where(self) -> str:
        return describe_cluster(self.cluster)


def _personal(failures: Sequence[Failure]) -> bool:
    return any(isinstance(error, PER_MESSAGE_ERRORS) for _, error in failures)


def _changed(letter: OutgoingMessage, error: BaseException | None) -> OutgoingMessage:
    return letter.fallback if isinstance(error, PER_MESSAGE_ERRORS) and letter.fallback else letter


async def _send_singly(
    producer: AIOKafkaProducer, letters: Sequence[OutgoingMessage]
) -> list[Failure]:
    """Send each when the one before is confirmed; return the first that is not, and the rest."""
    for number, letter in enumerate(letters):
        if failures := await _send(producer, [letter]):
            return [*failures, *((one, None) for one in letters[number + 1 :])]
    return []


async def _send(producer: AIOKafkaProducer, letters: Sequence[OutgoingMessage]) -> list[Failure]:
    """Send once and wait; return the letters that were not confirmed."""
    futures: list[asyncio.Future[Any]] = []
    refused: BaseException | None = None
    for letter in letters:
        try:
            future = await producer.send(
                letter.topic,
                # The client refuses a message of neither key nor value, which Kafka would take.
                b"" if letter.key is None and letter.value is None else letter.value,
                key=letter.key,
                partition=letter.partition,
                headers=list(letter.headers),
                timestamp_ms=letter.timestamp,
            )
        except (kafka.KafkaError, OSError, TimeoutError) as error:
            refused = error
            break
        futures.append(future)
    answers: list[Any] = await asyncio.gather(*futures, return_exceptions=True)
    failed = [
        (letter, answer)
        for letter, answer in zip(letters, answers, strict=False)
        if isinstance(answer, BaseException)
    ]
    unsent = letters[len(futures) :]
    return failed + [(one, None if number else refused) for number, one in enumerate(unsent)]
