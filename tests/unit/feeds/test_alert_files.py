from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from stampapp.alerts.alert import Alert
from stampapp.avro.message_schemas import MessageSchemas
from stampapp.errors import BadAlert, ConfigError
from stampapp.feeds.alert_files import find_alert_files, read_alerts, total_size
from tests.support.alerts import container, record
from tests.support.archives import tar
from tests.support.lsst_alerts import OBJECT, lsst_alert
from tests.support.lsst_packets import container as lsst_container
from tests.support.lsst_schemas import SCHEMAS, bare_packet, wire_packet

ALERT = container(record(aid="1"))


def write(folder: Path, **contents: bytes) -> None:
    """Write files, `__` in a name standing for a dot."""
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / name.replace("__", ".")).write_bytes(content)


def test_folders_are_searched_for_files_that_hold_alerts_whatever_their_names(
    tmp_path: Path,
) -> None:
    write(tmp_path, a__msg=ALERT, b=gzip.compress(ALERT), c__bin=tar(one=ALERT), d__avro=ALERT)
    write(tmp_path / "deep", e__json=gzip.compress(tar(one=ALERT)))
    write(tmp_path, notes__txt=b"no alerts", labels__csv=b"candid,label\n", cut__gz=b"\x1f\x8b")
    write(tmp_path, empty=b"", x__fits=b"SIMPLE  =", __draft=ALERT)
    found = [path.relative_to(tmp_path).as_posix() for path in find_alert_files([tmp_path])]
    assert found == ["a.msg", "b", "c.bin", "d.avro", "deep/e.json"]
    assert [one.aid for one in read_alerts(find_alert_files([tmp_path])) if isinstance(one, Alert)]


def test_a_file_that_is_named_like_alerts_is_read_so_that_its_damage_is_reported(
    tmp_path: Path,
) -> None:
    write(tmp_path, a__avro=b"no alerts", b__avro__gz=b"", c__tgz=b"", d__AVRO=b"", e__TGZ=b"")
    files = find_alert_files([tmp_path])
    assert len(files) == 5
    assert all(isinstance(one, BadAlert) for one in read_alerts(files))


def test_alerts_in_a_file_that_is_named_like_an_archive_are_read(tmp_path: Path) -> None:
    write(tmp_path, a__tar=ALERT, b__tar__gz=gzip.compress(ALERT), c__avro=tar(one=ALERT))
    found = list(read_alerts(find_alert_files([tmp_path])))
    assert [one.aid for one in found if isinstance(one, Alert)] == ["1", "1", "1"]


def test_of_several_files_one_must_hold_alerts(tmp_path: Path) -> None:
    write(tmp_path, a=ALERT, b=b"{}")
    assert len(find_alert_files([tmp_path / "b", tmp_path / "a"])) == 2


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"{}", "JSON"),
        (gzip.compress(b"[1]", mtime=0), "JSON"),
        (b"PK\x03\x04...", "a zip archive, which must be unpacked first"),
        (b"SIMPLE  = T", "a FITS image"),
        (b"\x00\x00\x00\x02\xc0", "no file of alerts"),
        (b"", "no file of alerts"),
    ],
    ids=["json", "gzipped json", "zip", "fits", "anything", "empty"],
)
def test_where_nothing_holds_alerts_the_error_says_what_is_expected(
    content: bytes, kind: str, tmp_path: Path
) -> None:
    write(tmp_path, x__dat=content)
    for path in (tmp_path, tmp_path / "x.dat"):
        with pytest.raises(ConfigError, match=rf"x\.dat is {kind}: give an Avro file, a Kafka"):
            find_alert_files([path])


def test_a_path_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no .*nowhere"):
        find_alert_files([tmp_path / "nowhere"])
    with pytest.raises(ConfigError, match=r"folder .* holds no alerts: give an Avro file"):
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


def test_messages_of_kafka_are_read_from_files_and_archives(tmp_path: Path) -> None:
    wire, bare = (make(1000, lsst_alert()) for make in (wire_packet, bare_packet))
    write(tmp_path, a__msg=wire, b__msg__gz=gzip.compress(wire), c__tar__gz=tar(d__msg=wire))
    write(tmp_path, e__msg=lsst_container(lsst_alert()), f__msg=wire[:-1])
    files = find_alert_files([tmp_path])
    found = list(read_alerts(files, schemas=SCHEMAS))
    assert [one.aid for one in found if isinstance(one, Alert)] == [str(OBJECT)] * 4
    assert "f.msg: the Avro record is cut short" in str(found[-1])
    write(tmp_path, bare=bare)
    schemas = MessageSchemas(bare=SCHEMAS.by_id(1000))
    (only,) = read_alerts([tmp_path / "bare"], schemas=schemas)
    assert isinstance(only, Alert)
    (refused,) = read_alerts([tmp_path / "bare"])
    assert "set SCHEMA_PATH" in str(refused)


def test_real_messages_are_read(shared_data: Path) -> None:
    found = list(read_alerts(find_alert_files([shared_data / "lsst_raw"]), schemas=SCHEMAS))
    assert len([one for one in found if isinstance(one, Alert)]) == 17
