"""The settings by which the schemas of messages that do not carry theirs are found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stampapp.alerts.installed_schemas import installed_schemas
from stampapp.avro.message_schemas import MessageSchemas
from stampapp.avro.schema_folder import SchemaFolder, read_schema_file
from stampapp.config.environment import Reader, environment_reader
from stampapp.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class SchemaSettings:
    """Where schemas come from, besides installed packages: a folder, or the file of bare data."""

    path: Path | None = None

    def open(self) -> MessageSchemas:
        """Return the schemas. Raises ConfigError."""
        installed = installed_schemas()
        if self.path is None:
            return MessageSchemas(installed)
        if self.path.is_dir():
            return MessageSchemas([SchemaFolder(self.path), *installed])
        return MessageSchemas(installed, bare=read_schema_file(self.path))


def read_schemas(reader: Reader) -> SchemaSettings:
    """Read where schemas come from."""
    path = reader.read(
        "SCHEMA_PATH",
        _schema_path,
        None,
        "folder of .avsc files for messages that name their schema, or the .avsc of bare data",
    )
    return SchemaSettings(path=path)


def load_schemas() -> MessageSchemas:
    """Return the schemas for commands that need no other settings. Raises ConfigError."""
    reader = environment_reader()
    found = read_schemas(reader)
    reader.finish()
    return found.open()


def _schema_path(text: str) -> Path:
    """Cast a path of schemas; all of them must be usable."""
    path = Path(text)
    if path.is_dir():
        folder = SchemaFolder(path)
        if not folder.ids:
            raise ConfigError(
                "no file tells the id of its schema: name it by its id (1000.avsc), or its record"
                " by its version (survey.v10_0.alert)"
            )
        for number in folder.ids:
            folder.find(number)
    elif path.is_file():
        read_schema_file(path)
    else:
        raise ConfigError("there is no such file or folder")
    return path
