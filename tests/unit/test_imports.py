"""What importing the app and the parts below it loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import stampapp
from tests.support.native import needs_native

ROOT = Path(__file__).parents[2]


def loaded_by(statement: str, folder: Path) -> set[str]:
    """Return the top-level packages that a fresh interpreter has loaded after this statement."""
    program = f"{statement}\nimport sys\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(done.stdout.split())


def test_the_app_is_imported_without_tensorflow_and_without_settings(tmp_path: Path) -> None:
    found = loaded_by("from stampapp import app; app.discover()", tmp_path)
    assert "faust" in found
    assert not found & {"tensorflow", "keras", "astropy", "galsim"}


@needs_native
def test_the_native_engine_classifies_without_tensorflow(tmp_path: Path) -> None:
    program = """
from pathlib import Path
from stampapp import classifiers
from stampapp.alerts.surveys import Survey
from stampapp.config.model_settings import ModelSettings
from stampapp.config.shipped_models import shipped_model

for survey in Survey:
    path = shipped_model(survey)
    found = classifiers.load(ModelSettings(survey=survey, path=path, name=None, version=None))
    found.warm_up()
    assert found.engine.name == "native"
"""
    found = loaded_by(program, tmp_path)
    assert "h5py" in found
    assert not found & {"tensorflow", "keras", "galsim"}


def test_what_is_no_published_model_is_refused_without_tensorflow(tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("no zip")
    (tmp_path / "empty").mkdir()
    (tmp_path / "damaged").mkdir()
    for name in ("feature_norm_stats.pkl", "model.index", "model.data-00000-of-00001"):
        (tmp_path / "damaged" / name).touch()
    program = """
from pathlib import Path
from stampapp.commands.import_model import import_published_model
from stampapp.errors import ConfigError

for name in ("nowhere.zip", "text.zip", "empty", "damaged"):
    try:
        import_published_model(Path(name), None, None)
    except ConfigError as error:
        assert name in str(error) or "there is no checkpoint" in str(error), error
    else:
        raise AssertionError(name)
"""
    assert not loaded_by(program, tmp_path) & {"tensorflow", "keras"}


def test_decoding_and_encoding_load_neither_faust_nor_kafka_nor_the_environment(
    tmp_path: Path,
) -> None:
    modules = (
        "alerts.packets",
        "avro.reader",
        "features.metadata",
        "kafka.cluster",
        "kafka.nightly_topic",
        "results.encoding",
        "stamps.fits_header",
        "stamps.fits_image",
        "worker.offset_tracker",
    )
    found = loaded_by("\n".join(f"import stampapp.{name}" for name in modules), tmp_path)
    assert "numpy" in found
    assert not found & {"faust", "mode", "aiokafka", "tensorflow", "keras", "decouple", "astropy"}


def test_importing_the_package_loads_nothing_until_a_name_is_asked_for(tmp_path: Path) -> None:
    slow = {"numpy", "astropy", "PIL", "faust", "aiokafka", "decouple", "tensorflow", "pandas"}
    assert not loaded_by("import stampapp; dir(stampapp)", tmp_path) & slow
    found = loaded_by("from stampapp import *; assert callable(load_classifier)", tmp_path)
    assert {"numpy", "astropy"} <= found
    assert not found & {"faust", "tensorflow", "pandas", "matplotlib", "galsim"}


def test_every_name_that_is_offered_is_found() -> None:
    for name in stampapp.__all__:
        assert getattr(stampapp, name) is not None
        assert name in dir(stampapp)
    assert not hasattr(stampapp, "classify")
