"""LSST: stamps of any size, and ALeRCE's rule for known objects of the solar system."""

from __future__ import annotations

import numpy as np

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.classifiers.base import Decision, PreparedAlert
from stampapp.classifiers.survey_rules import InputSpec, SurveyRules
from stampapp.features import metadata
from stampapp.features.images import crop_around
from stampapp.stamps.fits_image import Image
from stampapp.stamps.lsst import read_cutout, source_place

CLASSES = ("AGN", "SN", "VS", "asteroid", "bogus")
_ASTEROID = "asteroid"
_TEMPLATE = "template"


def extract_inputs(alert: Alert, spec: InputSpec) -> PreparedAlert:
    """Return the stamps and features that a model needs. Raises BadAlert.

    Each stamp is cut or padded with NaN to the model's `crop`, with the source in the middle. An
    alert of a first visit has no template: all its pixels are NaN.
    """
    metadata.check_fields(alert, metadata.required_fields(spec.features))
    crops = (_crop(alert, name, spec.crop) for name in spec.stamps)
    return PreparedAlert(alert=alert, crops=tuple(crops))


def _crop(alert: Alert, name: str, side: int) -> Image:
    data = alert.stamps.get(name)
    if name == _TEMPLATE and not data:
        return np.full((side, side), np.nan, np.float32)
    stamp = read_cutout(data, name)
    return crop_around(stamp.pixels, source_place(stamp.header, alert.ra, alert.dec), side)


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
    extract_inputs=extract_inputs,
    decide=decide,
)
