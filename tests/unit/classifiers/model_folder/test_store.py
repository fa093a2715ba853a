from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stampapp.alerts.surveys import Survey
from stampapp.classifiers.model_folder.self_test import (
    SELF_TEST_FILE,
    SelfTest,
    example_inputs,
    read_self_test,
)
from stampapp.classifiers.model_folder.store import (
    Feature,
    ModelDescription,
    Origin,
    add_self_test,
    read_description,
    sha256_of,
    write_model,
)
from stampapp.errors import ConfigError

CONTENT_SHA = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
FEATURES = (
    Feature(name="sgscore1", mean=0.7, std=0.4, lower=-1.0, upper=None),
    Feature(name="chinr", mean=1.0, std=2.5, lower=-1.0, upper=15.0),
)
DESCRIPTION = ModelDescription(
    name="stamp_classifier",
    version="staging_model-01234567",
    survey=Survey.ZTF,
    classes=("AGN", "SN"),
    features=FEATURES,
    stamps=("science", "template", "difference"),
    stamp_shape=(63, 63),
    crop=21,
    kernel=3,
    network_file="network.keras",
    network_sha256="",
    origin=Origin.IMPORTED,
    source="staging_model in model.zip",
    source_sha256="0" * 64,
)


def save_content(path: Path) -> None:
    path.write_bytes(b"content")


def save_new(path: Path) -> None:
    path.write_bytes(b"new")


def written(folder: Path) -> dict[str, Any]:
    write_model(folder, DESCRIPTION, save_content)
    document: dict[str, Any] = json.loads((folder / "model.json").read_text())
    return document


def test_sha256_of_one_file_and_of_its_halves(tmp_path: Path) -> None:
    for name, content in {"whole": b"content", "a": b"con", "b": b"tent"}.items():
        (tmp_path / name).write_bytes(content)
    assert sha256_of(tmp_path / "whole") == CONTENT_SHA
    assert sha256_of(tmp_path / "a", tmp_path / "b") == CONTENT_SHA


def test_what_is_written_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "model" / "ztf"
    description = write_model(folder, DESCRIPTION, save_content)
    assert read_description(folder) == description
    assert description.network_sha256 == CONTENT_SHA
    assert description.network_file == "network-ed7002b4.keras"
    assert sorted(path.name for path in folder.iterdir()) == [
        "model.json",
        "network-ed7002b4.keras",
    ]
    assert asdict(description) | {"network_sha256": "", "network_file": "network.keras"} == asdict(
        DESCRIPTION
    )


def test_a_new_model_replaces_the_old_one_with_its_card_and_nothing_else(tmp_path: Path) -> None:
    written(tmp_path)
    for name in ("MODEL_CARD.md", "confusion.png"):
        (tmp_path / name).write_text("of the old model")
    (tmp_path / "NOTES.md").write_text("mine")
    final = write_model(tmp_path, DESCRIPTION, save_new)
    assert read_description(tmp_path) == final
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["NOTES.md", "model.json", final.network_file]


def self_test() -> SelfTest:
    images, features = example_inputs(DESCRIPTION)
    probabilities = np.full((len(images), 2), 0.5, np.float32)
    return SelfTest(images=images, features=features, probabilities=probabilities)


def test_the_self_test_is_written_for_the_network_and_goes_with_it(tmp_path: Path) -> None:
    first = write_model(tmp_path, DESCRIPTION, save_content, self_test())
    assert read_self_test(tmp_path, first) is not None
    # The same network keeps the answers that it has.
    assert write_model(tmp_path, DESCRIPTION, save_content) == first
    assert read_self_test(tmp_path, first) is not None
    second = write_model(tmp_path, DESCRIPTION, save_new, self_test())
    assert read_self_test(tmp_path, second) is not None
    assert read_self_test(tmp_path, first) is None
    write_model(tmp_path, DESCRIPTION, save_content)
    assert not (tmp_path / SELF_TEST_FILE).exists()


def test_a_self_test_is_added_to_a_folder_that_has_none(tmp_path: Path) -> None:
    description = write_model(tmp_path, DESCRIPTION, save_content)
    before = sorted(path.name for path in tmp_path.iterdir())
    add_self_test(tmp_path, description, self_test())
    assert read_self_test(tmp_path, description) is not None
    assert sorted(path.name for path in tmp_path.iterdir()) == [*before, SELF_TEST_FILE]


def test_a_folder_that_is_gone_gets_no_self_test(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"the self-test cannot be written into .*gone"):
        add_self_test(tmp_path / "gone", DESCRIPTION, self_test())


def test_a_model_for_one_survey_does_not_replace_one_for_another(tmp_path: Path) -> None:
    before = written(tmp_path)
    other = replace(DESCRIPTION, survey=Survey.ATLAS)
    with pytest.raises(ConfigError, match="holds a model for ZTF, this one is for ATLAS"):
        write_model(tmp_path, other, save_new)
    assert json.loads((tmp_path / "model.json").read_text()) == before


def test_a_failure_leaves_the_old_model(tmp_path: Path) -> None:
    before = written(tmp_path)

    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(ConfigError, match=r"cannot be written into .*No space left"):
        write_model(tmp_path, DESCRIPTION, fail)
    assert json.loads((tmp_path / "model.json").read_text()) == before
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["model.json", before["network_file"]]


def test_the_same_model_again(tmp_path: Path) -> None:
    before = written(tmp_path)
    assert written(tmp_path) == before
    assert (tmp_path / before["network_file"]).read_bytes() == b"content"


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "ztf").write_text("")
    with pytest.raises(ConfigError, match=r"cannot be written into .*ztf"):
        write_model(tmp_path / "ztf", DESCRIPTION, save_content)
    with pytest.raises(ConfigError, match=r"ztf is a file, not a model folder"):
        read_description(tmp_path / "ztf")


