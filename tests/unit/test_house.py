"""House rules that ARCHITECTURE.md states and a test can hold."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from stampapp.alerts.surveys import Survey
from stampapp.config import settings
from stampapp.config.environment import Reader

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "stampapp"
MODULES = (".py", ".pyc")
ASSIGNMENT = re.compile(r"^#?([A-Z][A-Z0-9_]+)=(.*)$", re.MULTILINE)


def loaded_by(statement: str, folder: Path) -> set[str]:
    """The top-level packages in a fresh interpreter after this statement."""
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


def test_the_pure_rooms_need_neither_faust_nor_kafka_nor_the_environment(tmp_path: Path) -> None:
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


def keys() -> list[str]:
    """Every key that a worker reads, without the older names."""
    reader = Reader({**REQUIRED, "CONSUMER_SERVER": "one:9092"}.get)
    return [one.key for one in settings.load(reader).readings]


REQUIRED = {
    "CLASSIFIER_STRATEGY": "ZTF",
    "CONSUMER_TOPICS": "alerts",
    "CONSUMER_SERVER": "one:9092",
    "CONSUMER_GROUP_ID": "group",
    "PRODUCER_TOPIC_FORMAT": "out_%s",
    "SCRIBE_TOPIC": "scribe",
    "METRICS_TOPIC": "metrics",
}


@pytest.fixture(scope="module")
def example() -> dict[str, str]:
    """The assignments of .env.example, those that are commented out too."""
    return dict(ASSIGNMENT.findall((ROOT / ".env.example").read_text()))


def test_the_example_has_every_key_that_is_read_and_no_other(example: dict[str, str]) -> None:
    assert sorted(example) == sorted(keys())


def test_the_example_leaves_open_what_it_does_not_comment_out(example: dict[str, str]) -> None:
    text = (ROOT / ".env.example").read_text()
    active = {key for key in example if re.search(rf"^{key}=", text, re.MULTILINE)}
    assert active >= REQUIRED.keys()


def test_what_the_example_comments_out_is_the_default(example: dict[str, str]) -> None:
    def without_origins(found: settings.Settings) -> settings.Settings:
        return replace(found, readings=(), model=replace(found.model, chosen=True))

    plain = settings.load(Reader(REQUIRED.get))
    told = {key: value for key, value in example.items() if value and key not in REQUIRED}
    explicit = settings.load(Reader({**told, **REQUIRED}.get))
    assert without_origins(explicit) == without_origins(plain)


def test_the_wheel_gets_every_file_that_is_no_module() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]
    told = {
        found
        for package, globs in patterns.items()
        for pattern in globs
        for found in (ROOT / package.replace(".", "/")).glob(pattern)
    }
    # `stampapp/model` is a link, which rglob does not follow.
    folders = [PACKAGE, *(PACKAGE / "model" / survey.lower() for survey in Survey)]
    files = {path for folder in folders for path in folder.rglob("*") if path.is_file()}
    assert told == {path for path in files if path.suffix not in MODULES}
    assert PACKAGE / "web" / "static" / "page.html" in told
    assert PACKAGE / "model" / "ztf" / "model.json" in told
