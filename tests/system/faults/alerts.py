"""The alerts of a round: copies of real ones, some repeated, some damaged."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Set
from copy import copy
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import fastavro

from tests.support import alert_messages
from tests.support.worker import command

PARTITIONS = 12
# So many are added to a topic.
ADDED = 4
# Of a hundred alerts, how many are repeated and how many are damaged; of ten, how many are known.
REPEATED, DAMAGED = 5, 2
KNOWN = 9


class Quality(StrEnum):
    """Whether a message is good or damaged, which decides its allowed outcomes.

    A known one is good, but its object has more detections than the workers' MAX_DETECTIONS.
    """

    GOOD = "good"
    KNOWN = "known"
    DAMAGED = "damaged"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """An alert without its value; `candid` is that of the real alert."""

    quality: Quality
    candid: str
    key: bytes
    digest: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """A message to send."""

    quality: Quality
    candid: str
    key: bytes
    value: bytes
    partition: int

    @property
    def without_value(self) -> Sent:
        """The alert without its value, which would fill the memory in a long run."""
        return Sent(
            quality=self.quality, candid=self.candid, key=self.key, digest=digest(self.value)
        )


def digest(value: bytes) -> bytes:
    return blake2b(value, digest_size=8).digest()


class AlertSource(Protocol):
    """Alerts to send, and the settings of workers that classify them."""

    @property
    def settings(self) -> Mapping[str, str]: ...

    @property
    def vetoed(self) -> Set[str]:
        """The candids that a rule vetoes."""

    @property
    def classes(self) -> Mapping[str, str]:
        """The classes of the other alerts by candid, as far as they are known."""

    def stream(self, seed: int) -> Iterator[Alert]: ...


def limit_settings(max_detections: int | None) -> dict[str, str]:
    return {} if max_detections is None else {"MAX_DETECTIONS": str(max_detections)}


def draw_detections(max_detections: int, rng: Random) -> tuple[Quality, int]:
    """Return how often an object was detected, and the quality of an alert that says so."""
    if rng.randrange(10) < KNOWN:
        return Quality.KNOWN, max_detections + rng.randint(1, 500)
    # Always the same, as the network sees it, and with it the rule that vetoes the result.
    return Quality.GOOD, max_detections


class AlertFile:
    """A file of ZTF alerts, and the model that classifies them.

    With `max_detections`, the workers have this setting, and most alerts are over it.
    """

    def __init__(self, file: Path, model: Path, max_detections: int | None = None) -> None:
        self.file = file
        self.model = model
        self.max_detections = max_detections
        self.settings = {
            "CLASSIFIER_STRATEGY": "ZTF",
            "MODEL_PATH": str(model),
            **limit_settings(max_detections),
        }
        self._schema, self._alerts = alert_messages.records(file)

    def stream(self, seed: int) -> Iterator[Alert]:
        """Yield alerts endlessly; repeated ones follow at once on the same partition."""
        rng = Random(seed)
        number = 0
        while True:
            for found in rng.sample(self._alerts, len(self._alerts)):
                number += 1
                alert = found | {"aid": f"{found['aid']}-{seed}-{number}"}
                partition, lot = rng.randrange(PARTITIONS), rng.randrange(100)
                if lot < DAMAGED:
                    yield self._damaged(alert, partition, rng)
                    continue
                yield self._good(alert, partition, rng)
                if lot < DAMAGED + REPEATED:
                    yield self._good(alert | {"mjd": alert["mjd"] + 1.0}, partition, rng)

    def _good(self, alert: dict[str, Any], partition: int, rng: Random) -> Alert:
        quality = Quality.GOOD
        if self.max_detections is not None:
            quality, detections = draw_detections(self.max_detections, rng)
            alert = alert | {"extra_fields": alert["extra_fields"] | {"ndethist": detections}}
        return Alert(
            quality=quality,
            candid=str(alert["candid"]),
            key=alert["aid"].encode(),
            value=alert_messages.message(self._schema, alert),
            partition=partition,
        )

    def _damaged(self, alert: dict[str, Any], partition: int, rng: Random) -> Alert:
        whole = alert_messages.message(self._schema, alert)
        value = rng.choice((b"", b"no alert", whole[: rng.randrange(100, len(whole) - 20)]))
        return Alert(
            quality=Quality.DAMAGED,
            candid=str(alert["candid"]),
            key=alert["aid"].encode(),
            value=value,
            partition=partition,
        )

    def _as_sent(self, folder: Path) -> Path:
        """Return the file, or one with the number of detections that good alerts are sent with."""
        if self.max_detections is None:
            return self.file
        detections = {"ndethist": self.max_detections}
        alerts = [one | {"extra_fields": one["extra_fields"] | detections} for one in self._alerts]
        file = folder / self.file.name
        with file.open("wb") as opened:
            fastavro.writer(opened, self._schema, alerts)
        return file

    def with_shadow(self, shadow: Path) -> AlertFile:
        """Return the same for workers that have this shadow model, too."""
        other = copy(self)
        other.settings = self.settings | {"SHADOW_MODEL_PATH": str(shadow)}
        return other

    @property
    def vetoed(self) -> frozenset[str]:
        """The candids that a rule vetoes, according to `classify`."""
        return frozenset(candid for candid, name in self._class_names.items() if name is None)

    @property
    def classes(self) -> dict[str, str]:
        """The classes of the other alerts by candid, according to `classify`."""
        return {candid: name for candid, name in self._class_names.items() if name is not None}

    @cached_property
    def _class_names(self) -> dict[str, str | None]:
        arguments = ("--json", "--every-alert", "--survey", "ZTF", "--model", str(self.model))
        with TemporaryDirectory() as folder:
            done = command("classify", *arguments, str(self._as_sent(Path(folder))))
        assert done.returncode == 0, done.stderr
        rows = map(json.loads, done.stdout.splitlines())
        return {row["candid"]: row["class_name"] for row in rows}