WRONG: list[tuple[str, object, str]] = [
    ("extra", 1, "unknown extra"),
    ("name", "", "name is '', not printable text"),
    ("name", 7, "name is 7, not printable text"),
    ("version", "a\nb", "version is"),
    ("survey", "GAIA", "survey is 'GAIA', not one of ZTF, ATLAS, LSST"),
    ("classes", [], r"classes is of type list, not a list of one or more"),
    ("classes", "AGN", "classes is 'AGN', not a list"),
    ("classes", ["AGN", "AGN"], "classes has AGN more than once"),
    ("classes", ["AGN", None], r"classes\[1\] is None, not printable text"),
    ("stamps", {}, "stamps is of type dict"),
    ("stamp_shape", [63], "stamp_shape has 1 numbers"),
    ("stamp_shape", [63, 63.0], r"stamp_shape\[1\] is 63.0, not a whole number"),
    ("stamp_shape", [63, True], r"stamp_shape\[1\] is True, not a whole number"),
    ("crop", 0, "crop is 0, not a whole number"),
    ("crop", 64, "crop is 64, more than stamp_shape has: 63x63"),
    ("kernel", 10**6, "kernel is 1000000"),
    ("network_file", "../network.keras", "network_file is '../network.keras'"),
    ("network_file", ".hidden", "network_file is"),
    ("network_sha256", "ABC", "network_sha256 is 'ABC', not a SHA-256"),
    ("origin", "found", "origin is 'found', not one of imported, trained on simulated alerts"),
    ("source", "", "source is '', not printable text"),
    ("source_sha256", "0" * 65, "source_sha256 is"),
    ("features", [], "features is of type list"),
    ("features", [1], r"features\[0\] is 1, not an object"),
]


@pytest.mark.parametrize(("key", "value", "message"), WRONG)
def test_a_wrong_value_is_named(tmp_path: Path, key: str, value: object, message: str) -> None:
    document = written(tmp_path) | {key: value}
    (tmp_path / "model.json").write_text(json.dumps(document))
    with pytest.raises(ConfigError, match=rf"model\.json: .*{message}"):
        read_description(tmp_path)


@pytest.mark.parametrize("key", [*asdict(DESCRIPTION)])
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    document = written(tmp_path)
    del document[key]
    (tmp_path / "model.json").write_text(json.dumps(document))
    with pytest.raises(ConfigError, match=f"lacks {key}$"):
        read_description(tmp_path)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("mean", "1", r"features\[1\] \(chinr\)\.mean is '1', not a number"),
        ("mean", True, r"\(chinr\)\.mean is True, not a number"),
        ("mean", float("nan"), r"\(chinr\)\.mean is nan, not a finite number"),
        ("mean", 10**400, r"\(chinr\)\.mean is inf"),
        ("std", 0, r"\(chinr\)\.std is 0.0, not above 0"),
        ("std", float("inf"), r"\(chinr\)\.std is inf"),
        ("lower", 15, r"\(chinr\)\.lower is 15.0, not below upper, 15.0"),
        ("upper", [], r"\(chinr\)\.upper is of type list"),
        ("name", "sgscore1", "features has sgscore1 more than once"),
        ("weight", 1, r"features\[1\] has the unknown weight"),
        ("knots", [1.0] * 24, r"\(chinr\)\.knots has 24 numbers, not 25"),
        ("knots", [*range(24), 0], r"\(chinr\)\.knots do not ascend"),
        ("knots", [*range(24), None], r"\(chinr\)\.knots\[24\] is None, not a number"),
        ("knots", [], r"\(chinr\)\.knots is of type list, not a list of one or more"),
    ],
)
def test_a_wrong_feature_is_named(tmp_path: Path, key: str, value: object, message: str) -> None:
    document = written(tmp_path)
    document["features"][1][key] = value
    (tmp_path / "model.json").write_text(json.dumps(document))
    with pytest.raises(ConfigError, match=message):
        read_description(tmp_path)


def test_features_may_have_knots(tmp_path: Path) -> None:
    first, second = DESCRIPTION.features
    scored = replace(second, knots=tuple(float(at) for at in range(25)))
    write_model(tmp_path, replace(DESCRIPTION, features=(first, scored)), save_content)
    document = json.loads((tmp_path / "model.json").read_text())
    assert "knots" not in document["features"][0]
    assert read_description(tmp_path).features == (first, scored)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "not valid JSON"),
        (b"\xff\xfe\xfd", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b'{"name": 1, "name": 2}', "not valid JSON: a key is there twice"),
        (b"[]", "the document is of type list, not an object"),
        (b" " * (1 << 20) + b"{}", "larger than"),
    ],
)
def test_what_is_no_description(tmp_path: Path, text: bytes, message: str) -> None:
    (tmp_path / "model.json").write_bytes(text)
    with pytest.raises(ConfigError, match=message):
        read_description(tmp_path)


def test_nothing_is_written_that_cannot_be_read(tmp_path: Path) -> None:
    before = written(tmp_path)
    broken = ModelDescription(**{**_fields(), "classes": ("SN", "SN")})
    with pytest.raises(ConfigError, match="classes has SN more than once"):
        write_model(tmp_path, broken, save_content)
    assert json.loads((tmp_path / "model.json").read_text()) == before


def _fields() -> dict[str, Any]:
    return {name: getattr(DESCRIPTION, name) for name in DESCRIPTION.__slots__}


def test_tensorflow_stays_out() -> None:
    script = (
        "import sys, stampapp.classifiers.model_folder.store, stampapp.commands.import_model\n"
        "print({'tensorflow', 'keras'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout == b"set()\n"
