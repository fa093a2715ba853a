"""What the wheel contains besides modules."""

from __future__ import annotations

import tomllib
from pathlib import Path

from stampapp.alerts.surveys import Survey

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "stampapp"
MODULES = (".py", ".pyc", ".so")
# The source of the native engine is in the source distribution only.
SOURCES = (".cpp", ".hpp", ".h")


def test_the_wheel_gets_every_file_that_is_no_module() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]
    declared = {
        found
        for package, globs in patterns.items()
        for pattern in globs
        for found in (ROOT / package.replace(".", "/")).glob(pattern)
    }
    # `stampapp/model` is a link, which rglob does not follow.
    folders = [PACKAGE, *(PACKAGE / "model" / survey.lower() for survey in Survey)]
    files = {path for folder in folders for path in folder.rglob("*") if path.is_file()}
    assert declared == {path for path in files if path.suffix not in MODULES + SOURCES}
    assert PACKAGE / "web" / "static" / "page.html" in declared
    assert PACKAGE / "model" / "ztf" / "model.json" in declared
