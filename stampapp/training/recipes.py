"""What is trained for a survey: classes, stamps, features and their clips."""

from __future__ import annotations

from dataclasses import dataclass

from stampapp.classifiers import columns
from stampapp.classifiers.description import Feature, ModelDescription, Origin
from stampapp.records import Survey

Clip = tuple[float | None, float | None]
OPEN: Clip = (None, None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """The shape of a survey's network and of what goes into it.

    `stamp_shape` is what an alert brings (rows, columns), `crop` the side of the square around the
    centre that the network sees, `kernel` the side of the inner convolutions; all in pixels.
    `features` has the (lower, upper) clip of each, None where it is open.
    """

    survey: Survey
    name: str
    classes: tuple[str, ...]
    stamps: tuple[str, ...]
    stamp_shape: tuple[int, int]
    crop: int
    kernel: int
    features: dict[str, Clip]

    def raw(self) -> ModelDescription:
        """Return a description under which features are clipped but not normalised.

        It serves to look at alerts, not to be written: there is no network yet.
        """
        features = tuple(
            Feature(name=name, mean=0.0, std=1.0, lower=lower, upper=upper)
            for name, (lower, upper) in self.features.items()
        )
        return ModelDescription(
            name=self.name,
            version="untrained",
            survey=self.survey,
            classes=self.classes,
            features=features,
            stamps=self.stamps,
            stamp_shape=self.stamp_shape,
            crop=self.crop,
            kernel=self.kernel,
            network_file="network.keras",
            network_sha256="",
            origin=Origin.SIMULATED,
            source="nothing yet",
            source_sha256="",
        )


# The 26 columns of the weights of June 2020, in their order.
_ZTF_FEATURES = (
    *("sgscore1", "distpsnr1", "sgscore2", "distpsnr2", "sgscore3", "distpsnr3"),
    *("isdiffpos", "fwhm", "magpsf", "sigmapsf", "ra", "dec", "diffmaglim", "rb"),
    *("distnr", "magnr", "classtar", "ndethist", "ncovhist"),
    *("ecl_lat", "ecl_long", "gal_lat", "gal_long", "non_detections", "chinr", "sharpnr"),
)

ZTF = Recipe(
    survey=Survey.ZTF,
    name="stampapp_ztf",
    classes=columns.CLASSES,
    stamps=columns.STAMPS,
    stamp_shape=columns.STAMP_SHAPE,
    crop=columns.CROP,
    kernel=3,
    features={name: columns.CLIPS.get(name, OPEN) for name in _ZTF_FEATURES},
)

ATLAS = Recipe(
    survey=Survey.ATLAS,
    name="stampapp_atlas",
    classes=("agn", "asteroid", "bogus", "sn", "vs"),
    stamps=("science", "difference"),
    stamp_shape=(61, 61),
    crop=31,
    kernel=3,
    features=dict.fromkeys(
        (
            *("filter", "airmass", "seeing", "sunelong", "mangle", "magpsf", "sigmapsf"),
            *("isdiffpos", "ecl_lat", "ecl_long", "gal_lat", "gal_long"),
        ),
        OPEN,
    ),
)


RECIPES = {one.survey: one for one in (ZTF, ATLAS)}
