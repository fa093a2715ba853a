"""The source distribution, and the wheels that are built from it with and without a compiler."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.support.stopwatch import AMPLE

ROOT = Path(__file__).parents[2]
PROJECT = ("LICENSE", "MANIFEST.in", "README.md", "pyproject.toml", "setup.py")
FOLDERS = ("requirements", "stampapp", "model")
BINDING = "stampapp/native/_deep_hits.abi3.so"
ENGINE = {
    f"stampapp/native/{path.name}"
    for path in (ROOT / "stampapp" / "native").iterdir()
    if path.suffix in {".cpp", ".hpp", ".h"}
}


def python(*arguments: str | Path, cwd: Path, **environment: str) -> str:
    """Run Python and return everything that it prints."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=AMPLE,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, built from a copy: what earlier builds have left must not get in."""
    copy = tmp_path_factory.mktemp("copy")
    for name in PROJECT:
        shutil.copy(ROOT / name, copy)
    for name in FOLDERS:
        leave = shutil.ignore_patterns("__pycache__", "*.so")
        shutil.copytree(ROOT / name, copy / name, symlinks=True, ignore=leave)
    folder = tmp_path_factory.mktemp("sources")
    python(
        "-c",
        f"from setuptools.build_meta import build_sdist; build_sdist({str(folder)!r})",
        cwd=copy,
    )
    (found,) = folder.glob("*.tar.gz")
    return found


def build_wheel(sources: Path, folder: Path, **environment: str) -> tuple[Path, str]:
    """Return the wheel that pip builds of the source distribution, and what pip prints."""
    options = ("--no-deps", "--no-build-isolation", "--verbose", "--wheel-dir", folder)
    printed = python("-m", "pip", "wheel", *options, sources, cwd=folder, **environment)
    (found,) = folder.glob("*.whl")
    return found, printed


def test_the_source_distribution_has_the_sources_of_the_engine(sources: Path) -> None:
    with tarfile.open(sources) as archive:
        names = {name.split("/", 1)[-1] for name in archive.getnames()}
    assert len(ENGINE) == 11
    assert ENGINE | {"setup.py", "requirements/base.in"} <= names
    assert not [name for name in names if name.endswith(".so")]


def test_the_wheel_has_the_engine_for_every_python_and_not_its_sources(
    sources: Path, tmp_path: Path
) -> None:
    wheel, _ = build_wheel(sources, tmp_path)
    assert "-cp311-abi3-" in wheel.name
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert BINDING in names
    assert not ENGINE & names


def test_without_a_compiler_the_wheel_is_built_without_the_engine(
    sources: Path, tmp_path: Path
) -> None:
    wheel, printed = build_wheel(sources, tmp_path, CC="/no/compiler", CXX="/no/compiler")
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert 'building extension "stampapp.native._deep_hits" failed' in printed
    assert BINDING not in names
    assert "stampapp/native/engine.py" in names
