"""Schemas come from files that may name each other's types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stampapp.avro.schema_folder import SchemaFolder, read_schema_file
from stampapp.errors import ConfigError


def record(name: str, **types: Any) -> dict[str, Any]:
    fields = [{"name": field, "type": kind} for field, kind in types.items()]
    return {"type": "record", "name": name, "fields": fields}


ALERT = record("alert", source="one.v10_0.source", old=["null", "one.v10_0.source"]) | {
    "namespace": "one.v10_0"
}


def write(folder: Path, **files: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / f"{name}.avsc").write_text(text)
    return folder


def rubin_like(folder: Path) -> Path:
    write(folder / "10", alert=ALERT, source=record("one.v10_0.source", id="long"))
    write(folder / "10", unused=record("one.v10_0.other", id="long"))
    return write(folder / "11", alert=record("one.v11_1.alert", id="long"))


def test_ids_come_from_versions_and_types_from_other_files(tmp_path: Path) -> None:
    rubin_like(tmp_path)
    folder = SchemaFolder(tmp_path)
    assert folder.ids == {1000, 1101}
    found = folder.find(1000)
    assert found is not None
    assert found is folder.find(1000)
    assert found.fields == {"source", "old"}
    assert json.loads(found.text)["fields"][0]["type"]["name"] == "one.v10_0.source"
    assert folder.find(1100) is None


def test_a_file_may_be_named_by_its_id(tmp_path: Path) -> None:
    write(tmp_path, **{"7": record("anything", a="int")}, other=record("b", b="int"))
    folder = SchemaFolder(tmp_path)
    assert folder.ids == {7}
    found = folder.find(7)
    assert found is not None
    assert found.fields == {"a"}


def test_one_file_may_name_types_of_the_files_beside_it(tmp_path: Path) -> None:
    rubin_like(tmp_path)
    assert read_schema_file(tmp_path / "10" / "alert.avsc").fields == {"source", "old"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "cannot be read"),
        ("[]", "does not define a record"),
        (record("one.v10_0.alert", a="one.v10_0.lost"), r"one\.v10_0\.lost"),
        (record("one.v10_0.alert", a={"type": "array", "items": "null"}), "no bytes"),
        (record("one.v10_0.alert", a=["null", "one.v10_0.alert"]), "contains itself"),
    ],
)
def test_what_cannot_be_used_is_named(content: Any, says: str, tmp_path: Path) -> None:
    path = write(tmp_path, alert=content) / "alert.avsc"
    with pytest.raises(ConfigError, match=says):
        read_schema_file(path)
    with pytest.raises(ConfigError, match=says):
        SchemaFolder(tmp_path).find(1000)


def test_a_folder_without_schemas_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no \.avsc file"):
        SchemaFolder(tmp_path)
