"""The schemas of surveys that are installed as packages of their own."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from stampapp.alerts.packet_format import packet_format
from stampapp.alerts.surveys import Survey
from stampapp.avro.schema_folder import SchemaFolder


def installed_schemas() -> list[SchemaFolder]:
    """Return the schemas of each survey whose package of schemas is installed."""
    names = (packet_format(survey).schema_package for survey in Survey)
    folders = (_package_folder(name) for name in names if name)
    return [_read_folder(folder) for folder in folders if folder]


def remedy() -> str:
    """Return what to do where no source has the schema of a message."""
    extras = [survey.lower() for survey in Survey if packet_format(survey).schema_package]
    return (
        f"set SCHEMA_REGISTRY_URL or SCHEMA_PATH, or pip install -U 'stampapp[{','.join(extras)}]'"
    )


def _package_folder(package: str) -> Path | None:
    # The package is read as data: importing it would import libraries that it does not need here.
    try:
        spec = find_spec(package)
    except ModuleNotFoundError:
        return None
    found = spec.submodule_search_locations if spec else None
    return Path(found[0]) if found else None


_read_folder = cache(SchemaFolder)
