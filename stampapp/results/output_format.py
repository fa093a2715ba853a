"""A form of the output messages: their Avro schema, and a record from a result and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from stampapp.alerts.alert import Alert
from stampapp.results.outcome import Classification

Record = dict[str, Any]


class OutputEncoding(StrEnum):
    """How a record becomes a message: an Avro container with its schema, or the bare datum."""

    CONTAINER = "container"
    BARE = "bare"


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishedResult:
    """What an output message says: the object, the probabilities, and its other fields by name."""

    aid: str
    probabilities: Mapping[str, float]
    others: Mapping[str, Any]


def accept(_: Alert) -> None:
    """Accept every alert."""


# Compared by identity: a schema cannot be hashed.
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class OutputFormat:
    """A form of the output messages, with its name in OUTPUT_FORMAT.

    `encode` returns the record of a result that is published at an (aware) time, `decode` reads
    such a record, of other programs too, where it has all of `fields`. `check` raises BadAlert
    where the alert of a result lacks what the record needs. With `every_alert` each alert has an
    output; otherwise only the earliest of each object in a batch.
    """

    name: str
    schema: Mapping[str, Any]
    fields: frozenset[str]
    encode: Callable[[Alert, Classification, datetime], Record]
    decode: Callable[[Record], PublishedResult]
    check: Callable[[Alert], object] = accept
    every_alert: bool = False
