"""What is trained for ATLAS: both stamps, the template that they show, and what these measure."""

from __future__ import annotations

from stampapp.alerts.surveys import Survey
from stampapp.classifiers.atlas import CLASSES
from stampapp.training.data.recipes import Recipe, clipped_features

PLUGIN = Recipe(
    survey=Survey.ATLAS,
    name="stampapp_atlas",
    classes=CLASSES,
    catalogue_classes=("agn", "sn", "vs"),
    stamps=("science", "difference", "template"),
    stamp_shape=(61, 61),
    crop=21,
    kernel=3,
    features=clipped_features(
        (
            *("filter", "airmass", "seeing", "sunelong", "mangle", "magpsf", "sigmapsf"),
            *("novelty", "offset", "concentration", "sharpness", "peak", "elongation", "hollow"),
            *("before", "before_near", "before_concentration", "separation"),
            *("nucleus", "nucleus_distance", "nucleus_concentration", "nucleus_width"),
            *("ecl_lat", "ecl_long", "gal_lat", "gal_long"),
        )
    ),
)
