"""What is said where TensorFlow is not installed, as in the lean image."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stampapp.alerts.surveys import Survey
from stampapp.classifiers.model_folder.self_test import SELF_TEST_FILE
from stampapp.config.shipped_models import shipped_model
from tests.support.native import needs_native

# An interpreter that has everything but TensorFlow.
ABSENT = """
import importlib.util, sys
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "tensorflow" else found(name, *rest)
sys.modules["tensorflow"] = sys.modules["keras"] = None
"""
LOAD = """
from pathlib import Path
from stampapp import classifiers
from stampapp.alerts.surveys import Survey
from stampapp.config.compute import ComputeSettings, Device, Engine, Precision
from stampapp.config.model_settings import ModelSettings

def load(folder, **compute):
    found = classifiers.load(ModelSettings(survey=Survey.ZTF, path=Path(folder), name=None,
                                           version=None, compute=ComputeSettings(**compute)))
    found.warm_up()
    print(found.engine)
"""


def without_tensorflow(program: str) -> str:
    """Return what a program prints, or its last line where it fails."""
    done = subprocess.run(
        [sys.executable, "-c", ABSENT + program],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout.strip() or done.stderr.splitlines()[-1]


@needs_native
def test_the_native_engine_does_without() -> None:
    folder = shipped_model(Survey.ZTF)
    assert without_tensorflow(f"{LOAD}load({str(folder)!r})").startswith("the native engine (")


MISSING = "TensorFlow is not installed, which trains and imports models and runs networks on GPUs"


@needs_native
@pytest.mark.parametrize(
    ("compute", "words"),
    [
        ("engine=Engine.TENSORFLOW", f"ConfigError: {MISSING}"),
        (
            "precision=Precision.BFLOAT16",
            f"the native engine cannot be used (MODEL_PRECISION is bfloat16), and {MISSING}",
        ),
        (
            "device=Device.GPU",
            f"the native engine cannot be used (DEVICE is gpu), and {MISSING}",
        ),
    ],
)
def test_what_needs_tensorflow_names_it(compute: str, words: str) -> None:
    found = without_tensorflow(f"{LOAD}load({str(shipped_model(Survey.ZTF))!r}, {compute})")
    assert words in found
    assert "`make image`" in found
    assert "`pip install tensorflow`" in found


def test_a_model_without_a_self_test_names_it(tmp_path: Path) -> None:
    folder = shutil.copytree(shipped_model(Survey.ZTF), tmp_path / "ztf")
    (folder / SELF_TEST_FILE).unlink()
    found = without_tensorflow(f"{LOAD}load({str(folder)!r})")
    assert f"`faust -A stampapp add-self-test {folder}` adds), and {MISSING}" in found


@pytest.mark.parametrize(
    "call",
    [
        "from stampapp.commands import import_model as m; m.import_published_model(1, None, None)",
        "from stampapp.training import train",
    ],
)
def test_importing_and_training_name_it(call: str) -> None:
    assert f"ConfigError: {MISSING}" in without_tensorflow(call)
