"""What travels through the house: a Kafka message, the alert in it, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from stampapp.errors import BadAlert

Headers = tuple[tuple[str, bytes], ...]


class Survey(StrEnum):
    """The surveys whose alerts are classified."""

    ZTF = "ZTF"
    ATLAS = "ATLAS"


class Verdict(StrEnum):
    """Every consumed message ends as exactly one of these."""

    CLASSIFIED = "classified"
    SUPERSEDED = "superseded"
    RULED_OUT = "ruled_out"
    DEAD_LETTERED = "dead_lettered"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a message lies in Kafka; written `topic:partition:offset`."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}:{self.offset}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A Kafka message as it was consumed, untouched.

    `timestamp` is in milliseconds since 1970 (UTC).
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int | None
    headers: Headers = ()

    @property
    def place(self) -> Place:
        """Where it lies in Kafka."""
        return Place(topic=self.topic, partition=self.partition, offset=self.offset)


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """One detection, with the names and units of the sorting hat.

    `mjd` in days (UTC); `ra`, `dec` in degrees (ICRS); `mag`, `e_mag` in magnitudes;
    `isdiffpos` is +1 for a positive difference and -1 for a negative one; `stamps` holds the
    FITS images, gzipped or plain, by the names science, template and difference.
    """

    aid: str
    oid: str
    candid: str
    survey: Survey
    mjd: float
    fid: str
    ra: float
    dec: float
    mag: float
    e_mag: float
    isdiffpos: int
    extra_fields: Mapping[str, object]
    stamps: Mapping[str, bytes | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Labelled:
    """An alert, and the class that its object is known to be of."""

    alert: Alert
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Classification:
    """What an object is, judged from one alert.

    `probabilities` has every class of the model, in the model's order. `class_name` is the most
    probable class, or None where a rule withdraws the result; `rule` says why a rule decided.
    """

    aid: str
    oid: str
    candid: str
    mjd: float
    probabilities: Mapping[str, float]
    class_name: str | None
    rule: str | None
    classifier_name: str
    classifier_version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Prediction:
    """A classification on its way out, with the headers that name its source."""

    classification: Classification
    headers: Headers


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one message: the verdict, and what supports it.

    `alert` is None where the message could not be decoded, `classification` where nothing was
    classified, `error` is set exactly for the dead-lettered.
    """

    verdict: Verdict
    alert: Alert | None = None
    classification: Classification | None = None
    error: BadAlert | None = None
