"""The settings by which the schemas of messages that do not carry theirs are found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stampapp.alerts.installed_schemas import installed_schemas, remedy
from stampapp.avro.message_schemas import MessageSchemas
from stampapp.avro.registry_access import RegistryAccess
from stampapp.avro.schema_folder import SchemaFolder, read_schema_file
from stampapp.config.casts import number
from stampapp.config.environment import Reader, environment_reader
from stampapp.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class SchemaSettings:
    """Where schemas come from: a folder, or the file of bare data; a registry.

    Without a registry, they come from installed packages, too.
    """

    path: Path | None
    registry: RegistryAccess | None

    def open(self) -> MessageSchemas:
        """Return the schemas. Raises ConfigError."""
        folders = [SchemaFolder(self.path)] if self.path and self.path.is_dir() else []
        bare = read_schema_file(self.path) if self.path and not folders else None
        if self.registry is None:
            found = [*folders, *installed_schemas()]
            return MessageSchemas(found, bare=bare, remedy=remedy())
        from stampapp.avro.schema_registry import SchemaRegistry

        return MessageSchemas(folders, bare=bare, registry=SchemaRegistry(self.registry))


def read_schemas(reader: Reader) -> SchemaSettings:
    """Read where schemas come from."""
    path = reader.read(
        "SCHEMA_PATH",
        _schema_path,
        None,
        "folder of .avsc files for messages that name their schema, or the .avsc of bare data",
    )
    return SchemaSettings(path=path, registry=_registry(reader))


def load_schemas() -> MessageSchemas:
    """Return the schemas for commands that need no other settings. Raises ConfigError."""
    reader = environment_reader()
    found = read_schemas(reader)
    reader.finish()
    return found.open()


def _registry(reader: Reader) -> RegistryAccess | None:
    read = reader.read
    url = read("SCHEMA_REGISTRY_URL", str, None, "registry of schemas (Confluent's REST interface)")
    username = read("SCHEMA_REGISTRY_USERNAME", str, None, "user of the registry")
    password = read(
        "SCHEMA_REGISTRY_PASSWORD", str, None, "password of the registry's user", secret=True
    )
    cafile = read(
        "SCHEMA_REGISTRY_SSL_CAFILE", Path, None, "CA certificates (PEM) for the registry"
    )
    timeout = read(
        "SCHEMA_REGISTRY_TIMEOUT",
        number(1, 86400, float),
        600.0,
        "s that the registry is asked for a schema until the worker exits",
    )
    if not url:
        return None
    return reader.build(
        lambda: RegistryAccess(
            url=url, username=username, password=password, cafile=cafile, timeout=timeout
        )
    )


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
        for one in folder.ids:
            folder.find(one)
    elif path.is_file():
        read_schema_file(path)
    else:
        raise ConfigError("there is no such file or folder")
    return path
