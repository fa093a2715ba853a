from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from stampapp.alerts import packets
from stampapp.alerts.alert import Alert, LabelledAlert
from stampapp.alerts.surveys import Survey
from stampapp.errors import ConfigError, StampError
from stampapp.feeds import avro_writer
from stampapp.feeds.unfinished_alerts import SimulationSource, draft_of, find_unfinished
from tests.support.alerts import alert, container
from tests.support.full_disk import files_of_at_most

SOURCE = SimulationSource(survey=Survey.ZTF, seed=7)
SOME = [
    LabelledAlert(alert=alert(survey=survey, candid=str(10**6 + number)), label=label)
    for number, (survey, label) in enumerate([(Survey.ZTF, "SN"), (Survey.ATLAS, "AGN")])
]


def read(path: Path) -> list[Alert]:
    with path.open("rb") as file:
        found = list(packets.decode_records(file))
    return [one for one in found if isinstance(one, Alert)]


def test_alerts_and_labels_are_written_next_to_each_other(tmp_path: Path) -> None:
    alerts, labels = tmp_path / "sky.avro", tmp_path / "labels.csv"
    avro_writer.write_alerts(SOME, alerts, labels, SOURCE)
    assert [one.candid for one in read(alerts)] == [one.alert.candid for one in SOME]
    with labels.open() as file:
        rows = list(csv.DictReader(file))
    # In the spelling of each survey's classifiers.
    assert rows == [
        {"candid": "1000000", "label": "SN"},
        {"candid": "1000001", "label": "agn"},
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["labels.csv", "sky.avro"]


def test_the_labels_do_not_stand_in_the_file_of_alerts(tmp_path: Path) -> None:
    odd = [LabelledAlert(alert=one.alert, label="meteorite") for one in SOME[:1]]
    avro_writer.write_alerts(odd, tmp_path / "sky.avro", tmp_path / "labels.csv", SOURCE)
    assert b"meteorite" not in (tmp_path / "sky.avro").read_bytes()


class Broken(Exception):  # noqa: N818
    pass


def interrupted() -> Iterator[LabelledAlert]:
    yield SOME[0]
    raise Broken


def test_what_was_drawn_before_a_failure_is_kept(tmp_path: Path) -> None:
    def dying() -> Iterator[LabelledAlert]:
        yield SOME[0]
        raise StampError("a process died")

    alerts, labels = tmp_path / "sky.avro", tmp_path / "labels.csv"
    with pytest.raises(StampError, match="a process died"):
        avro_writer.write_alerts(dying(), alerts, labels, SOURCE)
    assert [one.candid for one in read(alerts)] == [SOME[0].alert.candid]
    assert labels.read_text() == "candid,label\n1000000,SN\n"


def test_without_any_alert_the_previous_files_stay(tmp_path: Path) -> None:
    (tmp_path / "sky.avro").write_bytes(b"older")
    assert avro_writer.write_alerts([], tmp_path / "sky.avro", tmp_path / "labels.csv", SOURCE) == 0
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"older"]


def test_an_interrupt_leaves_the_previous_file_and_what_can_be_resumed(tmp_path: Path) -> None:
    alerts, labels = tmp_path / "sky.avro", tmp_path / "labels.csv"
    alerts.write_bytes(b"older")
    with pytest.raises(Broken):
        avro_writer.write_alerts(interrupted(), alerts, labels, SOURCE)
    assert alerts.read_bytes() == b"older"
    found = find_unfinished(alerts, labels)
    assert found
    assert (found.alerts, found.count) == (draft_of(alerts), 1)


def test_older_files_are_replaced(tmp_path: Path) -> None:
    alerts, labels = tmp_path / "sky.avro", tmp_path / "labels.csv"
    avro_writer.write_alerts(SOME, alerts, labels, SOURCE)
    avro_writer.write_alerts(SOME[:1], alerts, labels, SOURCE)
    assert len(read(alerts)) == 1
    assert labels.read_text() == "candid,label\n1000000,SN\n"


