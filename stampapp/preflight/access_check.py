"""Whether every cluster lets us in and do our work: asked before the first message is consumed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain

from aiokafka import errors as kafka
from aiokafka.conn import AIOKafkaConnection

from stampapp.config.settings import Settings
from stampapp.errors import ConfigError
from stampapp.kafka import admin
from stampapp.kafka.cluster import Cluster
from stampapp.kafka.connection import query_cluster
from stampapp.kafka.connection_errors import describe_cluster
from stampapp.kafka.metadata_v8 import ClusterMetadata, fetch_metadata, is_group_denied
from stampapp.preflight.required_access import Errand, absent, denied, errands, group_denied

log = logging.getLogger(__name__)
# A broker that was reached a moment ago, under the name that it gives itself (seconds).
_SECOND_PATIENCE = 4.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """How a cluster receives us, in words.

    `vital` is what the worker cannot go on with, `optional` what costs it the metrics; `absent`
    topics may still come to be.
    """

    errand: Errand
    vital: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


async def check(settings: Settings) -> None:
    """Try every cluster, all at once. Raises one ConfigError that lists all that is wrong.

    Metrics are best effort: what is wrong with them alone is logged.
    """
    found = await inquire(settings)
    for one in found:
        if one.optional:
            log.error("Going on without metrics: %s", "; ".join(one.optional))
        for missing in one.absent:
            log.warning("%s", missing)
    fatal = list(chain.from_iterable(one.vital for one in found))
    if fatal:
        head = [] if len(fatal) == 1 else ["the clusters are not usable:"]
        raise ConfigError("\n".join([*head, *fatal]))


async def inquire(settings: Settings) -> list[Finding]:
    """Ask every distinct cluster, all at once."""
    todo = errands(settings, datetime.now(UTC))
    return list(await asyncio.gather(*(_finding(errand, settings) for errand in todo)))


async def _finding(errand: Errand, settings: Settings) -> Finding:
    try:
        return await _lacking(errand, settings)
    except ConfigError as error:
        told = (str(error),)
        if errand.optional:
            return Finding(errand=errand, optional=told)
        return Finding(errand=errand, vital=told)


async def _lacking(errand: Errand, settings: Settings) -> Finding:
    answer = await query_cluster(errand.cluster, partial(fetch_metadata, topics=errand.topics))
    vital, optional = denied(errand, answer)
    if await _by_their_own_names(errand, answer, _about_group(errand)):
        vital.append(group_denied(errand.cluster, str(errand.group)))
    missing = [] if vital else [one async for one in _missing(errand, answer, settings)]
    return Finding(
        errand=errand, vital=tuple(vital), optional=tuple(optional), absent=tuple(missing)
    )


def _about_group(errand: Errand) -> Callable[[AIOKafkaConnection], Awaitable[bool]]:
    async def question(connection: AIOKafkaConnection) -> bool:
        return errand.group is not None and await is_group_denied(connection, errand.group)

    return question


async def _by_their_own_names(
    errand: Errand,
    answer: ClusterMetadata,
    question: Callable[[AIOKafkaConnection], Awaitable[bool]],
) -> bool:
    """Ask a broker at the address that clients are sent to, which may be another than ours."""
    if not answer.brokers:
        return False
    named = replace(errand.cluster, servers=answer.brokers)
    try:
        return await query_cluster(named, question, _SECOND_PATIENCE)
    except ConfigError as error:
        raise ConfigError(
            f"{describe_cluster(errand.cluster)} answers, but sends its clients on to"
            f" {named.bootstrap} (advertised.listeners): {error}"
        ) from error


async def _missing(
    errand: Errand, answer: ClusterMetadata, settings: Settings
) -> AsyncIterator[str]:
    output = settings.output_topic
    ours = {output.name_at(datetime.now(UTC)): output.retention_ms, settings.deadletter_topic: None}
    for need in absent(errand, answer):
        cluster = replace(errand.cluster, role=need.role)
        if need.role != "producer":
            hint: str | None = "where topics do not come to be by themselves, create it"
        elif need.topic in ours:
            hint = await _reason_not_to_create(cluster, need.topic, ours[need.topic])
        else:
            # The next night's.
            continue
        if hint:
            yield (
                f"Topic {need.topic} does not exist on {describe_cluster(cluster)}: {hint}, or see"
                f" {need.key}"
            )


async def _reason_not_to_create(
    cluster: Cluster, topic: str, retention_ms: int | None
) -> str | None:
    creating = admin.create_topic(cluster, topic, retention_ms, only_try=True)
    try:
        await asyncio.wait_for(creating, _SECOND_PATIENCE)
    except (kafka.KafkaError, OSError, TimeoutError) as error:
        return (
            f"we may not create it ({error!r}), so it must come to be by itself; have CREATE"
            " granted on it, create it"
        )
    return None
