"""Send one request to a cluster over a connection of its own, and explain failures."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from aiokafka.conn import AIOKafkaConnection, collect_hosts
from aiokafka.protocol.metadata import MetadataRequest

from stampapp.errors import ConfigError
from stampapp.kafka.cluster import Cluster
from stampapp.kafka.connection_errors import ConnectionFailure, describe_failures, explain_failure

T = TypeVar("T")
Query = Callable[[AIOKafkaConnection], Awaitable[T]]
# Seconds after which a server that has not answered counts as unreachable.
CONNECTION_TIMEOUT = 6.0
# Closing goes on in the background after so many seconds.
_CLOSE_TIMEOUT = 0.2


class AccessRefusedError(ConfigError):
    """The cluster refuses this client, or its certificate is not trusted; waiting will not help."""


# Not by an aiokafka client: when that cannot connect, it says that no broker was found, whatever
# the reason. A single connection raises the reason.
async def query_cluster(
    cluster: Cluster, query: Query[T], time_limit: float = CONNECTION_TIMEOUT
) -> T:
    """Run `query` on the first of the cluster's servers that accepts a connection.

    All are tried at once, so that one that is down does not use up the time of the others. Raises
    ConfigError with the problem of each server if all fail, AccessRefusedError if one of them
    refuses access.
    """
    tasks = [
        asyncio.ensure_future(_query_server(cluster, server, query, time_limit))
        for server in cluster.servers
    ]
    failures: list[ConnectionFailure] = []
    try:
        for done in asyncio.as_completed(tasks):
            answer = await done
            if not isinstance(answer, ConnectionFailure):
                return answer
            failures.append(answer)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    kind = AccessRefusedError if any(one.final for one in failures) else ConfigError
    raise kind(describe_failures(cluster, failures))


async def find_connection_problem(
    cluster: Cluster, time_limit: float = CONNECTION_TIMEOUT
) -> str | None:
    """Return why the cluster cannot be used; None if it can."""
    try:
        await query_cluster(cluster, _fetch_nothing, time_limit)
    except ConfigError as error:
        return str(error)
    return None


async def find_access_problem(cluster: Cluster) -> str | None:
    """Return why the cluster refuses access; None if it grants it or cannot be reached."""
    try:
        await query_cluster(cluster, _fetch_nothing)
    except AccessRefusedError as error:
        return str(error)
    except ConfigError:
        return None
    return None


async def _fetch_nothing(connection: AIOKafkaConnection) -> None:
    # A listener that requires authentication closes the connection only at the first request.
    await connection.send(MetadataRequest([]))


async def _query_server(
    cluster: Cluster, server: str, query: Query[T], time_limit: float
) -> T | ConnectionFailure:
    try:
        async with asyncio.timeout(time_limit):
            connection = AIOKafkaConnection(*_host_and_port(server), **_options(cluster))
            try:
                await connection.connect()
                return await query(connection)
            finally:
                await asyncio.wait({connection.close()}, timeout=_CLOSE_TIMEOUT)
    except ConfigError:
        raise
    except Exception as error:  # whatever it is, the operator needs an explanation
        return explain_failure(cluster, server, error)


def _host_and_port(server: str) -> tuple[str, int]:
    ((host, port, _),) = collect_hosts([server])
    return host, port


def _options(cluster: Cluster) -> dict[str, Any]:
    options = cluster.client_options()
    del options["bootstrap_servers"]
    return options
