"""Read schemas from `.avsc` files, of which one may name types that another defines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import fastavro.schema

from stampapp.avro.schema import Schema, parse_schema
from stampapp.errors import BadAlert, ConfigError

# The version in the name of a type, as in survey.v10_0.alert.
_VERSION = re.compile(r"(?:^|\.)v(\d+)_(\d+)\.")
Definition = Mapping[str, Any]


class SchemaFolder:
    """The schemas of the `.avsc` files in a folder, its subfolders included, by their ids.

    The id of `1000.avsc` is 1000. That of other files is 100·major + minor of the version in the
    names that they define, such as `survey.v10_0.alert`; of the records of one version, that which
    includes most of the others is the schema of a message.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        files = sorted(folder.rglob("*.avsc"))
        if not files:
            raise ConfigError(f"there is no .avsc file in {folder}")
        self._definitions = {path: _definition(path) for path in files}
        self._repository = _Repository(self._definitions.values())
        self._found: dict[int, Schema] = {}

    @property
    def ids(self) -> frozenset[int]:
        """The ids that the files have."""
        by_file = (int(path.stem) for path in self._definitions if path.stem.isdecimal())
        by_version = map(version_id, self._repository.names)
        return frozenset([*by_file, *(one for one in by_version if one is not None)])

    def find(self, number: int) -> Schema | None:
        """Return the schema of this id; None where no file has it. Raises ConfigError."""
        if number not in self._found:
            definition = self._named_by_file(number) or self._named_by_version(number)
            if definition is None:
                return None
            self._found[number] = self._parse(definition)
        return self._found[number]

    def _named_by_file(self, number: int) -> Definition | None:
        found = (one for path, one in self._definitions.items() if path.stem == str(number))
        return next(found, None)

    def _named_by_version(self, number: int) -> Definition | None:
        names = [
            name
            for name in map(full_name, self._definitions.values())
            if version_id(name) == number
        ]
        if not names:
            return None
        return self._repository.load(max(names, key=lambda name: len(self._included(name, set()))))

    def _included(self, name: str, found: set[str]) -> set[str]:
        for inner in _named_types(self._repository.load(name)):
            if inner in self._repository.names and inner not in found | {name}:
                found |= {inner, *self._included(inner, found | {inner})}
        return found

    def _parse(self, definition: Definition) -> Schema:
        return _parse(definition, self._repository, str(self.folder))


def read_schema_file(path: Path) -> Schema:
    """Return the schema in a file; types that it lacks are read from the files beside it."""
    beside = [_definition(one) for one in sorted(path.parent.glob("*.avsc")) if one != path]
    definition = _definition(path)
    return _parse(definition, _Repository([*beside, definition]), str(path))


class _Repository:
    """The definitions of all files by name, as fastavro asks for them."""

    def __init__(self, definitions: Iterable[Definition]) -> None:
        self._by_name = {full_name(one): one for one in definitions}
        self.names = self._by_name.keys()

    def load(self, name: str) -> Definition:
        """Return the definition of a name."""
        if name not in self._by_name:
            raise fastavro.repository.SchemaRepositoryError(f"no file defines the type {name}")
        # fastavro changes what it gets.
        return json.loads(json.dumps(self._by_name[name]))  # type: ignore[no-any-return]


def _definition(path: Path) -> Definition:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(f"the schema {path} cannot be read: {error}") from error
    if not isinstance(found, dict) or "name" not in found:
        raise ConfigError(f"the schema {path} does not define a record")
    return found


def _parse(definition: Definition, repository: _Repository, where: str) -> Schema:
    name = full_name(definition)
    try:
        resolved = fastavro.schema.load_schema(name, repo=repository, _write_hint=False)
        return parse_schema(json.dumps(resolved).encode())
    except BadAlert as error:
        raise ConfigError(f"the schema {name} in {where} cannot be used: {error}") from error
    except Exception as error:
        # fastavro has no common base class for its errors.
        raise ConfigError(f"the schema {name} in {where} cannot be parsed: {error}") from error


def full_name(definition: Definition) -> str:
    """Return the name of a type with its namespace."""
    name, namespace = str(definition["name"]), definition.get("namespace")
    return name if "." in name or not namespace else f"{namespace}.{name}"


def version_id(name: str) -> int | None:
    """Return the id of the version in a name; None where it has none."""
    found = _VERSION.search(name)
    return 100 * int(found[1]) + int(found[2]) if found else None


def _named_types(value: object) -> Iterator[str]:
    """Yield each text in a definition: names of types are among them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _named_types(inner)
