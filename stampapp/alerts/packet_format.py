"""The type of a survey's file in this package: how its packets are decoded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey, plugin
from stampapp.avro.reader import Record


@dataclass(frozen=True, kw_only=True, slots=True)
class PacketEncoding:
    """How alerts are written as packets of their survey.

    `encode` returns an alert as a record that a schema can write. `file_schema` returns a schema
    of our own, and `schema_id` is that of the survey's in which alerts are published by default.
    """

    encode: Callable[[Alert, Record], Record]
    file_schema: Callable[[], Record]
    schema_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PacketFormat:
    """The packets that a survey publishes.

    A record with all of `fields` is one of them, and `decode` reads it or raises BadAlert.
    `unused_fields` are the top-level fields that `decode` does not read: they are skipped.
    Without `in_sorting_hat`, ids would lose digits in messages of the sorting hat.
    `object_fields` and `candid_fields` are those that name the object and the detection, dotted
    where they are nested. `bands` are the names of the filters that messages give as numbers.
    `schema_package` is the installed package, if there is one, that has the schemas of the survey.
    `detections_field` is the one of `extra_fields` with the number of detections of the object,
    this one included; None if the alerts do not say it.
    `position_error` in arcsec is what the sorting hat writes as e_ra and e_dec.
    The names of simulated objects begin with `simulated_prefix`. Without `encoding`, simulated
    alerts are written as messages of the sorting hat.
    """

    fields: frozenset[str]
    decode: Callable[[Record], Alert]
    object_fields: tuple[str, ...]
    candid_fields: tuple[str, ...]
    bands: Mapping[int, str]
    position_error: float
    simulated_prefix: str
    detections_field: str | None = None
    encoding: PacketEncoding | None = None
    schema_package: str | None = None
    unused_fields: frozenset[str] = frozenset()
    in_sorting_hat: bool = True


def packet_format(survey: Survey) -> PacketFormat:
    """Return the packet format of a survey."""
    return plugin("alerts", survey, PacketFormat)


def object_fields() -> tuple[str, ...]:
    """Return the fields that may name the object of any message, those of the sorting hat first."""
    surveys = (packet_format(survey).object_fields for survey in Survey)
    return tuple(dict.fromkeys(["aid", *chain.from_iterable(surveys)]))


def candid_fields() -> tuple[str, ...]:
    """Return the fields that may name the detection of any message."""
    surveys = (packet_format(survey).candid_fields for survey in Survey)
    return tuple(dict.fromkeys(["candid", *chain.from_iterable(surveys)]))
