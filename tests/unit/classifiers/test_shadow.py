from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from stampapp import classifiers
from stampapp.alerts.surveys import Survey
from stampapp.classifiers.shadow import classify_again, is_in_share, load_shadow
from stampapp.config.model_settings import ModelSettings
from stampapp.config.shadow_settings import shadow_of
from stampapp.config.shipped_models import shipped_model
from stampapp.errors import BadAlert, ConfigError
from stampapp.results.outcome import Outcome, OutcomeKind
from tests.support.alerts import alert
from tests.support.fake_classifier import FakeClassifier, classification

LIVE = ModelSettings(
    survey=Survey.ZTF, path=shipped_model(Survey.ZTF), name="renamed", version="9.9.9"
)


def test_a_shadow_has_the_name_and_version_of_its_own_folder() -> None:
    live = classifiers.load(LIVE)
    shadow = load_shadow(shadow_of(LIVE, LIVE.path), live)
    assert (live.name, live.version) == ("renamed", "9.9.9")
    assert shadow.name == "stampapp_ztf_simulated"
    assert shadow.version != "9.9.9"


def test_a_folder_without_a_model_is_reported_by_its_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^SHADOW_MODEL_PATH: ") as error:
        load_shadow(shadow_of(LIVE, tmp_path), FakeClassifier())
    assert str(tmp_path) in str(error.value)


def test_a_model_of_another_survey_is_reported_by_its_setting() -> None:
    chosen = shadow_of(LIVE, shipped_model(Survey.ATLAS))
    with pytest.raises(ConfigError, match="set SHADOW_MODEL_PATH to a model for ZTF"):
        load_shadow(chosen, FakeClassifier())


def test_a_model_with_other_classes_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"SHADOW_MODEL_PATH: .* the live one SN, bogus"):
        load_shadow(shadow_of(LIVE, LIVE.path), FakeClassifier())


def test_a_share_takes_the_same_objects_each_time_and_more_with_a_larger_share() -> None:
    names = [f"ZTF20{number:07}" for number in range(4000)]
    quarter = {name for name in names if is_in_share(name, 0.25)}
    half = {name for name in names if is_in_share(name, 0.5)}
    assert len(quarter) == pytest.approx(1000, abs=120)
    assert quarter < half
    assert not any(is_in_share(name, 0.0) for name in names)
    assert all(is_in_share(name, 1.0) for name in names)


def test_an_alert_that_the_shadow_cannot_read_has_an_error() -> None:
    def check(one: object) -> None:
        if one is unreadable:
            raise BadAlert("feature-missing", "the feature is missing")

    good, unreadable = alert(aid="A", candid="1"), alert(aid="A", candid="2")
    live = [
        Outcome(kind=OutcomeKind.CLASSIFIED, alert=one, classification=classification(one))
        for one in (good, unreadable)
    ]
    again = classify_again(live, FakeClassifier(check=check))
    assert [one.kind for one in again] == [OutcomeKind.CLASSIFIED, OutcomeKind.DEAD_LETTERED]
    assert again[0].classification == replace(classification(good))
