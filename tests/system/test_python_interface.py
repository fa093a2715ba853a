"""A program that imports stampapp gets what `classify` prints, on real alerts of each survey."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.stopwatch import AMPLE
from tests.support.worker import clean_environment, command

PROGRAM = """
import json, sys
import stampapp

model, *paths = sys.argv[1:]
classifier = stampapp.load_classifier(model)
for one in classifier.classify(paths):
    print(json.dumps({name: getattr(one, name) for name in (
        "candid", "aid", "oid", "mjd", "probabilities", "class_name", "rule", "error",
        "classifier_name", "classifier_version",
    )}))
"""
# What must not change what a notebook gives.
OTHER = {"CLASSIFIER_STRATEGY": "LSST", "MODEL_PATH": "/nowhere", "MODEL_NAME": "other"}


def rows(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def by_program(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", PROGRAM, *arguments],
        cwd=folder,
        env=clean_environment() | OTHER,
        capture_output=True,
        text=True,
        timeout=AMPLE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return rows(done.stdout)


@pytest.mark.parametrize(
    ("survey", "names", "count"),
    [
        ("ZTF", ["ztf_raw", "ztf_sorting_hat_unreadable.avro"], 41),
        ("ATLAS", ["atlas_raw"], 6),
        ("LSST", ["lsst_raw"], 17),
    ],
)
def test_a_survey_gives_what_the_command_prints(
    survey: str, names: list[str], count: int, shared_data: Path, tmp_path: Path
) -> None:
    paths = [str(shared_data / name) for name in names]
    done = command(*("classify", "--json", "--every-alert", "--survey", survey), *paths)
    found = by_program(tmp_path, survey, *paths)
    assert len(found) == count
    assert found == rows(done.stdout)


def test_a_published_zip_gives_what_its_imported_folder_does(
    classified: dict[str, dict[str, Any]], shared_data: Path, tmp_path: Path
) -> None:
    archive = shared_data / "ztf_model_2020-06.zip"
    found = by_program(tmp_path, str(archive), str(shared_data / "ztf_sorting_hat.avro"))
    assert {row["candid"]: row for row in found} == classified
