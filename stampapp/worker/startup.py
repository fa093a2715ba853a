"""Load what a worker needs before it consumes: the model, and the schemas of its messages."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from stampapp.config.cpu_count import cores
from stampapp.config.settings import Settings
from stampapp.errors import SchemaError
from stampapp.kafka.cluster import OPTIONAL_ROLES, Cluster
from stampapp.kafka.delivery import Delivery
from stampapp.worker import named_threads

if TYPE_CHECKING:
    # Not at run time: importing numpy and the alert readers would slow down every command.
    from stampapp.avro.message_schemas import MessageSchemas
    from stampapp.classifiers.base import Classifier

log = logging.getLogger(__name__)


async def load_classifier(settings: Settings) -> Classifier:
    """Return the classifier, warmed up."""
    # TensorFlow starts threads while it loads; they inherit the name.
    executor = named_threads.thread_pool("classify")
    try:
        return await asyncio.get_running_loop().run_in_executor(executor, _load, settings)
    finally:
        executor.shutdown(wait=False)


def _load(settings: Settings) -> Classifier:
    from stampapp import classifiers

    # The batches that are classified at the same time share the processors.
    share = max(1, cores() // settings.classify_threads)
    compute = replace(settings.model.compute, threads=share)
    classifier = classifiers.load(replace(settings.model, compute=compute))
    classifier.warm_up()
    return classifier


def model_labels(classifier: Classifier) -> dict[str, str]:
    """Return the labels of the metric that names the model and its engine."""
    engine = classifier.engine
    return {
        "name": classifier.name,
        "version": classifier.version,
        "engine": engine.name.value,
        # TensorFlow chooses by itself.
        "instruction_set": engine.instruction_set or "",
    }


async def open_schemas(settings: Settings) -> MessageSchemas:
    """Return the schemas. Raises ConfigError if the registry, if one is set, refuses the user."""
    schemas = settings.schemas.open()
    if schemas.registry:
        try:
            await schemas.registry.check()
        except SchemaError as error:
            log.warning("%s; it is asked again when a message names a schema", error)
    return schemas


def new_delivery(settings: Settings, cluster: Cluster) -> Delivery:
    """Return the delivery to a cluster, in its role."""
    return Delivery(
        cluster,
        idempotence=settings.idempotence,
        compression=settings.compression,
        timeout=settings.delivery_timeout,
        optional=cluster.role in OPTIONAL_ROLES,
    )
