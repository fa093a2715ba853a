from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from stampapp.alerts.alert import Alert
from stampapp.errors import BadAlert, ConfigError
from stampapp.feeds.alert_files import find_alert_files, read_alerts, total_size
from tests.support.alerts import container, record
from tests.support.archives import tar


def test_folders_are_searched_for_what_is_named_like_alerts(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("b.avro", "a.tar.gz", "deep/c.avro.gz", "notes.txt"):
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in find_alert_files([tmp_path])]
    assert found == ["a.tar.gz", "b.avro", "deep/c.avro.gz"]
    assert find_alert_files([tmp_path / "notes.txt"]) == [tmp_path / "notes.txt"]


def test_a_path_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no .*nowhere"):
        find_alert_files([tmp_path / "nowhere"])
    with pytest.raises(ConfigError, match=r"folder .* holds no file \*\.avro"):
        find_alert_files([tmp_path])


def test_files_and_archives_are_read_in_order_and_damage_is_named(tmp_path: Path) -> None:
    contents = {
        "a.avro": container(record(aid="1"), record(aid="2")),
        "b.tar.gz": gzip.compress(tar(good=container(record(aid="3")), bad=b"words")),
        "c.avro.gz": gzip.compress(container(record(aid="4"))),
    }
    files = [tmp_path / name for name in contents]
    for path, content in zip(files, contents.values(), strict=True):
        path.write_bytes(content)
    read: list[int] = []
    found = list(read_alerts(files, read.append))
    alerts = [one.aid if isinstance(one, Alert) else str(one) for one in found]
    assert alerts[:3] == ["1", "2", "3"]
    assert alerts[3].startswith(f"{tmp_path}/b.tar.gz:bad: not an Avro object container")
    assert alerts[4:] == ["4"]
    assert read == sorted(read)
    assert read[-1] == total_size(files)


@pytest.mark.parametrize("missing", [4, 8, 9, 200])
def test_a_gzip_file_that_is_cut_short_is_damaged(missing: int, tmp_path: Path) -> None:
    path = tmp_path / "a.avro.gz"
    path.write_bytes(gzip.compress(container(record()))[:-missing])
    *_, found = read_alerts([path])
    assert isinstance(found, BadAlert)
    assert str(found).startswith(f"{path}: ")


def test_a_file_that_vanishes_is_an_error_of_that_file(tmp_path: Path) -> None:
    (found,) = read_alerts([tmp_path / "gone.avro"])
    assert isinstance(found, BadAlert)
    assert found.cause == "unreadable"
    assert "gone.avro: No such file" in str(found)
