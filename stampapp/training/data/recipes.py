"""The training recipe of a survey: classes, stamps, features and their clips."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from stampapp.alerts.surveys import Survey, plugin
from stampapp.classifiers.model_folder.description import Feature, ModelDescription
from stampapp.errors import ConfigError

# The lowest and highest value of a feature; None is open.
Clip = tuple[float | None, float | None]
_NO_CLIPS: Mapping[str, Clip] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """The shape of a survey's network and its inputs.

    `stamp_shape` is that of an alert's stamps (rows, columns), `crop` the side of the central
    square that the network sees, `kernel` that of the inner convolutions; all in pixels.
    `features` are clipped and not yet normalised: their mean 0, their std 1.
    `catalogue_classes` are those that catalogues can confirm. `with_knots` is whether features
    are replaced by Gaussian scores. `sky_field` is the field of an alert that names the patch of
    the sky which the exposure covers, None if it has none.
    """

    survey: Survey
    name: str
    classes: tuple[str, ...]
    catalogue_classes: tuple[str, ...]
    stamps: tuple[str, ...]
    stamp_shape: tuple[int, int]
    crop: int
    kernel: int
    features: tuple[Feature, ...]
    with_knots: bool = False
    sky_field: str | None = None


def clipped_features(
    names: Iterable[str], clips: Mapping[str, Clip] = _NO_CLIPS
) -> tuple[Feature, ...]:
    """Return features that are clipped and not yet normalised."""
    bounds = {name: clips.get(name, (None, None)) for name in names}
    return tuple(
        Feature(name=name, mean=0.0, std=1.0, lower=lower, upper=upper)
        for name, (lower, upper) in bounds.items()
    )


def survey_recipe(survey: Survey) -> Recipe:
    """Return the recipe of a survey, from the file of its name in this package."""
    return plugin("training.data", survey, Recipe)


def recipe_of_model(description: ModelDescription) -> Recipe:
    """Return the recipe that prepares alerts for this model, before normalisation."""
    columns = (replace(feature, mean=0.0, std=1.0, knots=()) for feature in description.features)
    catalogue_classes = survey_recipe(description.survey).catalogue_classes
    return Recipe(
        survey=description.survey,
        name=description.name,
        classes=description.classes,
        catalogue_classes=tuple(name for name in catalogue_classes if name in description.classes),
        stamps=description.stamps,
        stamp_shape=description.stamp_shape,
        crop=description.crop,
        kernel=description.kernel,
        features=tuple(columns),
    )


def without_features(recipe: Recipe, names: Collection[str]) -> Recipe:
    """Return the recipe without these features. Raises ConfigError for an unknown feature."""
    known = [feature.name for feature in recipe.features]
    if unknown := sorted(set(names) - set(known)):
        raise ConfigError(
            f"{', '.join(unknown)}: unknown features; {recipe.survey} has {', '.join(known)}"
        )
    return replace(recipe, features=tuple(one for one in recipe.features if one.name not in names))
