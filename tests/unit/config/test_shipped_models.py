from __future__ import annotations

from pathlib import Path

import pytest

from stampapp.alerts.surveys import Survey
from stampapp.classifiers.model_folder.store import read_description
from stampapp.config.model_settings import load_model_settings
from stampapp.config.shipped_models import default_model, shipped_model


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("survey", list(Survey))
def test_the_package_has_a_model_for_every_survey(survey: Survey) -> None:
    assert read_description(shipped_model(survey)).survey is survey


def test_without_a_model_in_the_working_directory_it_is_the_default(tmp_path: Path) -> None:
    assert default_model(Survey.ZTF) == shipped_model(Survey.ZTF)
    found = load_model_settings(Survey.ATLAS, None)
    assert found.path == shipped_model(Survey.ATLAS)
    assert not found.path_is_set


def test_a_folder_in_the_working_directory_goes_before_it_even_if_it_is_empty() -> None:
    folder = Path("model/ztf")
    folder.mkdir(parents=True)
    assert default_model(Survey.ZTF) == folder
    assert default_model(Survey.ATLAS) == shipped_model(Survey.ATLAS)
