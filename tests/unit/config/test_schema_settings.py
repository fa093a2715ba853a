"""Where schemas come from, as set."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stampapp.avro.message_schemas import MessageSchemas
from stampapp.config.environment import Reader
from stampapp.config.schema_settings import read_schemas
from stampapp.errors import BadAlert, ConfigError

SCHEMA = {"type": "record", "name": "one.v10_0.alert", "fields": [{"name": "a", "type": "int"}]}


def opened(**keys: object) -> MessageSchemas:
    reader = Reader({key: str(value) for key, value in keys.items()}.get)
    found = read_schemas(reader)
    reader.finish()
    return found.open()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "alert.avsc"
    path.write_text(json.dumps(SCHEMA))
    return path


def test_a_folder_comes_before_installed_schemas(file: Path) -> None:
    found = opened(SCHEMA_PATH=file.parent)
    assert found.by_id(1000).fields == {"a"}
    assert "diaSource" in found.by_id(1100).fields
    assert found.bare is None


def test_a_file_is_the_schema_of_bare_data(file: Path) -> None:
    found = opened(SCHEMA_PATH=file)
    assert found.bare is not None
    assert found.bare.fields == {"a"}
    assert "diaSource" in found.by_id(1000).fields


def test_without_settings_there_are_the_installed_schemas() -> None:
    assert "diaSource" in opened().by_id(1000).fields
    with pytest.raises(BadAlert, match=r"the schema 1099, .*SCHEMA_REGISTRY_URL") as error:
        opened().by_id(1099)
    assert error.value.cause == "schema-unknown"
    assert "pip install -U 'stampapp[lsst]'" in str(error.value)


def test_with_a_registry_installed_schemas_are_not_used(file: Path) -> None:
    url = "http://127.0.0.1:9"
    found = opened(SCHEMA_REGISTRY_URL=url, SCHEMA_PATH=file.parent, SCHEMA_REGISTRY_TIMEOUT=5)
    assert found.registry is not None
    assert (found.registry.access.url, found.registry.access.timeout) == (url, 5)
    assert found.by_id(1000).fields == {"a"}


def test_an_unusable_registry_is_refused_with_its_key() -> None:
    with pytest.raises(ConfigError, match=r"SCHEMA_REGISTRY_URL: http"):
        opened(SCHEMA_REGISTRY_URL="registry")
    for host in ("a" * 64, "a..b", "a b", "a\tb"):
        with pytest.raises(ConfigError, match=r"SCHEMA_REGISTRY_URL: http"):
            opened(SCHEMA_REGISTRY_URL=f"http://{host}:8081")
    with pytest.raises(ConfigError, match=r"set both SCHEMA_REGISTRY_USERNAME and"):
        opened(SCHEMA_REGISTRY_URL="http://registry", SCHEMA_REGISTRY_USERNAME="me")
    with pytest.raises(ConfigError, match=r"SCHEMA_REGISTRY_TIMEOUT is '0'"):
        opened(SCHEMA_REGISTRY_TIMEOUT=0)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "no such file or folder"),
        ("", r"no \.avsc file"),
        ("{", "cannot be read"),
        (json.dumps({**SCHEMA, "name": "alert"}), "tells the id"),
        (json.dumps({**SCHEMA, "fields": []}), "has no fields"),
    ],
)
def test_an_unusable_path_is_refused_with_its_key(
    content: str | None, says: str, tmp_path: Path
) -> None:
    folder = tmp_path / "schemas"
    if content is not None:
        folder.mkdir()
    if content:
        (folder / "alert.avsc").write_text(content)
    with pytest.raises(ConfigError, match=rf"SCHEMA_PATH is .*{says}"):
        opened(SCHEMA_PATH=folder)
