"""Convert a model that ALeRCE published to a model folder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from stampapp.classifiers.model_folder import json_fields
from stampapp.classifiers.model_folder.description import Origin, read_feature
from stampapp.classifiers.model_folder.store import (
    Feature,
    ModelDescription,
    sha256_of,
    write_model,
)
from stampapp.classifiers.model_source.archive import Archive, open_archive
from stampapp.classifiers.survey_rules import survey_rules
from stampapp.classifiers.tf1_import import checkpoint as checkpoints
from stampapp.classifiers.tf1_import import feature_statistics
from stampapp.classifiers.tf1_import.alerce_ztf import CLIPS, CROP, STAMP_SHAPE, STAMPS, SURVEY
from stampapp.classifiers.tf1_import.checkpoint import Checkpoint
from stampapp.errors import ConfigError

DEFAULT_NAME = "stamp_classifier"
DEFAULT_FOLDER = Path("model") / SURVEY.lower()
_CLASSES = survey_rules(SURVEY).classes
MOST_FEATURES = 256


def import_published(
    path: Path, into: Path, name: str | None, called: str | None = None
) -> ModelDescription:
    """Write the model folder `into` from a published zip or its unpacked folder.

    `name` selects one of several checkpoints; `called` is the name of the zip, by default that of
    `path`. Raises ConfigError where no checkpoint is found or it does not fit the graph; `into` is
    then unchanged.
    """
    with open_archive(path) as archive, tempfile.TemporaryDirectory() as scratch:
        found = checkpoints.find_checkpoints(archive.names(), called or path.resolve().name)
        checkpoint = checkpoints.choose_checkpoint(found, name)
        unpacked = _unpack(archive, checkpoint, Path(scratch))
        where = f"{checkpoint.name} in {path}"
        with _naming(where):
            features = _features(unpacked.statistics)
        # TensorFlow takes seconds to import. Where the caller has not, a wrong archive is reported
        # before.
        from stampapp.classifiers.tf1_import import conversion

        with _naming(where):
            kernel, model = conversion.build_network(
                unpacked.prefix, len(features), len(_CLASSES), CROP, len(STAMPS)
            )
        description = _describe(path, checkpoint, unpacked, features, kernel)
        if called:
            description = replace(description, source=f"{checkpoint.name} in {called}")
        answers = conversion.answer_self_test(model, description)
    return write_model(into, description, model.save, answers)


@contextmanager
def _naming(where: str) -> Iterator[None]:
    try:
        yield
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error


@dataclass(frozen=True, kw_only=True, slots=True)
class _Unpacked:
    """A checkpoint's files on disk, under fixed names: no name of the archive is used as a path."""

    prefix: Path
    shards: tuple[Path, ...]
    statistics: Path


def _unpack(archive: Archive, checkpoint: Checkpoint, scratch: Path) -> _Unpacked:
    prefix, statistics = scratch / "model", scratch / "statistics"
    suffixes = [shard.removeprefix(checkpoint.prefix) for shard in checkpoint.shards]
    shards = tuple(Path(f"{prefix}{suffix}") for suffix in suffixes)
    archive.copy(checkpoint.index, Path(f"{prefix}.index"))
    for name, target in zip(checkpoint.shards, shards, strict=True):
        archive.copy(name, target)
    archive.copy(checkpoint.statistics, statistics)
    return _Unpacked(prefix=prefix, shards=shards, statistics=statistics)


def _features(path: Path) -> tuple[Feature, ...]:
    try:
        table = feature_statistics.parse_statistics(path.read_bytes())
        if not isinstance(table, dict) or not 0 < len(table) <= MOST_FEATURES:
            raise ConfigError(f"it is no table of 1 to {MOST_FEATURES} features")
        return tuple(_feature(name, statistics) for name, statistics in table.items())
    except ConfigError as error:
        raise ConfigError(f"{checkpoints.STATISTICS_FILE} is refused: {error}") from error


def _feature(name: str, statistics: object) -> Feature:
    values = json_fields.members(statistics, name, ("mean", "std"))
    lower, upper = CLIPS.get(name, (None, None))
    document = {"name": name, **values, "lower": lower, "upper": upper}
    return read_feature(document, "feature")


def _describe(
    path: Path,
    checkpoint: Checkpoint,
    unpacked: _Unpacked,
    features: tuple[Feature, ...],
    kernel: int,
) -> ModelDescription:
    folder = path.is_dir()
    digest = sha256_of(*unpacked.shards) if folder else sha256_of(path)
    return ModelDescription(
        name=DEFAULT_NAME,
        version=f"{checkpoint.name.replace('/', '-')}-{digest[:8]}",
        survey=SURVEY,
        classes=_CLASSES,
        features=features,
        stamps=STAMPS,
        stamp_shape=STAMP_SHAPE,
        crop=CROP,
        kernel=kernel,
        network_file="network.keras",
        network_sha256="",
        origin=Origin.IMPORTED,
        source=f"{checkpoint.name} in {checkpoint.shards[0] if folder else path.name}",
        source_sha256=digest,
    )
