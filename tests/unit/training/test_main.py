from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stampapp.training import __main__ as program
from tests.unit.test_imports import loaded_by


def test_missing_package_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    assert program.main(["evaluate", "model/ztf", "--count", "5"]) == 2
    said = "error: sklearn is not installed: pip install 'stampapp[training]'"
    assert capsys.readouterr().err.strip() == said


def test_missing_model_folder_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = program.main(["evaluate", str(tmp_path / "none"), "--count", "5"])
    assert code == 2
    assert "error: there is no model in" in capsys.readouterr().err


def test_missing_files_are_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("candid,label\n1,SN\n")
    arguments = ["train", "--survey", "ZTF", "--alerts", str(tmp_path / "no"), "--labels"]
    assert program.main([*arguments, str(labels)]) == 2
    assert "there is no " in capsys.readouterr().err
    assert program.main([*arguments, str(tmp_path / "none.csv")]) == 2
    assert "cannot be read as CSV" in capsys.readouterr().err


def test_command_line_imports_no_heavy_packages(tmp_path: Path) -> None:
    found = loaded_by("import stampapp.training.__main__", tmp_path)
    assert not found & {"tensorflow", "keras", "sklearn", "matplotlib", "galsim", "faust"}


def test_simulating_processes_import_no_tensorflow(tmp_path: Path) -> None:
    found = loaded_by("import stampapp.training.data.simulated", tmp_path)
    assert not found & {"tensorflow", "keras", "sklearn", "matplotlib", "faust"}