@pytest.mark.parametrize("name", ["folder", "missing/sky.avro"])
def test_a_path_that_cannot_be_written_is_named_before_anything_is_drawn(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    drawn = interrupted()
    with pytest.raises(ConfigError, match=name):
        avro_writer.write_alerts(drawn, tmp_path / name, tmp_path / "labels.csv", SOURCE)
    assert next(drawn) == SOME[0]


def test_a_full_disk_is_reported(tmp_path: Path) -> None:
    with (
        files_of_at_most(10),
        pytest.raises(ConfigError, match=r"cannot be written: File too large"),
    ):
        avro_writer.write_alerts(SOME, tmp_path / "sky.avro", tmp_path / "labels.csv", SOURCE)
    assert list(tmp_path.iterdir()) == []


# More than a block of the container has.
MANY = [LabelledAlert(alert=alert(candid=str(10**6 + number)), label="SN") for number in range(40)]


def killed(alerts: Path, labels: Path, *, complete: int, cut: int) -> None:
    """Leave the drafts of a process that was killed: the last `cut` bytes are missing."""
    avro_writer.write_alerts(MANY[:complete], alerts, labels, SOURCE)
    for path in (alerts, labels):
        path.rename(draft_of(path))
    draft = draft_of(alerts)
    draft.write_bytes(draft.read_bytes()[: len(draft.read_bytes()) - cut])


@pytest.mark.parametrize("cut", [0, 1, 5000])
def test_it_goes_on_after_the_whole_blocks_of_a_killed_process(cut: int, tmp_path: Path) -> None:
    alerts, labels = tmp_path / "sky.avro", tmp_path / "labels.csv"
    killed(alerts, labels, complete=30, cut=cut)
    before = find_unfinished(alerts, labels)
    assert before
    assert before.source == SOURCE
    assert (0 < before.count < 30) if cut else before.count == 30
    rest = MANY[before.count :]
    assert avro_writer.write_alerts(rest, alerts, labels, SOURCE, before) == len(MANY)
    candids = [one.alert.candid for one in MANY]
    assert [one.candid for one in read(alerts)] == candids
    assert labels.read_text() == "candid,label\n" + "".join(f"{one},SN\n" for one in candids)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["labels.csv", "sky.avro"]


def test_an_alert_without_a_label_is_made_again(tmp_path: Path) -> None:
    alerts, labels = tmp_path / "sky.avro", tmp_path / "labels.csv"
    avro_writer.write_alerts(MANY[:30], alerts, labels, SOURCE)
    labels.write_text("".join(labels.read_text().splitlines(keepends=True)[:21]) + "10000")
    before = find_unfinished(alerts, labels)
    assert before
    assert 0 < before.count <= 20
    avro_writer.write_alerts(MANY[before.count :], alerts, labels, SOURCE, before)
    assert len(read(alerts)) == len(labels.read_text().splitlines()) - 1 == len(MANY)


def test_an_interrupt_does_not_lose_the_alerts_of_a_killed_process(tmp_path: Path) -> None:
    alerts, labels = tmp_path / "sky.avro", tmp_path / "labels.csv"
    killed(alerts, labels, complete=30, cut=0)
    before = find_unfinished(alerts, labels)
    with pytest.raises(Broken):
        avro_writer.write_alerts(interrupted(), alerts, labels, SOURCE, before)
    found = find_unfinished(alerts, labels)
    assert found
    assert found.count >= 30
    # Without a new alert, they are the file.
    assert avro_writer.write_alerts([], alerts, labels, SOURCE, found) == found.count
    assert len(read(alerts)) == found.count


def test_drafts_of_a_killed_process_are_not_replaced_by_mistake(tmp_path: Path) -> None:
    alerts, labels = tmp_path / "sky.avro", tmp_path / "labels.csv"
    killed(alerts, labels, complete=30, cut=0)
    with pytest.raises(ConfigError, match=r"go on with --resume, or delete .*sky\.avro\.draft"):
        avro_writer.write_alerts(SOME, alerts, labels, SOURCE)
    found = find_unfinished(alerts, labels)
    assert found
    assert found.count == 30


def test_two_processes_do_not_write_one_file(tmp_path: Path) -> None:
    alerts, labels = tmp_path / "sky.avro", tmp_path / "labels.csv"

    def drawn() -> Iterator[LabelledAlert]:
        yield SOME[0]
        with pytest.raises(ConfigError, match=r"another process is writing .*sky\.avro: wait"):
            avro_writer.write_alerts(SOME, alerts, tmp_path / "others.csv", SOURCE)
        yield SOME[1]

    assert avro_writer.write_alerts(drawn(), alerts, labels, SOURCE) == 2
    assert len(read(alerts)) == 2


def test_what_fits_on_a_full_disk_is_kept(tmp_path: Path) -> None:
    alerts, labels = tmp_path / "sky.avro", tmp_path / "labels.csv"
    avro_writer.write_alerts(MANY, alerts, labels, SOURCE)
    size = alerts.stat().st_size
    alerts.unlink()
    with (
        files_of_at_most(size - 1000),
        pytest.raises(ConfigError, match=r"The first \d+ alerts are kept: --resume goes on"),
    ):
        avro_writer.write_alerts(MANY, alerts, labels, SOURCE)
    before = find_unfinished(alerts, labels)
    assert before
    rest = MANY[before.count :]
    assert avro_writer.write_alerts(rest, alerts, labels, SOURCE, before) == len(MANY)
    assert [one.candid for one in read(alerts)] == [one.alert.candid for one in MANY]


def test_nothing_is_unfinished_where_there_is_no_file(tmp_path: Path) -> None:
    assert find_unfinished(tmp_path / "sky.avro", tmp_path / "labels.csv") is None


@pytest.mark.parametrize("content", [b"", b"no container", container()])
def test_a_file_that_simulate_has_not_written_is_refused(content: bytes, tmp_path: Path) -> None:
    alerts, labels = tmp_path / "sky.avro", tmp_path / "labels.csv"
    alerts.write_bytes(content)
    labels.write_text("candid,label\n1,SN\n")
    with pytest.raises(ConfigError, match=r"sky\.avro cannot be resumed: it was not written"):
        find_unfinished(alerts, labels)
