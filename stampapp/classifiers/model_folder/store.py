"""Read and write a model folder: the network's file, its self-test, and `model.json`."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from stampapp.classifiers.model_folder.description import (
    Feature,
    ModelDescription,
    Origin,
    parse,
    to_json,
)
from stampapp.classifiers.model_folder.self_test import SELF_TEST_FILE, SelfTest, write_self_test
from stampapp.errors import ConfigError

__all__ = [
    "Feature",
    "ModelDescription",
    "Origin",
    "add_self_test",
    "read_description",
    "sha256_of",
    "write_model",
]

DESCRIPTION_FILE = "model.json"
# The model card and its figures.
CARD_FILES = (
    "MODEL_CARD.md",
    *("confusion.png", "reliability.png", "learning.png", "stamps.png", "real_alerts.png"),
)
_LARGEST_DESCRIPTION = 1 << 20


def sha256_of(*paths: Path) -> str:
    """Return the SHA-256 of the files' contents one after the other, in lower-case hex."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def read_description(folder: Path) -> ModelDescription:
    """Return the description in this folder's `model.json`.

    Raises ConfigError where the file cannot be read or has an invalid value.
    """
    path = folder / DESCRIPTION_FILE
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_DESCRIPTION + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise ConfigError(_no_model(folder)) from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    if len(text) > _LARGEST_DESCRIPTION:
        raise ConfigError(f"{path} is larger than {_LARGEST_DESCRIPTION} bytes: no description")
    try:
        return parse(json.loads(text, object_pairs_hook=_unique))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid JSON: {error}") from error
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _no_model(folder: Path) -> str:
    if not folder.is_file():
        return f"there is no model in {folder} ({folder / DESCRIPTION_FILE} is missing)"
    if not zipfile.is_zipfile(folder):
        return f"{folder} is a file, not a model folder"
    archive = folder
    return (
        f"{archive} is a zip, not a model folder: unzip it if it is the zip of a model folder, or"
        f" import it with `faust -A stampapp import-model {archive} --into FOLDER` if ALeRCE"
        " published it"
    )


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def write_model(
    folder: Path,
    description: ModelDescription,
    save: Callable[[Path], None],
    self_test: SelfTest | None = None,
) -> ModelDescription:
    """Write a model into the folder, made where missing, and return its final description.

    `save` writes the network to the path that it is given. The network's file is named after
    its content, and `model.json` is replaced last and at once: a reader of the folder sees
    the old model or the new one, also after a crash (the old one perhaps without a self-test).
    The card of the old one is removed with it; other files there are left alone.
    Raises ConfigError where the folder cannot be written, or has a model for another survey.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        before = _network_file(folder, description)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".import-") as name:
            final = _put(folder, Path(name), description, save, self_test)
        if before not in (None, final.network_file):
            answers = () if self_test else (SELF_TEST_FILE,)
            for stale in (str(before), *answers, *CARD_FILES):
                (folder / stale).unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"the model cannot be written into {folder}: {error}") from error
    return final


def add_self_test(folder: Path, description: ModelDescription, self_test: SelfTest) -> None:
    """Write the self-test of the described network, or replace it.

    Raises ConfigError where the folder cannot be written.
    """
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".import-") as name:
            draft = Path(name) / SELF_TEST_FILE
            write_self_test(draft, description.network_sha256, self_test)
            _replace(draft, folder / SELF_TEST_FILE)
    except OSError as error:
        raise ConfigError(f"the self-test cannot be written into {folder}: {error}") from error


def _put(
    folder: Path,
    draft: Path,
    description: ModelDescription,
    save: Callable[[Path], None],
    self_test: SelfTest | None,
) -> ModelDescription:
    network = draft / description.network_file
    save(network)
    digest = sha256_of(network)
    network_file = f"{network.stem}-{digest[:8]}{network.suffix}"
    final = replace(description, network_file=network_file, network_sha256=digest)
    text = json.dumps(to_json(final), indent=2, allow_nan=False) + "\n"
    # Check that it can be read again before anything is replaced.
    parse(json.loads(text))
    (draft / DESCRIPTION_FILE).write_text(text, encoding="utf-8")
    _replace(network, folder / network_file)
    if self_test:
        write_self_test(draft / SELF_TEST_FILE, digest, self_test)
        _replace(draft / SELF_TEST_FILE, folder / SELF_TEST_FILE)
    _replace(draft / DESCRIPTION_FILE, folder / DESCRIPTION_FILE)
    return final


def _replace(source: Path, target: Path) -> None:
    _sync(source)
    os.replace(source, target)  # noqa: PTH105  (Path.replace says less: it overwrites)
    _sync(target.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _network_file(folder: Path, successor: ModelDescription) -> str | None:
    try:
        found = read_description(folder)
    except ConfigError:
        # There is no valid model, so none of the files there may be removed.
        return None
    if found.survey is not successor.survey:
        what = f"{folder} holds a model for {found.survey}, this one is for {successor.survey}"
        raise ConfigError(f"{what}: give it a folder of its own")
    return found.network_file
