"""The alerts of LSST's rounds: packets in wire format by schemas that become new on the way.

The alerts are simulated by the command `simulate`.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any

import fastavro

from tests.support import lsst_packets
from tests.support.lsst_schemas import object_of
from tests.support.topics import Record
from tests.support.worker import command
from tests.system.faults.alerts import (
    DAMAGED,
    PARTITIONS,
    REPEATED,
    Alert,
    Quality,
    draw_detections,
    limit_settings,
)

# So many alerts of a schema, then the next.
OF_A_SCHEMA = 40
# Objects of a seed begin with this and the seed: no survey has such numbers.
FIRST = 9 * 10**18


def simulate(file: Path, alerts: int, seed: int) -> Path:
    """Write simulated alerts to a file."""
    options = ("--survey", "LSST", "--count", str(alerts), "--seed", str(seed), "--to", str(file))
    done = command("simulate", *options)
    assert done.returncode == 0, done.stderr
    return file


class LsstAlerts:
    """The alerts of a file as packets by these schemas, and `real` messages before them."""

    vetoed: Set[str] = frozenset()
    # Its alerts are sent with other fields than those of the file.
    classes: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self,
        file: Path,
        schemas: Mapping[int, Any],
        real: Sequence[Record] = (),
        max_detections: int | None = None,
        **settings: str,
    ) -> None:
        self.settings = {
            "CLASSIFIER_STRATEGY": "LSST",
            **lsst_packets.SCRIBE,
            **limit_settings(max_detections),
            **settings,
        }
        self._max_detections = max_detections
        self._file = file
        self._ids = tuple(schemas)
        self._parsed = {
            number: fastavro.parse_schema(copy.deepcopy(schema))
            for number, schema in schemas.items()
        }
        self._write = lsst_packets.PacketWriter(schemas)
        self._real = real

    def stream(self, seed: int) -> Iterator[Alert]:
        """Yield alerts endlessly; repeated ones follow at once on the same partition."""
        rng = Random(seed)
        for one in self._real:
            key, value = one.key or b"", one.value or b""
            yield _alert(self._quality(value), key, value, rng.randrange(PARTITIONS))
        drawn = lsst_packets.simulated(self._file, FIRST + seed * 10**9)
        for number, alert in enumerate(drawn):
            schema_id = self._ids[number // OF_A_SCHEMA % len(self._ids)]
            key, value = alert.oid.encode(), self._write(self._counted(alert, rng), schema_id)
            partition, lot = rng.randrange(PARTITIONS), rng.randrange(100)
            if lot < DAMAGED:
                damaged = rng.choice((b"", b"\0", b"no alert", value[: rng.randrange(6, 2000)]))
                yield _alert(Quality.DAMAGED, key, damaged, partition)
                continue
            yield _alert(self._quality(value), key, value, partition)
            if lot < DAMAGED + REPEATED:
                later = self._counted(lsst_packets.later(alert), rng)
                again = self._write(later, schema_id)
                yield _alert(self._quality(again), key, again, partition)

    def _counted(self, alert: Any, rng: Random) -> Any:
        """Return the alert with a number of detections, where these matter."""
        if self._max_detections is None:
            return alert
        _, detections = draw_detections(self._max_detections, rng)
        return replace(alert, extra_fields={**alert.extra_fields, "nDiaSources": detections})

    def _quality(self, value: bytes) -> Quality:
        """Return the quality of a good message, by its own word."""
        if self._max_detections is None:
            return Quality.GOOD
        schema = self._parsed[int.from_bytes(value[1:5])]
        packet: Any = fastavro.schemaless_reader(io.BytesIO(value[5:]), schema, None)
        detections = (packet["diaObject"] or {}).get("nDiaSources", 0)
        return Quality.KNOWN if detections > self._max_detections else Quality.GOOD


def _alert(quality: Quality, key: bytes, value: bytes, partition: int) -> Alert:
    # No rule vetoes an alert of this survey, so its candid is not asked for.
    return Alert(quality=quality, candid="", key=key, value=value, partition=partition)


def real_messages(folder: Path) -> list[Record]:
    """Return the real messages of a folder, keyed by their objects."""
    values = [path.read_bytes() for path in sorted(folder.glob("*.msg"))]
    return [Record(object_of(value), value) for value in values]
