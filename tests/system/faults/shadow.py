"""A shadow model of the workers: what it must not change, and what proves that it has worked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support import alert_messages
from tests.support.shadow_models import copy_with_features
from tests.support.topics import Message, read_all
from tests.system.faults.alerts import Quality, Sent
from tests.system.faults.kafka_clusters import Clusters, Topics
from tests.system.faults.writers import PartitionOffset

# The version of the shadow model in text, and as the number in commands of several surveys.
VERSION = "99.99.99"
MARKS = (VERSION.encode(), b'"classifier_version": 999999')
SWITCHED_OFF = "is switched off, and the worker goes on without it"
READ_WITHIN = 300.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """What workers have published: results, commands, and predictions of the shadow model."""

    output: Sequence[Message]
    commands: Sequence[Message]
    predictions: Sequence[Message]


def copy_as_shadow(model: Path, folder: Path) -> Path:
    """Copy a model to a new folder, as another version with other results."""
    return copy_with_features(model, folder, VERSION, 0.1)


def read_published(clusters: Clusters, topics: Topics) -> Published:
    """Read the topics to their ends."""
    main, scribe = clusters.main.kafka.bootstrap, clusters.scribe.kafka.bootstrap
    return Published(
        output=read_all(main, topics.output, timeout=READ_WITHIN),
        commands=read_all(scribe, topics.scribe, timeout=READ_WITHIN),
        predictions=read_all(main, topics.shadow, timeout=READ_WITHIN),
    )


def shadow_problems(
    published: Published, sent: Mapping[PartitionOffset, Sent], classes: Mapping[str, str]
) -> Iterator[str]:
    """Yield in what the results differ from those of workers without a shadow model.

    `classes` are those of the live model by candid, as far as they are known.
    """
    for message in (*published.output, *published.commands):
        if any(mark in (message.value or b"") for mark in MARKS):
            yield f"{_at(message)} has a result of the shadow model"
    if classes:
        yield from _other_classes(published.output, sent, classes)
    if not published.predictions:
        yield "the shadow model has published nothing"
    for message in published.predictions:
        alert = sent.get(_source(message))
        if alert is None or alert.quality is not Quality.GOOD or alert.key != message.key:
            yield f"{_at(message)}, of the shadow model, is of {_source(message)}: {alert}"


def switched_off(folder: Path) -> Iterator[str]:
    """Yield the logs in a folder that say that a shadow model was switched off."""
    for log in folder.rglob("worker.log"):
        if SWITCHED_OFF in log.read_text():
            yield f"a shadow model was switched off: {log}"


def _other_classes(
    output: Sequence[Message], sent: Mapping[PartitionOffset, Sent], classes: Mapping[str, str]
) -> Iterator[str]:
    records = alert_messages.decoded([one.value for one in output])
    for message, record in zip(output, records, strict=True):
        alert, found = sent.get(_source(message)), alert_messages.best_class(record)
        expected = classes.get(alert.candid) if alert else None
        if found != expected:
            yield f"{_at(message)} has the class {found}, the live model gives {expected}"


def _source(message: Message) -> PartitionOffset:
    headers = dict(message.headers)
    return int(headers["source.partition"] or b""), int(headers["source.offset"] or b"")


def _at(message: Message) -> str:
    return f"{message.topic} partition {message.partition} offset {message.offset}"
