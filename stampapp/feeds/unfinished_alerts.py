"""What an interrupted `simulate` has written, and what made it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import fastavro

from stampapp.alerts.surveys import Survey
from stampapp.errors import ConfigError
from stampapp.version import __version__

# Keys in the metadata of the container.
_SURVEY, _SEED, _VERSION = "stampapp.survey", "stampapp.seed", "stampapp.version"


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulationSource:
    """What makes the same alerts again: the survey, the seed, and the version of stampapp."""

    survey: Survey
    seed: int
    version: str = __version__

    def __str__(self) -> str:
        return f"{self.survey} alerts of seed {self.seed} by stampapp {self.version}"

    def metadata(self) -> dict[str, str]:
        """Return it as metadata of an Avro container."""
        return {_SURVEY: self.survey, _SEED: str(self.seed), _VERSION: self.version}


@dataclass(frozen=True, kw_only=True, slots=True)
class UnfinishedAlerts:
    """The first `count` alerts of a source, and their labels.

    They are the first `size` bytes of `alerts`, and the first `labels_size` of `labels`.
    """

    source: SimulationSource
    count: int
    alerts: Path
    size: int
    labels: Path
    labels_size: int


def draft_of(path: Path) -> Path:
    """Return where a file is written before it is complete."""
    return path.with_name(f".{path.name}.draft")


def find_unfinished(alerts: Path, labels: Path) -> UnfinishedAlerts | None:
    """Return the alerts that a killed or an interrupted run has written; None if there are none.

    Raises ConfigError where `alerts` is not a file that `simulate` has written.
    """
    found = find_drafts(alerts, labels)
    if found is None and alerts.exists():
        found = _read(alerts, labels)
        if found is None:
            raise ConfigError(
                f"{alerts} cannot be resumed: it was not written by simulate, or {labels} does not"
                " have its classes. Omit --resume to replace both"
            )
    return found


def find_drafts(alerts: Path, labels: Path) -> UnfinishedAlerts | None:
    """Return the alerts that a killed run has written; None if there are none."""
    return _read(draft_of(alerts), draft_of(labels))


def _read(alerts: Path, labels: Path) -> UnfinishedAlerts | None:
    try:
        with alerts.open("rb") as container, labels.open("rb") as text:
            rows = sum(line.endswith(b"\n") for line in text) - 1
            blocks = fastavro.block_reader(container)
            source = _source(blocks.metadata)
            count, size = _whole_blocks(blocks, rows)
            text.seek(0)
            labels_size = sum(len(text.readline()) for _ in range(count + 1))
    except (OSError, ValueError, KeyError, EOFError):
        return None
    if not count:
        return None
    return UnfinishedAlerts(
        source=source,
        count=count,
        alerts=alerts,
        size=size,
        labels=labels,
        labels_size=labels_size,
    )


def _source(metadata: dict[str, str]) -> SimulationSource:
    return SimulationSource(
        survey=Survey(metadata[_SURVEY]),
        seed=int(metadata[_SEED]),
        version=metadata[_VERSION],
    )


def _whole_blocks(blocks: fastavro.block_reader, most: int) -> tuple[int, int]:
    """Return how many of at most `most` alerts are in whole blocks, and where these end."""
    count, end = 0, 0
    try:
        for block in blocks:
            end = end or block.offset
            if count + block.num_records > most:
                break
            count, end = count + block.num_records, block.offset + block.size
    except (EOFError, ValueError, StopIteration):
        # The rest of a block that a killed process left.
        pass
    return count, end
