"""What is trained for LSST: the three stamps, what they measure, and where in the sky it is."""

from __future__ import annotations

from stampapp.alerts.surveys import Survey
from stampapp.classifiers.lsst import CLASSES, STAMPS
from stampapp.features import difference_imaging
from stampapp.training.data.recipes import Recipe, clipped_features

PLUGIN = Recipe(
    survey=Survey.LSST,
    name="stampapp_lsst",
    classes=CLASSES,
    catalogue_classes=("AGN", "SN", "VS"),
    stamps=STAMPS,
    stamp_shape=(30, 30),
    crop=23,
    kernel=3,
    features=clipped_features(
        (*difference_imaging.NAMES, "real_bogus", "magpsf", "abs_ecl_lat", "abs_gal_lat")
    ),
)
