from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stampapp.errors import ConfigError
from stampapp.training.data import labelled
from stampapp.training.data.reference_labels import Label
from stampapp.training.data.ztf import PLUGIN as ZTF
from tests.support import alerts, learnable_alerts


def record(number: int, **extra: object) -> alerts.Record:
    rng = np.random.default_rng(number)
    known = learnable_alerts.extra(rng, 0) | extra
    return alerts.record(candid=str(number), aid=f"A{number}", extra_fields=known)


def write(folder: Path, *numbers: int, name: str = "alerts.avro", **extra: object) -> Path:
    folder.mkdir(exist_ok=True)
    records = [record(number, **extra) for number in numbers]
    (folder / name).write_bytes(alerts.container(*records))
    return folder


def labels(**names: str) -> dict[str, Label]:
    rows = names.items()
    return {key[1:]: Label(name=name, line=line) for line, (key, name) in enumerate(rows, 2)}


def test_labels_in_any_order_are_matched(tmp_path: Path) -> None:
    path = write(tmp_path, 1, 2, 3)
    found = labelled.read_labelled_alerts(path, ZTF, labels(n3="SN", n1="VS", n2=""))
    assert found.examples.candids.tolist() == ["1", "2", "3"]
    assert found.examples.labels.tolist() == ["VS", "", "SN"]
    assert found.examples.objects.tolist() == ["A1", "A2", "A3"]
    assert found.summary == "3 alerts"


def test_without_labels_all_alerts_are_read(tmp_path: Path) -> None:
    found = labelled.read_labelled_alerts(write(tmp_path, 1, 2), ZTF, None)
    assert found.examples.labels.tolist() == ["", ""]


def test_summary_counts_skipped_alerts(tmp_path: Path) -> None:
    write(tmp_path, 1, 2, 3)
    write(tmp_path, 3, name="again.avro")
    write(tmp_path, 4, name="damaged.avro", rb="high")
    (tmp_path / "none.avro").write_bytes(b"no container")
    found = labelled.read_labelled_alerts(tmp_path, ZTF, labels(n1="SN", n3="VS", n4="VS"))
    assert found.examples.candids.tolist() == ["3", "1"]
    for part in (
        "2 alerts",
        "1 skipped: they are duplicates",
        "1 skipped: they have no label",
        "2 skipped: they cannot be classified",
        "the first of them: candid 4: the feature rb is 'high'",
    ):
        assert part in found.summary


def test_label_without_alert_raises_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, 1)
    with pytest.raises(ConfigError, match=r"2 of the labels have no alert, .* candid 7 in line 3"):
        labelled.read_labelled_alerts(path, ZTF, labels(n1="SN", n7="SN", n8="VS"))


def test_folder_without_usable_alerts_raises(tmp_path: Path) -> None:
    path = write(tmp_path, 1)
    with pytest.raises(ConfigError, match=r"holds no alert to train on or to evaluate: .*no label"):
        labelled.read_labelled_alerts(path, ZTF, {})
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "x.txt").write_text("no alerts")
    with pytest.raises(ConfigError, match=r"folder .*sub holds no alerts"):
        labelled.read_labelled_alerts(tmp_path / "sub", ZTF, None)


def test_results_of_rules_are_recorded(tmp_path: Path) -> None:
    write(tmp_path, 1, name="a.avro", sgscore1=0.1)
    write(tmp_path, 2, name="b.avro", ssdistnr=1.0, sgscore1=0.1)
    write(tmp_path, 3, name="c.avro", sgscore1=0.75, distpsnr1=0.5)
    found = labelled.read_labelled_alerts(tmp_path, ZTF, None)
    assert found.decided.tolist() == [-1, ZTF.classes.index("asteroid"), -1]
    assert found.vetoed[:, ZTF.classes.index("SN")].tolist() == [False, False, True]
