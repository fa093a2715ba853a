"""Create topics."""

from __future__ import annotations

import logging

from aiokafka import errors as kafka
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from stampapp.kafka.cluster import Cluster
from stampapp.kafka.connection_errors import describe_cluster

log = logging.getLogger(__name__)


async def create_topic(
    cluster: Cluster, name: str, retention_ms: int | None, *, validate_only: bool = False
) -> None:
    """Create a topic, unless it exists, with the cluster's default partitions and replicas.

    `retention_ms` None stands for the cluster's default. With `validate_only` the cluster only
    checks the request. Raises the KafkaError with which the cluster refuses it.
    """
    admin = AIOKafkaAdminClient(**cluster.client_options())
    try:
        await admin.start()
        if name in await admin.list_topics():
            return
        # -1 with an empty assignment leaves partitions and replicas to the broker.
        config = {} if retention_ms is None else {"retention.ms": str(retention_ms)}
        topic = NewTopic(name, -1, -1, {}, config)
        try:
            response = await admin.create_topics([topic], validate_only=validate_only)
        except AttributeError as error:
            # aiokafka 0.14 supposes that there always is a controller; an election takes a moment.
            raise kafka.NotControllerError(name) from error
        for _, code, *_ in response.topic_errors:
            if code not in (0, kafka.TopicAlreadyExistsError.errno):
                raise kafka.for_code(code)(name)
        if not validate_only:
            log.info("Topic %s created on %s", name, describe_cluster(cluster))
    finally:
        await admin.close()
