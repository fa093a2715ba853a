from __future__ import annotations

from pathlib import Path

import pytest

from stampapp.alerts.surveys import Survey
from stampapp.classifiers.model_folder.store import read_description
from stampapp.classifiers.tf1_import.importer import import_published
from stampapp.errors import ConfigError
from stampapp.training.data import recipes
from stampapp.training.data.atlas import PLUGIN as ATLAS
from stampapp.training.data.recipes import survey_recipe
from stampapp.training.data.ztf import PLUGIN as ZTF

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def test_there_is_a_recipe_for_every_survey() -> None:
    for recipe in map(survey_recipe, Survey):
        assert set(recipe.catalogue_classes) < set(recipe.classes)
        assert {(one.mean, one.std) for one in recipe.features} == {(0.0, 1.0)}


def test_ztf_has_the_columns_and_clips_of_the_weights_of_june_2020_but_for_the_position(
    shared_data: Path, tmp_path: Path
) -> None:
    published = import_published(shared_data / "ztf_model_2020-06.zip", tmp_path, None)
    theirs = [
        (one.name, one.lower, one.upper)
        for one in published.features
        if one.name not in ("ra", "dec", "ecl_long", "ecl_lat", "gal_long", "gal_lat")
    ]
    own = [(one.name, one.lower, one.upper) for one in ZTF.features]
    assert [one for one in own if not one[0].startswith("abs_")] == theirs
    assert {one[0] for one in own} >= {"abs_ecl_lat", "abs_gal_lat"}
    for name in ("classes", "stamps", "stamp_shape", "crop", "kernel", "survey"):
        assert getattr(published, name) == getattr(ZTF, name)


def test_recipe_of_an_imported_model_has_its_features(shared_data: Path, tmp_path: Path) -> None:
    published = import_published(shared_data / "ztf_model_2020-06.zip", tmp_path, None)
    recipe = recipes.recipe_of_model(published)
    assert [(one.name, one.lower, one.upper) for one in recipe.features] == [
        (one.name, one.lower, one.upper) for one in published.features
    ]


def test_recipe_of_a_model_with_knots_prepares_plain_values() -> None:
    description = read_description(Path("model/lsst"))
    assert all(feature.knots for feature in description.features)
    assert [
        (one.name, one.mean, one.std, one.knots)
        for one in recipes.recipe_of_model(description).features
    ] == [(one.name, 0.0, 1.0, ()) for one in description.features]


def test_atlas_has_the_derived_template_as_third_channel() -> None:
    assert ATLAS.stamps == ("science", "difference", "template")
    assert ATLAS.stamp_shape == (61, 61)


def test_features_are_left_out_by_name() -> None:
    names = [one.name for one in recipes.without_features(ZTF, ["rb", "fwhm"]).features]
    assert len(names) == len(ZTF.features) - 2
    assert not {"rb", "fwhm"} & set(names)
    assert recipes.without_features(ZTF, []) == ZTF


def test_leaving_out_an_unknown_feature_raises() -> None:
    with pytest.raises(ConfigError, match="colour: unknown features; ZTF has sgscore1, "):
        recipes.without_features(ZTF, ["rb", "colour"])
