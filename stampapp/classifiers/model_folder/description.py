"""The contents of `model.json`: classes, features, stamps and network of a model."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import TypeVar

from stampapp.alerts.surveys import Survey
from stampapp.classifiers.model_folder import json_fields
from stampapp.errors import ConfigError
from stampapp.features.gaussian_scores import SCORES

E = TypeVar("E", bound=StrEnum)
# Few models have them: the others do without the key.
_KNOTS = "knots"


class Origin(StrEnum):
    """Where a model comes from."""

    IMPORTED = "imported"
    SIMULATED = "trained on simulated alerts"
    LABELLED = "trained on labelled alerts"


@dataclass(frozen=True, kw_only=True, slots=True)
class Feature:
    """One column of the features: a value is clipped to [lower, upper], then (v - mean) / std.

    A bound that is None is open. `std` is above 0. With `knots` a clipped value is first replaced
    by its score (see `gaussian_scores`), and `mean` and `std` are those of scores.
    """

    name: str
    mean: float
    std: float
    lower: float | None
    upper: float | None
    knots: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelDescription:
    """What a model folder holds, and where it came from.

    `classes` and `features` are in the network's order, `stamps` in the order of its channels.
    `stamp_shape` is what an alert brings (rows, columns), `crop` the side of the square around
    the centre that the network sees, `kernel` the side of the inner convolutions; all in pixels.
    The SHA-256 are in lower-case hex; `source_sha256` is that of what `source` names: the imported
    zip (or the checkpoint's data file where a folder was imported), the file of labels, or the
    simulation's first alerts (in the shipped models its source files, as their cards explain).
    """

    name: str
    version: str
    survey: Survey
    classes: tuple[str, ...]
    features: tuple[Feature, ...]
    stamps: tuple[str, ...]
    stamp_shape: tuple[int, int]
    crop: int
    kernel: int
    network_file: str
    network_sha256: str
    origin: Origin
    source: str
    source_sha256: str


def parse(document: object) -> ModelDescription:
    """Return the description that a JSON document holds.

    Raises ConfigError, which names the key, for a key too many or too few, a value of the wrong
    type, a number that is not finite, and what contradicts itself.
    """
    values = json_fields.members(document, "the document", _names(ModelDescription))
    shape = _stamp_shape(values["stamp_shape"], "stamp_shape")
    crop = json_fields.size(values["crop"], "crop")
    if crop > min(shape):
        raise ConfigError(f"crop is {crop}, more than stamp_shape has: {shape[0]}x{shape[1]}")
    return ModelDescription(
        name=json_fields.text(values["name"], "name"),
        version=json_fields.text(values["version"], "version"),
        survey=_member(Survey, values["survey"], "survey"),
        classes=json_fields.names(values["classes"], "classes"),
        features=_features(values["features"], "features"),
        stamps=json_fields.names(values["stamps"], "stamps"),
        stamp_shape=shape,
        crop=crop,
        kernel=json_fields.size(values["kernel"], "kernel"),
        network_file=json_fields.file_name(values["network_file"], "network_file"),
        network_sha256=json_fields.sha256(values["network_sha256"], "network_sha256"),
        origin=_member(Origin, values["origin"], "origin"),
        source=json_fields.text(values["source"], "source"),
        source_sha256=json_fields.sha256(values["source_sha256"], "source_sha256"),
    )


def _names(shape: type[Feature | ModelDescription]) -> list[str]:
    return [field.name for field in fields(shape)]


def _member(kind: type[E], value: object, key: str) -> E:
    try:
        return kind(json_fields.text(value, key))
    except ValueError:
        known = ", ".join(kind)
        raise ConfigError(f"{key} is {value!r:.80}, not one of {known}") from None


def _stamp_shape(value: object, key: str) -> tuple[int, int]:
    match json_fields.items(value, key, json_fields.size):
        case (rows, columns):
            return rows, columns
        case sizes:
            raise ConfigError(f"{key} has {len(sizes)} numbers, not rows and columns")


def _features(value: object, key: str) -> tuple[Feature, ...]:
    found = json_fields.items(value, key, read_feature)
    json_fields.names([feature.name for feature in found], key)
    return found


def read_feature(value: object, key: str) -> Feature:
    """Return the feature in a JSON object. Raises ConfigError, which names key and feature."""
    required = [name for name in _names(Feature) if name != _KNOTS]
    values = json_fields.members(value, key, required, optional=[_KNOTS])
    name = json_fields.text(values["name"], f"{key}.name")
    key = f"{key} ({name})"
    feature = Feature(
        name=name,
        mean=json_fields.finite(values["mean"], f"{key}.mean"),
        std=json_fields.finite(values["std"], f"{key}.std"),
        lower=json_fields.bound(values["lower"], f"{key}.lower"),
        upper=json_fields.bound(values["upper"], f"{key}.upper"),
        knots=_knots(values[_KNOTS], f"{key}.{_KNOTS}") if _KNOTS in values else (),
    )
    if feature.std <= 0:
        raise ConfigError(f"{key}.std is {feature.std}, not above 0")
    lower, upper = feature.lower, feature.upper
    if lower is not None and upper is not None and lower >= upper:
        raise ConfigError(f"{key}.lower is {lower}, not below upper, {upper}")
    return feature


def _knots(value: object, key: str) -> tuple[float, ...]:
    knots = json_fields.items(value, key, json_fields.finite)
    if len(knots) != len(SCORES):
        raise ConfigError(f"{key} has {len(knots)} numbers, not {len(SCORES)}")
    if list(knots) != sorted(knots):
        raise ConfigError(f"{key} do not ascend")
    return knots


def to_json(description: ModelDescription) -> dict[str, object]:
    """Return the JSON document that `parse` reads."""
    document = asdict(description)
    for feature in document["features"]:
        if not feature[_KNOTS]:
            del feature[_KNOTS]
    return document
