"""Unpack the zip of a model folder.

The files of the model are those beside its `model.json`, at the top of the zip or in one folder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from stampapp.classifiers.model_folder.store import DESCRIPTION_FILE
from stampapp.classifiers.model_source.archive import Archive, open_archive
from stampapp.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelZip:
    """A zip, and the names in it of the model's files, by their names in the model folder."""

    archive: Archive
    files: dict[str, str]

    def copy(self, folder: Path) -> None:
        """Write the files into a new folder."""
        folder.mkdir()
        for name, member in self.files.items():
            self.archive.copy(member, folder / name)

    def equals(self, folder: Path) -> bool:
        """Return whether the folder has exactly these files."""
        return {one.name for one in folder.iterdir()} == self.files.keys() and all(
            self.archive.equals(member, folder / name) for name, member in self.files.items()
        )


@contextmanager
def open_model(path: Path, address: str) -> Iterator[ModelZip]:
    """Open the zip that comes from an address. Raises ConfigError where it has no model folder."""
    try:
        with open_archive(path) as archive:
            yield ModelZip(archive=archive, files=_files(archive.names()))
    except ConfigError as error:
        raise ConfigError(f"the model {address} cannot be used: {error}") from error


def unpack(path: Path, folder: Path, address: str) -> None:
    """Write the model into a new folder. Raises ConfigError."""
    with open_model(path, address) as model:
        model.copy(folder)


def _files(names: list[str]) -> dict[str, str]:
    for name in names:
        if name.startswith("/") or "\\" in name or ".." in PurePosixPath(name).parts:
            raise ConfigError(f"the zip has {name!r:.80}, which is not in a folder of its own")
    if repeated := [name for name, count in Counter(names).items() if count > 1]:
        raise ConfigError(f"the zip has {repeated[0]!r:.80} twice")
    paths = [PurePosixPath(name) for name in names]
    homes = [path.parent for path in paths if path.name == DESCRIPTION_FILE and len(path.parts) < 3]
    if len(homes) != 1:
        raise ConfigError(
            f"the zip has {len(homes) or 'no'} {DESCRIPTION_FILE}, and not one: give the zip of a"
            " model folder. Weights that ALeRCE published are imported first, with"
            " `faust -A stampapp import-model PATH`, where PATH may be this address"
        )
    return {
        path.name: str(name)
        for path, name in zip(paths, names, strict=True)
        if path.parent == homes[0]
    }
