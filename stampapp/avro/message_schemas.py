"""The writers' schemas of messages that do not carry theirs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from stampapp.avro.schema import Schema
from stampapp.avro.schema_folder import SchemaFolder
from stampapp.errors import BadAlert

if TYPE_CHECKING:
    # Not at run time: commands without a registry need no HTTP client.
    from stampapp.avro.schema_registry import SchemaRegistry


class MessageSchemas:
    """Finds schemas by the ids in messages: in folders, then in a registry, if there is one.

    `bare` is the schema of data without any header, if it is known. `remedy` is what to do about an
    unknown id without a registry.
    """

    def __init__(
        self,
        folders: Sequence[SchemaFolder] = (),
        *,
        bare: Schema | None = None,
        registry: SchemaRegistry | None = None,
        remedy: str = "set SCHEMA_REGISTRY_URL or SCHEMA_PATH",
    ) -> None:
        self.bare = bare
        self.registry = registry
        self._folders, self._remedy = folders, remedy

    @property
    def has_ids(self) -> bool:
        """Whether there is any source of schemas by their ids."""
        return bool(self._folders or self.registry)

    def by_id(self, number: int) -> Schema:
        """Return the schema of an id. Raises BadAlert where no source has it."""
        if found := self._in_folders(number):
            return found
        if self.registry:
            return self.registry.by_id(number)
        searched = ", ".join(str(folder.folder) for folder in self._folders) or "nowhere"
        raise BadAlert(
            "schema-unknown",
            f"the schema {number}, which the message names, is unknown (searched: {searched}):"
            f" {self._remedy}",
        )

    async def load(self, numbers: Iterable[int]) -> None:
        """Ask the registry for those of these ids that are not known yet; wait for its answer.

        Raises SchemaError after the timeout.
        """
        if self.registry:
            await self.registry.load(one for one in numbers if not self._in_folders(one))

    def _in_folders(self, number: int) -> Schema | None:
        return next((found for one in self._folders if (found := one.find(number))), None)


NO_SCHEMAS = MessageSchemas()
