"""What is trained for ZTF: columns of ALeRCE's weights of June 2020.

Right ascension, declination and the two longitudes are left out, as they tell nights and fields
rather than objects. Of the latitudes only the absolute values are used.
"""

from __future__ import annotations

from stampapp.alerts.surveys import Survey
from stampapp.classifiers.tf1_import.alerce_ztf import CLIPS, CROP, STAMP_SHAPE, STAMPS
from stampapp.classifiers.ztf import CLASSES
from stampapp.training.data.recipes import Recipe, clipped_features

PLUGIN = Recipe(
    survey=Survey.ZTF,
    name="stampapp_ztf",
    classes=CLASSES,
    catalogue_classes=("AGN", "SN", "VS"),
    stamps=STAMPS,
    stamp_shape=STAMP_SHAPE,
    crop=CROP,
    kernel=3,
    features=clipped_features(
        (
            *("sgscore1", "distpsnr1", "sgscore2", "distpsnr2", "sgscore3", "distpsnr3"),
            *("isdiffpos", "fwhm", "magpsf", "sigmapsf", "diffmaglim", "rb"),
            *("distnr", "magnr", "classtar", "ndethist", "ncovhist"),
            *("abs_ecl_lat", "abs_gal_lat", "non_detections", "chinr", "sharpnr"),
        ),
        CLIPS,
    ),
    sky_field="field",
)
