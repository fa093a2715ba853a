"""Compare two models on the same alerts, from files or from the input topics of a worker."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from math import ceil
from pathlib import Path

from stampapp import classifiers
from stampapp.alerts import packets
from stampapp.alerts.packets import Decoded
from stampapp.alerts.surveys import Survey
from stampapp.avro.message_schemas import NO_SCHEMAS, MessageSchemas
from stampapp.classifiers import batch
from stampapp.classifiers.shadow import load_shadow
from stampapp.commands.figure_folder import FigureFolder
from stampapp.commands.model_comparer import ModelComparer
from stampapp.config.cpu_count import cores
from stampapp.config.model_address import given_model
from stampapp.config.model_settings import ModelSettings, load_model_settings
from stampapp.config.schema_settings import load_schemas
from stampapp.config.settings import Settings
from stampapp.config.shadow_settings import load_shadow_settings
from stampapp.display.progress import ProgressBars
from stampapp.feeds.alert_files import find_alert_files, read_alerts, total_size
from stampapp.inspection.topic_lookup import select_topics
from stampapp.kafka.message import Partition
from stampapp.kafka.offset_ranges import OffsetRange
from stampapp.kafka.topic_reader import TopicReader

BATCH_SIZE = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class ComparisonRequest:
    """Which models to compare on which alerts, and where to save pictures of disagreements.

    `shadow`, `model` and `survey` override the settings. Without `paths`, about the `last` alerts
    of the input topics are compared.
    """

    paths: tuple[Path, ...]
    shadow: str | None
    model: str | None
    survey: str | None
    last: int
    pictures: Path | None

    def models(self) -> tuple[ModelSettings, ModelSettings]:
        """Return the settings of the live and of the shadow model. Raises ConfigError."""
        given = given_model("--model", self.model) if self.model is not None else None
        live = load_model_settings(Survey(self.survey) if self.survey else None, given)
        live = replace(live, compute=replace(live.compute, threads=cores()))
        beside = given_model("--shadow", self.shadow) if self.shadow is not None else None
        return live, load_shadow_settings(live, beside)


def compare_alerts(request: ComparisonRequest, worker: Settings | None) -> ModelComparer:
    """Compare the models on what is requested; `worker` names the input topics, without paths.

    Raises ConfigError.
    """
    models = request.models()
    # Before the models are loaded, which takes seconds.
    files = find_alert_files(request.paths) if request.paths else []
    comparer = _load(*models, request.pictures)
    if worker:
        compare_topics(worker, request.last, comparer)
    else:
        compare_files(files, comparer, load_schemas())
    return comparer


def _load(live: ModelSettings, shadow: ModelSettings, pictures: Path | None) -> ModelComparer:
    figures = FigureFolder(pictures) if pictures else None
    classifier = classifiers.load(live)
    comparer = ModelComparer(
        live=classifier,
        shadow=load_shadow(shadow, classifier),
        figures=figures,
    )
    comparer.warm_up()
    return comparer


def compare_files(
    files: Sequence[Path], comparer: ModelComparer, schemas: MessageSchemas = NO_SCHEMAS
) -> None:
    """Compare both models on the alerts of files."""
    with ProgressBars() as bars:
        size = total_size(files)

        def show(read: int) -> None:
            bars.percent("comparing", read, size, f"read, {comparer.read} alerts done")

        for chunk in _chunks(read_alerts(files, show, schemas)):
            comparer.add(chunk)


def _chunks(decoded: Iterator[Decoded]) -> Iterator[list[Decoded]]:
    while chunk := list(islice(decoded, BATCH_SIZE)):
        yield chunk


def compare_topics(settings: Settings, count: int, comparer: ModelComparer) -> None:
    """Compare both models on about the latest `count` alerts of the input topics."""
    asyncio.run(_compare_topics(settings, count, comparer))


async def _compare_topics(settings: Settings, count: int, comparer: ModelComparer) -> None:
    found = await select_topics(settings, "consumer", datetime.now(UTC))
    schemas = settings.schemas.open()
    async with TopicReader(found.cluster, settings.isolation_level) as reader:
        partitions = await found.partitions(reader, datetime.now(UTC))
        ranges = await _latest(reader, partitions, count)
        total = sum((one.end or 0) - one.first for one in ranges.values())
        with ProgressBars() as bars:
            async for messages in reader.read_ranges(ranges):
                values = [one.value for one in messages]
                await packets.load_schemas(values, schemas)
                for at in range(0, len(values), BATCH_SIZE):
                    comparer.add(batch.decode_batch(values[at : at + BATCH_SIZE], schemas))
                bars("comparing", len(messages), total)


async def _latest(
    reader: TopicReader, partitions: Sequence[Partition], count: int
) -> dict[Partition, OffsetRange]:
    """Return the last offsets of each partition that has some, as many of each."""
    first = await reader.first_offsets(partitions)
    ends = await reader.end_offsets(partitions)
    filled = [at for at in partitions if ends[at] > first[at]]
    each = ceil(count / max(1, len(filled)))
    return {at: OffsetRange(first=max(first[at], ends[at] - each), end=ends[at]) for at in filled}
