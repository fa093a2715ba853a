"""What is trained for a survey: classes, stamps, features and their clips."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from stampapp.alerts.surveys import Survey
from stampapp.classifiers.model_folder.description import Feature, ModelDescription
from stampapp.classifiers.tf1_import import alerce_ztf
from stampapp.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """The shape of a survey's network and of what goes into it.

    `stamp_shape` is what an alert brings (rows, columns), `crop` the side of the square around the
    centre that the network sees, `kernel` the side of the inner convolutions; all in pixels.
    `features` are clipped and not yet normalised: their mean is 0 and their std 1. `catalogued`
    are the classes that catalogues of objects tell, without rules of the survey.
    """

    survey: Survey
    name: str
    classes: tuple[str, ...]
    catalogued: tuple[str, ...]
    stamps: tuple[str, ...]
    stamp_shape: tuple[int, int]
    crop: int
    kernel: int
    features: tuple[Feature, ...]


def _clipped(names: Iterable[str]) -> tuple[Feature, ...]:
    clips = {name: alerce_ztf.CLIPS.get(name, (None, None)) for name in names}
    return tuple(
        Feature(name=name, mean=0.0, std=1.0, lower=lower, upper=upper)
        for name, (lower, upper) in clips.items()
    )


# The 26 columns of the weights of June 2020, in their order.
ZTF = Recipe(
    survey=Survey.ZTF,
    name="stampapp_ztf",
    classes=alerce_ztf.CLASSES,
    catalogued=("AGN", "SN", "VS"),
    stamps=alerce_ztf.STAMPS,
    stamp_shape=alerce_ztf.STAMP_SHAPE,
    crop=alerce_ztf.CROP,
    kernel=3,
    features=_clipped(
        (
            *("sgscore1", "distpsnr1", "sgscore2", "distpsnr2", "sgscore3", "distpsnr3"),
            *("isdiffpos", "fwhm", "magpsf", "sigmapsf", "ra", "dec", "diffmaglim", "rb"),
            *("distnr", "magnr", "classtar", "ndethist", "ncovhist"),
            *("ecl_lat", "ecl_long", "gal_lat", "gal_long", "non_detections"),
            *("chinr", "sharpnr"),
        )
    ),
)

ATLAS = Recipe(
    survey=Survey.ATLAS,
    name="stampapp_atlas",
    classes=("agn", "asteroid", "bogus", "sn", "vs"),
    catalogued=("agn", "sn", "vs"),
    stamps=("science", "difference", "template"),
    stamp_shape=(61, 61),
    crop=21,
    kernel=3,
    features=_clipped(
        (
            *("filter", "airmass", "seeing", "sunelong", "mangle", "magpsf", "sigmapsf"),
            *("novelty", "offset", "concentration", "sharpness", "peak", "elongation", "hollow"),
            *("before", "before_near", "before_concentration", "separation"),
            *("nucleus", "nucleus_distance", "nucleus_concentration", "nucleus_width"),
            *("ecl_lat", "ecl_long", "gal_lat", "gal_long"),
        )
    ),
)

RECIPES = {recipe.survey: recipe for recipe in (ZTF, ATLAS)}


def of(description: ModelDescription) -> Recipe:
    """Return the recipe under which alerts are what this model sees, before normalisation."""
    features = (replace(feature, mean=0.0, std=1.0) for feature in description.features)
    catalogued = RECIPES[description.survey].catalogued
    return Recipe(
        survey=description.survey,
        name=description.name,
        classes=description.classes,
        catalogued=tuple(name for name in catalogued if name in description.classes),
        stamps=description.stamps,
        stamp_shape=description.stamp_shape,
        crop=description.crop,
        kernel=description.kernel,
        features=tuple(features),
    )


def without(recipe: Recipe, names: Collection[str]) -> Recipe:
    """Return the recipe without these features. Raises ConfigError for one that it has not."""
    known = [feature.name for feature in recipe.features]
    if unknown := sorted(set(names) - set(known)):
        raise ConfigError(
            f"{', '.join(unknown)}: no feature of {recipe.survey}, which has {', '.join(known)}"
        )
    return replace(recipe, features=tuple(one for one in recipe.features if one.name not in names))
