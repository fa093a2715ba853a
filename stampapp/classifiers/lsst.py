"""LSST: stamps of any size, and ALeRCE's rule for known objects of the solar system."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.classifiers.base import Decision, PreparedAlert
from stampapp.classifiers.survey_rules import InputSpec, SurveyRules
from stampapp.features import difference_imaging, metadata
from stampapp.features.images import crop_around, require_data
from stampapp.features.noisy_image import NoisyImage, noisy_image
from stampapp.stamps.fits_image import Image, Stamp
from stampapp.stamps.lsst import read_cutout, read_noise_and_psf, source_place

CLASSES = ("AGN", "SN", "VS", "asteroid", "bogus")
_ASTEROID = "asteroid"
STAMPS = ("science", "template", "difference")
_TEMPLATE = "template"
# The reliability of an alert that has none: above that of most bogus alerts, below that of most
# others.
_USUAL_RELIABILITY = 0.8
_LEAST = 1e-4
_NO_PIXEL = np.full((1, 1), np.nan, np.float32)


def extract_inputs(alert: Alert, spec: InputSpec) -> PreparedAlert:
    """Return the stamps and features that a model needs. Raises BadAlert.

    Each stamp is cut or padded with NaN to the model's `crop`, with the source in the middle. An
    alert of a first visit has no template: all its pixels are NaN. The other stamps need a pixel
    with a value. The `extra_fields` of the returned alert also have the features of
    `difference_imaging` that the model needs, and `real_bogus`: ln(p / (1 - p)) of the reliability
    p, or of a usual one where there is none. Without a number of detections, the alert counts as
    the first of its object.
    """
    derived = {"nDiaSources": 1, **alert.extra_fields, "real_bogus": _real_bogus(alert)}
    alert = replace(alert, extra_fields=derived)
    required = metadata.required_fields(spec.features)
    measured = not set(required).isdisjoint(difference_imaging.NAMES)
    cutouts = {name: _read(alert, name) for name in (STAMPS if measured else spec.stamps)}
    if measured:
        science, template, difference = (_noisy_image(alert, name, cutouts) for name in STAMPS)
        shown = difference_imaging.measure_detection(science, template, difference)
        alert = replace(alert, extra_fields={**alert.extra_fields, **shown})
    metadata.check_fields(alert, required)
    crops = {name: _crop(alert, cutouts[name], spec.crop) for name in spec.stamps}
    for name in crops.keys() - {_TEMPLATE}:
        require_data(crops[name], name)
    return PreparedAlert(alert=alert, crops=tuple(crops.values()))


def _real_bogus(alert: Alert) -> float:
    value = alert.extra_fields.get("reliability")
    known = isinstance(value, float) and math.isfinite(value)
    share = float(value) if known else _USUAL_RELIABILITY  # type: ignore[arg-type]  # a float
    # Most real sources have a reliability close to 1, where the logarithm still tells them apart.
    share = min(max(share, _LEAST), 1.0 - _LEAST)
    return math.log(share / (1.0 - share))


def _read(alert: Alert, name: str) -> Stamp | None:
    """Return a stamp; None is a template that does not exist yet."""
    data = alert.stamps.get(name)
    return None if name == _TEMPLATE and not data else read_cutout(data, name)


def _crop(alert: Alert, stamp: Stamp | None, side: int) -> Image:
    if stamp is None:
        return np.full((side, side), np.nan, np.float32)
    return crop_around(stamp.pixels, source_place(stamp.header, alert.ra, alert.dec), side)


def _noisy_image(alert: Alert, name: str, cutouts: Mapping[str, Stamp | None]) -> NoisyImage:
    stamp = cutouts[name]
    if stamp is None:
        return noisy_image(_NO_PIXEL, (0.0, 0.0))
    more = read_noise_and_psf(alert.stamps.get(name), stamp, name)
    place = source_place(stamp.header, alert.ra, alert.dec)
    return noisy_image(stamp.pixels, place, more.variance, more.psf)


def decide(alert: Alert) -> Decision | None:
    """Decide that an alert of a known object of the solar system is an asteroid."""
    known = alert.extra_fields.get("ssObjectId")
    if not known:
        return None
    return Decision(class_name=_ASTEROID, rule=f"a known solar-system object (ssObjectId {known})")


PLUGIN = SurveyRules(
    survey=Survey.LSST,
    classes=CLASSES,
    model_sources="train one with `python -m stampapp.training`",
    production_advice="no weights are published: compare its classes with labelled alerts first",
    extract_inputs=extract_inputs,
    decide=decide,
)
