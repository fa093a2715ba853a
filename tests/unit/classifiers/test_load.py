from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from stampapp import classifiers
from stampapp.alerts.surveys import Survey
from stampapp.classifiers.base import EngineInUse
from stampapp.classifiers.network.hardware import BFLOAT16_FLAGS, processor_flags
from stampapp.classifiers.survey_classifier import NetworkClassifier
from stampapp.config.compute import ComputeSettings, Device, Engine, Precision
from stampapp.config.model_settings import ModelSettings
from stampapp.errors import ConfigError
from stampapp.results.outcome import Classification
from tests.support.atlas import CLASSES, atlas_alert
from tests.support.models import write_atlas


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "atlas"
    write_atlas(folder)
    return folder


def settings(survey: Survey, folder: Path, **names: str) -> ModelSettings:
    return ModelSettings(
        survey=survey, path=folder, name=names.get("name"), version=names.get("version")
    )


def test_a_model_folder_for_atlas_classifies_atlas_alerts(folder: Path) -> None:
    found = classifiers.load(settings(Survey.ATLAS, folder))
    assert isinstance(found, NetworkClassifier)
    assert (found.name, found.version, found.classes) == ("tried_on_atlas", "0.1", CLASSES)
    assert found.provenance == (
        f"a model trained on simulated alerts, from {folder};"
        " for production use the published weights"
    )
    (result,) = found.classify([found.prepare_alert(atlas_alert(mag=17.0))])
    assert isinstance(result, Classification)
    assert sum(result.probabilities.values()) == pytest.approx(1.0, abs=1e-6)


def test_the_settings_may_give_it_other_names(folder: Path) -> None:
    found = classifiers.load(settings(Survey.ATLAS, folder, name="mine", version="7"))
    assert (found.name, found.version) == ("mine", "7")


@pytest.mark.parametrize("rule", [True, False])
def test_a_classifier_knows_whether_the_rule_for_solar_system_objects_applies(
    folder: Path, rule: bool
) -> None:
    found = classifiers.load(replace(settings(Survey.ATLAS, folder), solar_system_rule=rule))
    assert isinstance(found, NetworkClassifier)
    assert found.solar_system_rule is rule


def test_a_classifier_has_its_engine_device_and_precision(folder: Path) -> None:
    coarse = ComputeSettings(device=Device.CPU, precision=Precision.BFLOAT16)
    tensorflow = ComputeSettings(device=Device.CPU, engine=Engine.TENSORFLOW)
    found = classifiers.load(replace(settings(Survey.ATLAS, folder), compute=tensorflow))
    assert (found.device, found.precision, found.parallel) == ("the CPU", "float32", True)
    assert found.engine == EngineInUse(name=Engine.TENSORFLOW)
    if not processor_flags() & BFLOAT16_FLAGS:
        pytest.skip("this processor has no bfloat16")
    found = classifiers.load(replace(settings(Survey.ATLAS, folder), compute=coarse))
    assert (found.device, found.precision) == ("the CPU", "bfloat16")
    assert found.engine.reason == "MODEL_PRECISION is bfloat16"


def test_a_model_for_another_survey_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="is for ATLAS, CLASSIFIER_STRATEGY is ZTF"):
        classifiers.load(settings(Survey.ZTF, folder))


@pytest.mark.parametrize(
    ("survey", "source"),
    [
        (Survey.ATLAS, r"train one .* or install the package"),
        (Survey.ZTF, r"faust -A stampapp import-model PATH --into {folder}"),
    ],
)
def test_a_missing_model_is_an_error_that_says_how_to_get_one(
    survey: Survey, source: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=source.format(folder=tmp_path)):
        classifiers.load(settings(survey, tmp_path))


def test_a_file_is_no_folder_to_import_into(tmp_path: Path) -> None:
    packed, other = tmp_path / "model.zip", tmp_path / "network.keras"
    zipfile.ZipFile(packed, "w").close()
    other.write_text("words")
    with pytest.raises(ConfigError, match=f"^{packed} is a zip, .* unzip it") as refused:
        classifiers.load(settings(Survey.ZTF, packed))
    assert str(refused.value).count(f"import-model {packed} --into FOLDER") == 1
    assert "is missing" not in str(refused.value)
    with pytest.raises(ConfigError, match=f"^{other} is a file, not a model folder$"):
        classifiers.load(settings(Survey.ZTF, other))
