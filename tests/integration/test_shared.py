"""What the processes of a run share is made once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.shared import made_once


def test_the_second_waits_for_what_the_first_makes(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    made: list[Path] = []
    # pytest makes it on the first call, which threads must not do at once.
    tmp_path_factory.getbasetemp()

    def make(folder: Path) -> None:
        made.append(folder)
        folder.mkdir()
        time.sleep(0.2)
        (folder / "file").touch()

    def use() -> bool:
        return (made_once("slow", tmp_path_factory, make) / "file").exists()

    with ThreadPoolExecutor(2) as pool:
        assert [one.result() for one in [pool.submit(use) for _ in range(2)]] == [True, True]
    assert len(made) == 1


def test_what_was_not_made_to_its_end_is_not_used(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    def fail(file: Path) -> None:
        file.write_text("half")
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        made_once("half", tmp_path_factory, fail)
    whole = made_once("half", tmp_path_factory, lambda file: file.write_text("whole"))
    assert whole.read_text() == "whole"


def test_processes_of_a_run_have_one_folder(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tmp_path_factory, "getbasetemp", lambda: tmp_path / "popen-gw1")
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw1")
    path = made_once("model", tmp_path_factory, Path.touch)
    assert path.relative_to(tmp_path) == Path("shared/model/made")
