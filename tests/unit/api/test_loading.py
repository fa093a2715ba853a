from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from stampapp.alerts.surveys import Survey
from stampapp.api.loading import load_classifier
from stampapp.config.shipped_models import shipped_model
from stampapp.errors import ConfigError
from tests.support.models import write_atlas
from tests.support.native import needs_native


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model for ATLAS, named otherwise than the one that ships."""
    folder = tmp_path_factory.mktemp("model") / "mine"
    write_atlas(folder)
    return folder


@needs_native
@pytest.mark.parametrize("survey", Survey)
def test_a_survey_has_the_model_that_ships(survey: Survey) -> None:
    found = load_classifier(survey.lower())
    assert str(shipped_model(survey)) in found.provenance
    assert found.engine.startswith("the native engine")
    (result,) = found.classify(shipped_model(survey) / "sample.avro")
    assert result.class_name in found.classes
    assert (result.classifier_name, result.classifier_version) == (found.name, found.version)


def test_settings_of_a_worker_change_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    expected = repr(load_classifier("ATLAS"))
    settings = {
        "CLASSIFIER_STRATEGY": "ZTF",
        "MODEL_PATH": str(folder),
        "MODEL_NAME": "other",
        "MODEL_VERSION": "7",
        "INFERENCE_ENGINE": "tensorflow",
        "SCHEMA_PATH": "/nowhere",
    }
    for key, value in settings.items():
        monkeypatch.setenv(key, value)
    (tmp_path / ".env").write_text("MODEL_NAME=another\nDEVICE=gpu\n")
    shutil.copytree(folder, tmp_path / "model" / "atlas")
    monkeypatch.chdir(tmp_path)
    assert repr(load_classifier("ATLAS")) == expected


def test_a_model_folder_says_its_survey_itself(folder: Path) -> None:
    found = load_classifier(folder, engine="native")
    assert (found.name, found.version) == ("tried_on_atlas", "0.1")
    assert f"from {folder}" in found.provenance
    assert load_classifier(str(folder)).name == "tried_on_atlas"


def test_a_model_folder_may_be_in_a_zip(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for file in folder.iterdir():
            packed.write(file, f"mine/{file.name}")
    found, unpacked = load_classifier(path), load_classifier(folder)
    sample = shipped_model(Survey.ATLAS) / "sample.avro"
    assert list(found.classify(sample)) == list(unpacked.classify(sample))
    assert found.provenance == unpacked.provenance.replace(str(folder), str(path))


def test_the_rule_for_solar_system_objects_can_be_switched_off(shared_data: Path) -> None:
    rules = [
        sum(bool(one.rule and "solar-system" in one.rule) for one in found)
        for found in (
            load_classifier("ZTF", solar_system_rule=rule).classify(shared_data / "ztf_raw")
            for rule in (True, False)
        )
    ]
    assert rules == [10, 0]


@pytest.mark.parametrize(
    ("model", "options", "problem"),
    [
        ("ztff", {}, r"there is no ztff: give the name of a survey \(ZTF or ATLAS or LSST\)"),
        ("", {}, "model is '': it is empty"),
        ("ZTF", {"engine": "fast"}, "engine is 'fast': one of auto, native, tensorflow"),
        ("ZTF", {"device": "tpu"}, "device is 'tpu': one of auto, cpu, gpu"),
        ("ZTF", {"engine": None}, "engine is None: one of auto, native, tensorflow"),
        ("ZTF", {"solar_system_rule": "no"}, "solar_system_rule is 'no': True or False is"),
        ("ZTF", {"schema_path": "gone"}, "gone"),
        ("http://models.example/ztf.zip", {}, "model is 'http://.*no other protocol than https"),
        ("https://models.example/ztf.zip", {}, "an address needs the checksum"),
    ],
)
def test_what_cannot_be_used_is_named(
    model: str,
    options: dict[str, Any],
    problem: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=problem):
        load_classifier(model, **options)


def test_a_file_that_is_no_zip_of_a_model_is_named(tmp_path: Path) -> None:
    words, empty = tmp_path / "words.zip", tmp_path / "empty.zip"
    words.write_text("words")
    zipfile.ZipFile(empty, "w").close()
    with pytest.raises(ConfigError, match=r"words\.zip is neither a folder nor a readable zip"):
        load_classifier(words)
    neither = r"no model in .*empty\.zip: neither the model\.json of a model folder, nor a checkp"
    with pytest.raises(ConfigError, match=neither):
        load_classifier(empty)


@pytest.mark.parametrize("model", [None, 7, b"ZTF"])
def test_what_is_neither_text_nor_a_path_is_a_type_error(model: Any) -> None:
    with pytest.raises(TypeError, match="the name of a survey, a path or an address is expected"):
        load_classifier(model)
