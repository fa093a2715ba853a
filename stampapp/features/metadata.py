"""Turn the metadata of a batch of alerts into a matrix of normalised features."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from stampapp.alerts.alert import Alert
from stampapp.errors import BadAlert
from stampapp.features.coordinates import Column, ecliptic, galactic
from stampapp.features.gaussian_scores import gaussian_scores

Matrix = npt.NDArray[np.float32]


class Feature(Protocol):
    """A column of the matrix: name, clip (None: open), training statistics, knots or none."""

    @property
    def name(self) -> str: ...
    @property
    def mean(self) -> float: ...
    @property
    def std(self) -> float: ...
    @property
    def lower(self) -> float | None: ...
    @property
    def upper(self) -> float | None: ...
    @property
    def knots(self) -> Sequence[float]: ...


def _of_alerts(name: str) -> Callable[[Sequence[Alert]], Column]:
    return lambda alerts: np.array([getattr(alert, name) for alert in alerts], dtype=np.float64)


_ra, _dec = _of_alerts("ra"), _of_alerts("dec")

# isdiffpos as in training: the network saw 0 for a positive difference and 1 for a negative one.
_COMPUTED: dict[str, Callable[[Sequence[Alert]], Column]] = {
    "magpsf": _of_alerts("mag"),
    "sigmapsf": _of_alerts("e_mag"),
    "ra": _ra,
    "dec": _dec,
    "isdiffpos": lambda alerts: (1.0 - _of_alerts("isdiffpos")(alerts)) / 2.0,
    "ecl_long": lambda alerts: ecliptic(_ra(alerts), _dec(alerts))[0],
    "ecl_lat": lambda alerts: ecliptic(_ra(alerts), _dec(alerts))[1],
    "abs_ecl_lat": lambda alerts: np.abs(ecliptic(_ra(alerts), _dec(alerts))[1]),
    "abs_gal_lat": lambda alerts: np.abs(galactic(_ra(alerts), _dec(alerts))[1]),
    "gal_long": lambda alerts: galactic(_ra(alerts), _dec(alerts))[0],
    "gal_lat": lambda alerts: galactic(_ra(alerts), _dec(alerts))[1],
    "non_detections": lambda alerts: _extra(alerts, "ncovhist") - _extra(alerts, "ndethist"),
}
_INGREDIENTS = {"non_detections": ("ncovhist", "ndethist")}


def required_fields(features: Sequence[Feature]) -> tuple[str, ...]:
    """Return the names that an alert's `extra_fields` must have for these features."""
    names: dict[str, None] = {}
    for feature in features:
        for name in _INGREDIENTS.get(
            feature.name, () if feature.name in _COMPUTED else (feature.name,)
        ):
            names[name] = None
    return tuple(names)


def check_fields(alert: Alert, names: Sequence[str]) -> None:
    """Raise BadAlert unless each of these `extra_fields` is a finite number."""
    for name in names:
        value = alert.extra_fields.get(name)
        if type(value) is float or type(value) is int:
            if math.isfinite(value):
                continue
            raise BadAlert("feature-not-finite", f"the feature {name} is {value}")
        if name not in alert.extra_fields:
            raise BadAlert("feature-missing", f"the feature {name} is missing in extra_fields")
        raise BadAlert("feature-ill-typed", f"the feature {name} is {value!r}, no number")


def feature_matrix(alerts: Sequence[Alert], features: Sequence[Feature]) -> Matrix:
    """Return the feature matrix (alerts, features), float32, as `normalise` makes it.

    Every alert must have passed `check_fields` with the names of `required_fields`.
    """
    # A value beyond float32 becomes infinite; the network's result is then rejected.
    with np.errstate(over="ignore"):
        columns = [normalise(_values(alerts, feature.name), feature) for feature in features]
        return np.array(columns, dtype=np.float32).T.copy()


def _values(alerts: Sequence[Alert], name: str) -> Column:
    computed = _COMPUTED.get(name)
    return computed(alerts) if computed else _extra(alerts, name)


def normalise(column: Column, feature: Feature) -> Column:
    """Return values of a feature (n,) clipped, as Gaussian scores if it has knots, then scaled."""
    if feature.lower is not None or feature.upper is not None:
        column = np.clip(column, feature.lower, feature.upper)
    if feature.knots:
        column = gaussian_scores(column, feature.knots)
    return (column - feature.mean) / feature.std


def _extra(alerts: Sequence[Alert], name: str) -> Column:
    return np.array([alert.extra_fields[name] for alert in alerts], dtype=np.float64)
