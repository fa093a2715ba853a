"""Verify that the file of a network is the one that its model folder describes."""

from __future__ import annotations

from pathlib import Path

from stampapp.classifiers.model_folder.store import ModelDescription, sha256_of
from stampapp.errors import ConfigError

REMEDY = "import the model again"


def verify_file(path: Path, description: ModelDescription) -> None:
    """Raise ConfigError where the file is missing or has another SHA-256 than described."""
    try:
        found = sha256_of(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}): {REMEDY}") from error
    if found != description.network_sha256:
        raise ConfigError(
            f"{path} is not the file that model.json describes: its SHA-256 is {found}, "
            f"not {description.network_sha256}; {REMEDY}"
        )
