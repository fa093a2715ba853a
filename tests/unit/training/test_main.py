from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stampapp.classifiers.network import hardware
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


def test_bfloat16_on_a_processor_without_it_is_reported_before_anything_is_simulated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(hardware, "processor_flags", lambda: frozenset({"fma"}))
    monkeypatch.setattr(hardware, "visible_gpus", lambda: 0)
    into = tmp_path / "model"
    arguments = ["--survey", "ZTF", "--count", "100000", "--into", str(into)]
    assert program.main(["train", *arguments, "--precision", "bfloat16"]) == 2
    assert capsys.readouterr().err.strip() == (
        "error: --precision is bfloat16, but this processor has neither avx512_bf16 nor amx_bf16:"
        " set --precision=float32"
    )
    assert not into.exists()


def test_command_line_imports_no_heavy_packages(tmp_path: Path) -> None:
    found = loaded_by("import stampapp.training.__main__", tmp_path)
    assert not found & {"tensorflow", "keras", "sklearn", "matplotlib", "galsim", "faust"}


def test_simulating_processes_import_no_tensorflow(tmp_path: Path) -> None:
    found = loaded_by("import stampapp.training.data.simulated", tmp_path)
    assert not found & {"tensorflow", "keras", "sklearn", "matplotlib", "faust"}
