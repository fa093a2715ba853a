"""The settings by which models are fetched."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path

from stampapp.config.environment import Reader, cache_folder, environment_reader
from stampapp.errors import ConfigError

CACHE_KEY, CAFILE_KEY = "MODEL_CACHE", "MODEL_SSL_CAFILE"


def _default_cache() -> Path:
    return cache_folder() / "stampapp" / "models"


@dataclass(frozen=True, kw_only=True, slots=True)
class DownloadSettings:
    """The folder that keeps fetched models, and the CA certificates (PEM) of their servers.

    Without `cafile` they are the system's.
    """

    cache: Path = field(default_factory=_default_cache)
    cafile: Path | None = None

    def __post_init__(self) -> None:
        if self.cafile:
            # An unusable file is reported with the other invalid settings.
            self.ssl_context()

    def ssl_context(self) -> ssl.SSLContext:
        """Return the TLS context. Raises ConfigError."""
        try:
            return ssl.create_default_context(cafile=str(self.cafile) if self.cafile else None)
        except OSError as error:
            raise ConfigError(
                f"{CAFILE_KEY}: {self.cafile} has no usable CA certificate ({error})"
            ) from error


def read_download(reader: Reader) -> DownloadSettings:
    """Read how models are fetched."""
    cache = reader.read(CACHE_KEY, Path, _default_cache(), "folder that keeps fetched models")
    cafile = reader.read(CAFILE_KEY, Path, None, "CA certificates (PEM) for MODEL_PATH")
    found = reader.build(lambda: DownloadSettings(cache=cache, cafile=cafile))
    return found or DownloadSettings()


def load_download_settings() -> DownloadSettings:
    """Return what commands need that only fetch a model. Raises ConfigError."""
    reader = environment_reader()
    found = read_download(reader)
    reader.finish()
    return found
