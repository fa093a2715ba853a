"""ATLAS: hands alerts to ALeRCE's own package, `atlas_stamp_classifier`, where it is installed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.classifiers import atlas
from stampapp.classifiers.base import PreparedAlert
from stampapp.classifiers.model_folder.description import Feature
from stampapp.classifiers.survey_classifier import SurveyClassifier
from stampapp.config.compute import Engine, Precision
from stampapp.config.model_settings import ModelSettings
from stampapp.errors import BadAlert, ConfigError

PACKAGE = "atlas_stamp_classifier"
VERSION = "1.0.0"
CLASSES = atlas.CLASSES
# Side of the stamps in pixels; the package takes them uncropped.
SIDE = 61
_BAND, *_FIGURES = atlas.CARDS
_REMEDY = (
    "install what it needs in this environment, whose TensorFlow it runs on; or uninstall it, or "
    "set MODEL_PATH to a model folder, and that is used instead"
)


class Model(Protocol):
    """The interface of the package: a DataFrame of alerts → a DataFrame of probabilities."""

    def predict_probs(self, alerts: Any) -> Any: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class _Inputs:
    """The uncropped stamps, and the numbers in the header of the science stamp."""

    features: tuple[Feature, ...] = tuple(
        Feature(name=card.lower(), mean=0.0, std=1.0, lower=None, upper=None) for card in _FIGURES
    )
    stamps: tuple[str, ...] = atlas.STAMPS
    stamp_shape: tuple[int, int] = (SIDE, SIDE)
    crop: int = SIDE


_INPUTS = _Inputs()


def is_installed() -> bool:
    """Return whether the package is installed; importing it may still fail."""
    return find_spec(PACKAGE) is not None


def load_package(settings: ModelSettings) -> PackageClassifier:
    """Load the package's model. Raises ConfigError where that fails."""
    if settings.compute.precision is not Precision.FLOAT32:
        raise ConfigError(
            f"MODEL_PRECISION is {settings.compute.precision}, but the package {PACKAGE} chooses"
            " its own precision: remove MODEL_PRECISION, or set MODEL_PATH to a model folder"
        )
    if settings.compute.engine is Engine.NATIVE:
        raise ConfigError(
            f"INFERENCE_ENGINE is native, but the package {PACKAGE} runs on TensorFlow: remove"
            " INFERENCE_ENGINE, or set MODEL_PATH to a model folder"
        )
    # It comes with the package.
    from stampapp.classifiers.network import devices

    device = devices.prepare_device(settings.compute)
    try:
        model = import_module(f"{PACKAGE}.inference").AtlasStampClassifier()
    except Exception as error:
        # A package made for another TensorFlow or Python can raise anything.
        raise _unusable("cannot be loaded", error) from error
    classifier = PackageClassifier(
        model, name=settings.name or PACKAGE, version=settings.version or VERSION
    )
    classifier.device = devices.device_name(device)
    return classifier


class PackageClassifier(SurveyClassifier):
    """Asks the package for the probabilities of each object; no object is twice in one request."""

    rules = atlas.PLUGIN
    classes = CLASSES
    provenance = f"the installed package {PACKAGE}"
    # The package does not promise that it can be called from several threads.
    parallel = False

    def __init__(self, model: Model, *, name: str, version: str) -> None:
        self.name = name
        self.version = version
        self._model = model

    def warm_up(self) -> None:
        """Classify a blank alert, so that a problem of the package is reported at the start."""
        try:
            self._ask([blank_alert()])
        except Exception as error:
            # As in load_package.
            raise _unusable("cannot classify", error) from error

    def extract_inputs(self, alert: Alert) -> PreparedAlert:
        prepared = atlas.extract_inputs(alert, _INPUTS)
        band = prepared.alert.extra_fields.get(_BAND)
        if not isinstance(band, str):
            cause = "feature-missing" if band is None else "feature-ill-typed"
            raise BadAlert(cause, f"{_BAND} in the header of the science stamp is {band}")
        return prepared

    def predict(self, alerts: Sequence[PreparedAlert]) -> list[list[float]]:
        occurrences = list(_occurrence_numbers(prepared.alert.aid for prepared in alerts))
        numbered = list(zip(alerts, occurrences, strict=True))
        answers = [
            self._ask([prepared for prepared, occurrence in numbered if occurrence == number])
            for number in range(max(occurrences, default=-1) + 1)
        ]
        return [answers[occurrence][prepared.alert.aid] for prepared, occurrence in numbered]

    def _ask(self, alerts: Sequence[PreparedAlert]) -> dict[str, list[float]]:
        aids = [one.alert.aid for one in alerts]
        answer = self._model.predict_probs(package_table(alerts))
        if sorted(answer.columns) != sorted(CLASSES):
            raise ConfigError(f"{PACKAGE} answers with the columns {list(answer.columns)}")
        if not answer.index.is_unique or not set(answer.index) <= set(aids):
            raise ConfigError(f"{PACKAGE} answers for others than the objects in the request")
        # An object that is missing in the answer gets NaN, which is no result.
        rows = answer.reindex(index=aids, columns=list(CLASSES)).to_numpy(np.float64)
        return dict(zip(aids, rows.tolist(), strict=True))


def _occurrence_numbers(aids: Iterable[str]) -> Iterator[int]:
    """Yield how often each id has occurred before."""
    seen: Counter[str] = Counter()
    for aid in aids:
        yield seen[aid]
        seen[aid] += 1


def _unusable(what: str, error: Exception) -> ConfigError:
    reason = f"{type(error).__name__}: {error}"
    return ConfigError(f"the package {PACKAGE} is installed but {what} ({reason}): {_REMEDY}")


def package_table(alerts: Sequence[PreparedAlert]) -> Any:
    """Return the DataFrame that the package takes: a row for each object, the earliest first.

    Indexed by aid; candid and FILTER are str, red and diff (61, 61) float32, the others float64.
    """
    # It comes with the package.
    import pandas

    ordered = sorted(alerts, key=lambda one: one.alert.mjd)
    rows = [_row(one) for one in ordered]
    index = pandas.Index([one.alert.aid for one in ordered], dtype=object)
    columns = ("candid", "mjd", "red", "diff", *atlas.CARDS, "ra", "dec")
    # As objects first: by itself, pandas chooses its type of text by its version.
    table = pandas.DataFrame(rows, index=index, columns=columns, dtype=object)
    return table.astype(dict.fromkeys(("mjd", *_FIGURES, "ra", "dec"), np.float64))


def _row(one: PreparedAlert) -> list[object]:
    alert = one.alert
    cards = [alert.extra_fields[card] for card in atlas.CARDS]
    return [alert.candid, alert.mjd, *one.crops, *cards, alert.ra, alert.dec]


def blank_alert() -> PreparedAlert:
    """Return an alert with synthetic stamps, to try the package."""
    slope = np.add.outer(np.arange(SIDE), np.arange(SIDE)).astype(np.float32)
    alert = Alert(
        aid="blank",
        oid="blank",
        candid="0",
        survey=Survey.ATLAS,
        mjd=0.0,
        fid="o",
        ra=0.0,
        dec=0.0,
        mag=18.0,
        e_mag=0.1,
        isdiffpos=1,
        extra_fields=dict.fromkeys(_FIGURES, 1.0) | {_BAND: "o"},
        stamps={},
    )
    return PreparedAlert(alert=alert, crops=(slope, slope))
