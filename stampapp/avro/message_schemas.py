"""The writers' schemas of messages that do not carry theirs."""

from __future__ import annotations

from collections.abc import Sequence

from stampapp.avro.schema import Schema
from stampapp.avro.schema_folder import SchemaFolder
from stampapp.errors import BadAlert

_REMEDY = "set SCHEMA_REGISTRY_URL or SCHEMA_PATH, or install the survey's schemas, then replay"


class MessageSchemas:
    """Finds schemas by the ids in messages; `bare` is that of data without any header, if known."""

    def __init__(self, folders: Sequence[SchemaFolder] = (), bare: Schema | None = None) -> None:
        self.bare = bare
        self._folders = folders

    def by_id(self, number: int) -> Schema:
        """Return the schema of an id. Raises BadAlert where no source has it."""
        for folder in self._folders:
            if found := folder.find(number):
                return found
        searched = "; ".join(str(folder.folder) for folder in self._folders) or "nowhere"
        raise BadAlert(
            "schema-unknown",
            f"the schema {number}, which the message names, is unknown (searched: {searched}):"
            f" {_REMEDY}",
        )


NO_SCHEMAS = MessageSchemas()
