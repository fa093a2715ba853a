"""The alerts of LSST's rounds: packets in wire format by schemas that become new on the way.

The alerts are simulated by the command `simulate`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from random import Random
from typing import Any

from tests.support import lsst_packets
from tests.support.lsst_schemas import object_of
from tests.support.topics import Record
from tests.support.worker import command
from tests.system.faults.alerts import DAMAGED, PARTITIONS, REPEATED, Alert, Quality

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

    def __init__(
        self,
        file: Path,
        schemas: Mapping[int, Any],
        real: Sequence[Record] = (),
        **settings: str,
    ) -> None:
        self.settings = {"CLASSIFIER_STRATEGY": "LSST", **lsst_packets.SCRIBE, **settings}
        self._file = file
        self._ids = tuple(schemas)
        self._write = lsst_packets.PacketWriter(schemas)
        self._real = real

    def stream(self, seed: int) -> Iterator[Alert]:
        """Yield alerts endlessly; repeated ones follow at once on the same partition."""
        rng = Random(seed)
        for one in self._real:
            key, value = one.key or b"", one.value or b""
            yield _alert(Quality.GOOD, key, value, rng.randrange(PARTITIONS))
        drawn = lsst_packets.simulated(self._file, FIRST + seed * 10**9)
        for number, alert in enumerate(drawn):
            schema_id = self._ids[number // OF_A_SCHEMA % len(self._ids)]
            key, value = alert.oid.encode(), self._write(alert, schema_id)
            partition, lot = rng.randrange(PARTITIONS), rng.randrange(100)
            if lot < DAMAGED:
                damaged = rng.choice((b"", b"\0", b"no alert", value[: rng.randrange(6, 2000)]))
                yield _alert(Quality.DAMAGED, key, damaged, partition)
                continue
            yield _alert(Quality.GOOD, key, value, partition)
            if lot < DAMAGED + REPEATED:
                again = self._write(lsst_packets.later(alert), schema_id)
                yield _alert(Quality.GOOD, key, again, partition)


def _alert(quality: Quality, key: bytes, value: bytes, partition: int) -> Alert:
    # No rule vetoes an alert of this survey, so its candid is not asked for.
    return Alert(quality=quality, candid="", key=key, value=value, partition=partition)


def real_messages(folder: Path) -> list[Record]:
    """Return the real messages of a folder, keyed by their objects."""
    values = [path.read_bytes() for path in sorted(folder.glob("*.msg"))]
    return [Record(object_of(value), value) for value in values]
