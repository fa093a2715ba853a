from __future__ import annotations

from pathlib import Path

from stampapp.feeds import archive_alerts
from stampapp.feeds.archive_alerts import Stock
from stampapp.feeds.record_splitter import Single
from stampapp.feeds.to_sorting_hat import SortingHat
from tests.support.alerts import container, record
from tests.support.packets import raw_ztf
from tests.unit.feeds.test_archives import tar


def unchanged(single: Single) -> Single:
    return single


class Heard:
    """What a stock says."""

    def __init__(self, *files: Path) -> None:
        self.told: list[str] = []
        self.moved: list[int] = []
        self.stock = Stock(files, self.told.append, self.moved.append)


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_every_alert_comes_in_order_and_every_damage_is_told(tmp_path: Path) -> None:
    several = container(*(record(aid=f"A{number}") for number in range(3)))
    heard = Heard(
        written(tmp_path / "a.avro", several),
        written(tmp_path / "b.tar", tar(one=raw_ztf(), bad=b"words", cut=several[:-30])),
        written(tmp_path / "c.avro", b""),
        tmp_path / "gone.avro",
    )
    keys = [one.key for one in heard.stock.alerts(unchanged)]
    assert keys == [b"A0", b"A1", b"A2", b"ZTF20abcdefg", b"A0", b"A1"]
    assert heard.stock.damaged == 4
    starts = [f"damaged: {tmp_path}/{name}: " for name in ("b.tar:bad", "b.tar:cut", "c.avro")]
    for start, line in zip(starts, heard.told, strict=False):
        assert line.startswith(start)
    assert heard.told[-1].endswith("gone.avro: No such file or directory")


def test_the_bytes_of_the_files_are_counted(tmp_path: Path) -> None:
    one, two = (written(tmp_path / f"{n}.avro", container(record())) for n in (1, 2))
    heard = Heard(one, two)
    list(heard.stock.alerts(unchanged))
    assert heard.moved[-1] == one.stat().st_size + two.stat().st_size
    assert heard.moved == sorted(heard.moved)


def test_what_cannot_be_told_otherwise_is_damaged_and_the_rest_is_not(tmp_path: Path) -> None:
    bad, good = raw_ztf(jd=float("nan")), raw_ztf()
    heard = Heard(written(tmp_path / "x.tar", tar(bad=bad, good=good)))
    (found,) = heard.stock.alerts(SortingHat())
    assert "extra_fields" in found.fields
    assert heard.stock.damaged == 1
    assert "mjd" in heard.told[0] or "jd" in heard.told[0]


def test_what_nobody_would_read_is_only_counted(tmp_path: Path) -> None:
    files = [
        written(tmp_path / f"{number}.avro", b"x")
        for number in range(archive_alerts.MOST_LINES + 5)
    ]
    heard = Heard(*files)
    assert list(heard.stock.alerts(unchanged)) == []
    assert heard.stock.damaged == len(files)
    assert len(heard.told) == archive_alerts.MOST_LINES
