"""Find the checkpoints of a published model, and choose one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from stampapp.errors import ConfigError

STATISTICS_FILE = "feature_norm_stats.pkl"
PREFERRED = "staging_model"
_SHARD = re.compile(r"(.+)\.data-[0-9]{5}-of-[0-9]{5}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkpoint:
    """One checkpoint: its name, and its files by their names in the archive.

    Its name is that of the folder with its statistics, or its whole path where names are equal.
    """

    name: str
    prefix: str
    shards: tuple[str, ...]
    statistics: str

    @property
    def index(self) -> str:
        """The file that lists the variables."""
        return f"{self.prefix}.index"


def find_checkpoints(files: Iterable[str], root: str) -> list[Checkpoint]:
    """Return the checkpoints that come with feature statistics, sorted by their paths.

    `files` are relative names with forward slashes; `root` is the name of what they are in.
    """
    known = set(files)
    shards: dict[str, list[str]] = {}
    for file in sorted(known):
        if match := _SHARD.fullmatch(file):
            shards.setdefault(match[1], []).append(file)
    found = (_checkpoint(prefix, shards[prefix], known, root) for prefix in shards)
    return _named([checkpoint for checkpoint in found if checkpoint])


def choose_checkpoint(checkpoints: Sequence[Checkpoint], name: str | None) -> Checkpoint:
    """Return the checkpoint of this name; without a name the only or the preferred one.

    Raises ConfigError, which lists the names, where that does not single one out.
    """
    by_name = {checkpoint.name: checkpoint for checkpoint in checkpoints}
    listed = ", ".join(sorted(by_name))
    if not by_name:
        raise ConfigError(
            f"there is no checkpoint: one needs results/<name>/{STATISTICS_FILE} and, below it, "
            "an .index file with its .data files, as ALeRCE publishes its models"
        )
    if name is not None and name not in by_name:
        raise ConfigError(f"there is no checkpoint {name}: choose with --name one of {listed}")
    if name is None and len(by_name) > 1 and PREFERRED not in by_name:
        raise ConfigError(f"there are several checkpoints: choose with --name one of {listed}")
    if name is None:
        name = PREFERRED if PREFERRED in by_name else listed
    return by_name[name]


def _checkpoint(
    prefix: str, shards: Sequence[str], known: set[str], root: str
) -> Checkpoint | None:
    for home in PurePosixPath(prefix).parents:
        statistics = str(home / STATISTICS_FILE)
        if statistics in known and f"{prefix}.index" in known:
            return Checkpoint(
                name=home.name or root, prefix=prefix, shards=tuple(shards), statistics=statistics
            )
    return None


def _named(found: Sequence[Checkpoint]) -> list[Checkpoint]:
    short = [checkpoint.name for checkpoint in found]
    return [
        replace(checkpoint, name=checkpoint.prefix)
        if short.count(checkpoint.name) > 1
        else checkpoint
        for checkpoint in found
    ]
