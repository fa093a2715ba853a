"""What importing the app and the parts below it loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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
