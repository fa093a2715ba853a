"""Check connection and permissions on every cluster before the first message is consumed."""

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
from stampapp.inspection.topic_roles import SHADOW_TOPIC, replace_patterns
from stampapp.kafka.admin import create_topic
from stampapp.kafka.cluster import Cluster
from stampapp.kafka.connection import query_cluster
from stampapp.kafka.connection_errors import describe_cluster
from stampapp.kafka.metadata_v8 import ClusterMetadata, fetch_metadata, is_group_denied
from stampapp.preflight.required_access import (
    ClusterAccess,
    describe_denied_group,
    missing_permissions,
    missing_topics,
    required_access,
)

log = logging.getLogger(__name__)
# Seconds for a broker that answered a moment ago, now at its advertised address.
_SECOND_TIMEOUT = 4.0


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessReport:
    """The problems of one cluster, as messages to people.

    The worker does not start with `errors`. With `optional_errors` it runs without metrics, or
    switches its shadow model off; `missing_topics` may still be created.
    """

    access: ClusterAccess
    errors: tuple[str, ...] = ()
    optional_errors: tuple[str, ...] = ()
    missing_topics: tuple[str, ...] = ()


async def require_access(settings: Settings) -> None:
    """Check all clusters at once. Raises one ConfigError that lists all errors.

    Problems that only affect metrics or the shadow model, and missing topics, are logged.
    """
    found = await check_clusters(settings)
    for one in found:
        for problem in one.optional_errors:
            log.error("%s: %s", _consequence(problem), problem)
        for missing in one.missing_topics:
            log.warning("%s", missing)
    fatal = list(chain.from_iterable(one.errors for one in found))
    if fatal:
        head = [] if len(fatal) == 1 else ["the worker cannot use its clusters:"]
        raise ConfigError("\n".join([*head, *fatal]))


def _consequence(problem: str) -> str:
    # The first prediction that is refused switches it off; until then the problem may be solved.
    if SHADOW_TOPIC in problem:
        return "The shadow model will be switched off when it first publishes"
    return "The worker continues without metrics"


async def check_clusters(settings: Settings) -> list[AccessReport]:
    """Check every distinct cluster, all at once."""
    todo = required_access(settings, datetime.now(UTC))
    return list(await asyncio.gather(*(_check_cluster(access, settings) for access in todo)))


async def _check_cluster(access: ClusterAccess, settings: Settings) -> AccessReport:
    try:
        return await _report(access, settings)
    except ConfigError as error:
        problem = (str(error),)
        if access.optional:
            return AccessReport(access=access, optional_errors=problem)
        return AccessReport(access=access, errors=problem)


async def _report(access: ClusterAccess, settings: Settings) -> AccessReport:
    metadata = await query_cluster(access.cluster, partial(_fetch_metadata, access=access))
    present = [one.name for one in metadata.topics.values() if one.exists]
    permissions = replace_patterns(access.permissions, settings.consumer_topics, present)
    access = replace(access, permissions=tuple(permissions))
    errors, optional_errors = missing_permissions(access, metadata)
    if await _query_advertised(access, metadata, _group_query(access)):
        errors.append(describe_denied_group(access.cluster, str(access.group)))
    missing = (
        []
        if errors
        else [one async for one in _describe_missing_topics(access, metadata, settings)]
    )
    return AccessReport(
        access=access,
        errors=tuple(errors),
        optional_errors=tuple(optional_errors),
        missing_topics=tuple(missing),
    )


async def _fetch_metadata(connection: AIOKafkaConnection, access: ClusterAccess) -> ClusterMetadata:
    named = await fetch_metadata(connection, access.topics)
    if not access.patterns:
        return named
    visible = await fetch_metadata(connection, None)
    return replace(named, topics=visible.topics | named.topics)


def _group_query(access: ClusterAccess) -> Callable[[AIOKafkaConnection], Awaitable[bool]]:
    async def query(connection: AIOKafkaConnection) -> bool:
        return access.group is not None and await is_group_denied(connection, access.group)

    return query


async def _query_advertised(
    access: ClusterAccess,
    metadata: ClusterMetadata,
    query: Callable[[AIOKafkaConnection], Awaitable[bool]],
) -> bool:
    """Run a query on the advertised brokers, to which clients are redirected."""
    if not metadata.brokers:
        return False
    advertised = replace(access.cluster, servers=metadata.brokers)
    try:
        return await query_cluster(advertised, query, _SECOND_TIMEOUT)
    except ConfigError as error:
        raise ConfigError(
            f"{describe_cluster(access.cluster)} answers, but redirects its clients to"
            f" {advertised.bootstrap} (advertised.listeners): {error}"
        ) from error


async def _describe_missing_topics(
    access: ClusterAccess, metadata: ClusterMetadata, settings: Settings
) -> AsyncIterator[str]:
    output = settings.output_topic
    creatable = {
        output.name_at(datetime.now(UTC)): output.retention_ms,
        settings.deadletter_topic: None,
        **({settings.shadow.topic: None} if settings.shadow else {}),
    }
    for permission in missing_topics(access, metadata):
        cluster = replace(access.cluster, role=permission.role)
        if permission.topic in access.patterns:
            yield (
                f"No topic that this client may see on {describe_cluster(cluster)} matches"
                f" {permission.topic}: the worker waits for one; grant DESCRIBE and READ on those"
                f" that should, or check {permission.setting}"
            )
            continue
        hint: str | None
        if permission.role == "consumer":
            hint = "the worker waits for it; create it"
        elif permission.role != "producer":
            hint = "if topics are not auto-created, create it"
        elif permission.topic in creatable:
            hint = await _creation_problem(cluster, permission.topic, creatable[permission.topic])
        else:
            # Tomorrow's output topic: the worker creates it.
            continue
        if hint:
            yield (
                f"Topic {permission.topic} does not exist on {describe_cluster(cluster)}: {hint},"
                f" or check {permission.setting}"
            )


async def _creation_problem(cluster: Cluster, topic: str, retention_ms: int | None) -> str | None:
    creating = create_topic(cluster, topic, retention_ms, validate_only=True)
    try:
        await asyncio.wait_for(creating, _SECOND_TIMEOUT)
    except (kafka.KafkaError, OSError, TimeoutError) as error:
        return (
            f"the worker cannot create it ({error!r}) and relies on auto-creation; grant CREATE on"
            " it, create it"
        )
    return None
