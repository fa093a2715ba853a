"""Try the sources of the schemas of messages that do not carry theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from stampapp.alerts.installed_schemas import installed_schemas, remedy
from stampapp.alerts.packet_format import packet_format
from stampapp.avro.message_schemas import MessageSchemas
from stampapp.avro.schema_folder import SchemaFolder
from stampapp.config.settings import Settings
from stampapp.errors import ConfigError, SchemaError


@dataclass(frozen=True, kw_only=True, slots=True)
class SchemaTrial:
    """The sources of schemas in the order in which they are asked, each as a line of text.

    `problem` is why a worker would not run, `warning` which messages it could not read.
    """

    sources: tuple[str, ...] = ()
    problem: str | None = None
    warning: str | None = None


def try_schemas(worker: Settings) -> SchemaTrial:
    """Try every source. Without sources, and for a survey that needs none, nothing is tried."""
    schemas = worker.schemas.open()
    needed = packet_format(worker.model.survey).schema_package is not None
    if not (needed or worker.schemas.path or schemas.registry):
        return SchemaTrial()
    problem, warning = _ask_registry(schemas)
    sources = tuple(_sources(worker, schemas, works=not (problem or warning)))
    if not sources:
        warning = (
            "there is no source of schemas, so that messages in Confluent's wire format become dead"
            f" letters: {remedy()}"
        )
    return SchemaTrial(sources=sources, problem=problem, warning=warning)


def _ask_registry(schemas: MessageSchemas) -> tuple[str | None, str | None]:
    """Return why a worker would not run with the registry, or would have to wait for it."""
    try:
        if schemas.registry:
            asyncio.run(schemas.registry.check())
    except ConfigError as error:
        return str(error), None
    except SchemaError as error:
        return None, f"{error}; the worker waits for it when a message names a schema"
    return None, None


def _sources(worker: Settings, schemas: MessageSchemas, *, works: bool) -> Iterator[str]:
    path = worker.schemas.path
    if schemas.bare:
        yield f"messages without a header have the schema {path}"
    elif path:
        yield f"the folder {path} has {_described(SchemaFolder(path).ids)}"
    if schemas.registry:
        state = "works" if works else "does not work"
        yield f"the registry {schemas.registry.access.url} {state}"
    else:
        for folder in installed_schemas():
            yield f"the installed package has {_described(folder.ids)}"


def _described(ids: Collection[int]) -> str:
    if len(ids) == 1:
        return f"the schema {min(ids)}"
    return f"{len(ids)} schemas, {min(ids)} to {max(ids)}"
