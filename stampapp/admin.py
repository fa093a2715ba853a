"""What is asked of a cluster besides messages: whether it lets us in, and new topics."""

from __future__ import annotations

import asyncio
import logging

from aiokafka import errors as kafka
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from stampapp.clusters import Cluster
from stampapp.errors import ConfigError

log = logging.getLogger(__name__)
BOOT_TIMEOUT = 12.0


async def probe(cluster: Cluster) -> None:
    """Connect to a cluster and leave. Raises ConfigError where that is not possible."""
    admin = AIOKafkaAdminClient(**cluster.client_options())
    try:
        await asyncio.wait_for(admin.start(), BOOT_TIMEOUT)
    except (kafka.KafkaError, OSError, TimeoutError) as error:
        raise ConfigError(unreachable(cluster, error)) from error
    finally:
        await admin.close()


async def create_topic(cluster: Cluster, name: str, retention_ms: int) -> None:
    """Create a topic that does not exist yet, with the cluster's own partitions and replicas.

    Raises the KafkaError of a cluster that refuses.
    """
    admin = AIOKafkaAdminClient(**cluster.client_options())
    try:
        await admin.start()
        if name in await admin.list_topics():
            return
        # -1 with an empty assignment leaves partitions and replicas to the broker.
        topic = NewTopic(name, -1, -1, {}, {"retention.ms": str(retention_ms)})
        response = await admin.create_topics([topic])
        for _, code, *_ in response.topic_errors:
            if code not in (0, kafka.TopicAlreadyExistsError.errno):
                raise kafka.for_code(code)(name)
        log.info("Topic %s created on the %s's cluster (%s)", name, cluster.role, cluster.bootstrap)
    finally:
        await admin.close()


def unreachable(cluster: Cluster, error: BaseException) -> str:
    """Say which cluster cannot be used and which setting to look at."""
    prefix = cluster.role.upper()
    if isinstance(error, kafka.AuthenticationFailedError | kafka.SaslAuthenticationFailed):
        hint = f"see {prefix}_SASL_USERNAME, {prefix}_SASL_PASSWORD and {prefix}_SASL_MECHANISM"
    else:
        hint = f"see {prefix}_SERVER and {prefix}_SECURITY_PROTOCOL ({cluster.protocol})"
    detail = str(error) or type(error).__name__
    return f"the {cluster.role}'s cluster {cluster.bootstrap} cannot be used: {detail}; {hint}"
