"""Where a model comes from: a folder, or an address from which it is fetched."""

from __future__ import annotations

from pathlib import Path

from stampapp.config.download_settings import DownloadSettings
from stampapp.config.model_address import ModelAddress


def local_folder(path: Path | ModelAddress, download: DownloadSettings) -> Path:
    """Return the model folder; what an address names is fetched, unless the cache has it.

    Raises ConfigError where it cannot be fetched, or is not what its checksum says.
    """
    if isinstance(path, Path):
        return path
    from stampapp.classifiers.model_source.cache import cached_folder

    return cached_folder(path, download)


def local_archive(path: Path | ModelAddress, download: DownloadSettings) -> Path:
    """Return a zip or folder as it was published; an address as `local_folder` does."""
    if isinstance(path, Path):
        return path
    from stampapp.classifiers.model_source.cache import cached_zip

    return cached_zip(path, download)
