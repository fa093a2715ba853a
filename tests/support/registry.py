"""A schema registry on loopback that can go away, and come back on the same port."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from stampapp.demo.schema_registry import schema_registry
from tests.support.ports import free_ports


class Registry:
    """Serves schemas by id from the start."""

    def __init__(self, schemas: Mapping[int, Any]) -> None:
        self._schemas = schemas
        self._running = ExitStack()
        # Another port could be taken while the registry is away.
        (self._port,) = free_ports(1)
        self.url = self._running.enter_context(schema_registry(schemas, self._port))

    def leave(self) -> None:
        """Refuse connections from now on."""
        self._running.close()

    def come_back(self) -> None:
        """Serve the schemas again."""
        self._running.enter_context(schema_registry(self._schemas, self._port))


@contextmanager
def running_registry(schemas: Mapping[int, Any]) -> Iterator[Registry]:
    """Run a registry until the end of the block."""
    registry = Registry(schemas)
    try:
        yield registry
    finally:
        registry.leave()
