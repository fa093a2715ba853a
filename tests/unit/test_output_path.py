from __future__ import annotations

import re
from pathlib import Path

import pytest

from stampapp.errors import ConfigError
from stampapp.output_path import check_file, make_folder

# Nobody can write into it, not even root.
PROC = Path("/proc")


def test_a_file_and_a_folder_that_can_be_written(tmp_path: Path) -> None:
    check_file(tmp_path / "night.csv")
    make_folder(tmp_path / "deep" / "album")
    make_folder(tmp_path / "deep")
    assert [path.name for path in tmp_path.rglob("*")] == ["deep", "album"]


def test_a_path_that_cannot_be_written_is_named_as_it_was_given(tmp_path: Path) -> None:
    for path, problem in {
        tmp_path: "is a folder: name a file",
        tmp_path / "no" / "night.csv": f"cannot be written: {tmp_path / 'no'} is no folder",
        PROC / "night.csv": "cannot be written: No such file or directory",
    }.items():
        with pytest.raises(ConfigError, match=f"^{re.escape(f'{path} {problem}')}$"):
            check_file(path)


def test_a_folder_into_which_nothing_can_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "album", PROC, PROC / "album"):
        with pytest.raises(ConfigError, match=f"^{path} cannot be written: "):
            make_folder(path)
    with pytest.raises(ConfigError, match=f"^{tmp_path / 'file'} is a file: name a folder$"):
        make_folder(tmp_path / "file")
