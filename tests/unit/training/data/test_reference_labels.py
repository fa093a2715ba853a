from __future__ import annotations

from pathlib import Path

import pytest

from stampapp.errors import ConfigError
from stampapp.training.data import reference_labels
from stampapp.training.data.reference_labels import Label

CLASSES = ("SN", "VS")


def file(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "labels.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_labels_with_their_lines(tmp_path: Path) -> None:
    path = file(tmp_path, "oid,label, candid\nx,SN,1\ny,,2\nz, VS ,3\n".replace(", ", ","))
    assert reference_labels.read_labels(path, CLASSES) == {
        "1": Label(name="SN", line=2),
        "2": Label(name="", line=3),
        "3": Label(name="VS", line=4),
    }


def test_labels_are_written_in_any_case(tmp_path: Path) -> None:
    path = file(tmp_path, "candid,label\n1,SN\n2,VS\n")
    labels = reference_labels.read_labels(path, ("sn", "vs"))
    assert [one.name for one in labels.values()] == ["sn", "vs"]


def test_labels_of_a_spreadsheet_with_byte_order_mark(tmp_path: Path) -> None:
    path = file(tmp_path, "candid,label\r\n1,SN\r\n", "utf-8-sig")
    assert reference_labels.read_labels(path, CLASSES)["1"].name == "SN"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("candid,label\n1,SN\n2,comet\n", "line 3: 'comet' is not one of the classes SN, VS"),
        ("candid,label\n1,SN\n2,VS\n1,SN\n", "line 4: candid 1 is already in line 2"),
        ("candid,label\n,SN\n", "line 2: the candid is missing"),
        ("candid,class\n1,SN\n", "has no columns label"),
        ("", "has no columns candid, label"),
        ("candid,label\n1\n\xff\n", "cannot be read as CSV"),
    ],
)
def test_invalid_labels_raise_with_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    path = file(tmp_path, text, "latin-1")
    with pytest.raises(ConfigError, match=message) as error:
        reference_labels.read_labels(path, CLASSES)
    assert "labels.csv" in str(error.value)


def test_missing_file_raises(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read as CSV"):
        reference_labels.read_labels(tmp_path / "labels.csv", CLASSES)


def test_reference_probabilities_and_classes(tmp_path: Path) -> None:
    path = file(tmp_path, "candid,aid,VS,SN\n7,a,0.25,0.75\n8,b,1,0\n")
    found = reference_labels.read_reference(path, CLASSES)
    assert found.probabilities == {"7": {"SN": 0.75, "VS": 0.25}, "8": {"SN": 0.0, "VS": 1.0}}
    assert [found.class_name(candid) for candid in ("7", "8")] == ["SN", "VS"]


@pytest.mark.parametrize("value", ["", "high", "nan", "-0.1", "1.5"])
def test_invalid_probabilities_raise(tmp_path: Path, value: str) -> None:
    path = file(tmp_path, f"candid,SN,VS\n7,0.5,{value}\n")
    with pytest.raises(ConfigError, match=rf"line 2: VS is '{value}', not a probability"):
        reference_labels.read_reference(path, CLASSES)
