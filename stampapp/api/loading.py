"""Load a classifier by its survey, its model folder or its zip, whatever the environment says."""

from __future__ import annotations

import os
import tempfile
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from stampapp import classifiers
from stampapp.alerts.surveys import Survey
from stampapp.api.alert_source import open_schemas
from stampapp.api.stamp_classifier import StampClassifier
from stampapp.classifiers.base import Classifier
from stampapp.classifiers.model_folder.store import DESCRIPTION_FILE, read_description
from stampapp.classifiers.model_source import local_folder
from stampapp.classifiers.model_source.archive import open_archive
from stampapp.classifiers.model_source.model_zip import unpack
from stampapp.classifiers.tf1_import.checkpoint import find_checkpoints
from stampapp.config.casts import member, survey_name
from stampapp.config.compute import ComputeSettings, Device, Engine
from stampapp.config.cpu_count import cores
from stampapp.config.download_settings import DownloadSettings
from stampapp.config.model_address import ModelAddress, given_model
from stampapp.config.model_settings import ModelSettings
from stampapp.config.shipped_models import shipped_model
from stampapp.errors import ConfigError

E = TypeVar("E", bound=StrEnum)


def load_classifier(
    model: str | os.PathLike[str],
    *,
    engine: Literal["auto", "native", "tensorflow"] = "auto",
    device: Literal["auto", "cpu", "gpu"] = "auto",
    solar_system_rule: bool = True,
    schema_path: str | os.PathLike[str] | None = None,
) -> StampClassifier:
    """Load a classifier. It takes a second on the native engine, and several on TensorFlow.

    `model` is the name of a survey, for the model that ships with stampapp (or the survey's own
    package, where that is installed); or the path of a model folder, of the zip of one, or of a zip
    that ALeRCE published; or the https address of the zip of a model folder with its checksum.
    `engine` and `device` choose what computes the network. Without `solar_system_rule` the network
    also classifies known objects of the solar system. `schema_path` is as for `read_alerts`.

    Only these arguments count: the settings of a worker, in the environment or in a `.env` file,
    change nothing, nor does a folder `model` in the working directory. Raises ConfigError where the
    model or another argument cannot be used, and TypeError where `model` is neither text nor a
    path.

    >>> import stampapp
    >>> classifier = stampapp.load_classifier("ZTF", engine="native")
    >>> classifier.classes
    ('AGN', 'SN', 'VS', 'asteroid', 'bogus')
    >>> classifier.engine
    'the native engine (...)'
    """
    compute = ComputeSettings(
        engine=_member(Engine, "engine", engine),
        device=_member(Device, "device", device),
        threads=cores(),
    )
    settings = partial(
        ModelSettings,
        name=None,
        version=None,
        solar_system_rule=_boolean("solar_system_rule", solar_system_rule),
        compute=compute,
    )
    schemas = open_schemas(schema_path)
    return StampClassifier(*_load(_text(model), settings), schemas)


def _text(model: object) -> str:
    if isinstance(model, str | os.PathLike):
        return str(os.fspath(model))
    what = "the name of a survey, a path or an address is expected"
    raise TypeError(f"{what}, not {type(model).__name__}")


def _load(model: str, settings: partial[ModelSettings]) -> tuple[Classifier, Survey]:
    if survey := _survey(model):
        shipped = settings(survey=survey, path=shipped_model(survey), path_is_set=False)
        return classifiers.load(shipped), survey
    path = given_model("model", model)
    if isinstance(path, Path) and not path.exists():
        surveys = " or ".join(Survey)
        raise ConfigError(
            f"there is no {path}: give the name of a survey ({surveys}), a model folder, or the"
            " zip of a model"
        )
    if isinstance(path, Path) and path.is_file():
        return _load_zip(path, settings)
    return _load_folder(path, settings)


def _load_folder(
    path: Path | ModelAddress, settings: partial[ModelSettings]
) -> tuple[Classifier, Survey]:
    survey = read_description(local_folder(path, DownloadSettings())).survey
    return classifiers.load(settings(survey=survey, path=path)), survey


def _load_zip(path: Path, settings: partial[ModelSettings]) -> tuple[Classifier, Survey]:
    is_folder = _has_folder(path)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "model"
        if is_folder:
            unpack(path, folder, str(path))
        else:
            _import(path, folder, settings.keywords["compute"])
        classifier, survey = _load_folder(folder, settings)
    classifier.provenance = classifier.provenance.replace(str(folder), str(path))
    return classifier, survey


def _has_folder(path: Path) -> bool:
    """Return whether a zip has a model folder. Raises ConfigError if it has no model at all."""
    with open_archive(path) as archive:
        names = archive.names()
    is_folder = any(Path(name).name == DESCRIPTION_FILE for name in names)
    if not is_folder and not find_checkpoints(names, path.name):
        raise ConfigError(
            f"there is no model in {path}: neither the {DESCRIPTION_FILE} of a model folder, nor a"
            " checkpoint as ALeRCE publishes its models"
        )
    return is_folder


def _import(path: Path, folder: Path, compute: ComputeSettings) -> None:
    # TensorFlow takes seconds to import.
    from stampapp.classifiers.network import devices
    from stampapp.classifiers.tf1_import.importer import import_published

    # The import computes with TensorFlow, whose device and threads cannot be changed after that.
    devices.prepare_device(compute)
    import_published(path, folder, None)


def _survey(name: str) -> Survey | None:
    try:
        return survey_name(name)
    except ValueError:
        return None


def _member(kind: type[E], argument: str, value: Any) -> E:
    try:
        return member(kind, str(value))
    except ValueError as error:
        raise ConfigError(f"{argument} is {value!r}: {error}") from error


def _boolean(argument: str, value: object) -> bool:
    # A setting of this name is text, of which "no" would be true.
    if not isinstance(value, bool | np.bool_):
        raise ConfigError(f"{argument} is {value!r}: True or False is expected")
    return bool(value)
