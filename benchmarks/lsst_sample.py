"""Packets of LSST, and the model of this repository for them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path

from benchmarks.sample_alerts import ROOT, SHARED_DATA, SIMULATED
from stampapp.alerts import packets
from stampapp.alerts.installed_schemas import installed_schemas
from stampapp.alerts.surveys import Survey
from stampapp.avro.message_schemas import MessageSchemas
from stampapp.avro.schema_folder import SchemaFolder
from stampapp.avro.writer import encode_long
from stampapp.classifiers.lsst import decide
from stampapp.config.cpu_count import cores
from stampapp.feeds import simulated
from stampapp.feeds.alert_encoding import message_encoder, own_schemas
from tests.support.lsst_packets import SCRIBE
from tests.support.topics import Record

MODEL = ROOT / "model" / "lsst"
REAL = SHARED_DATA / "lsst_raw"
# An object's number takes as many bytes as those of real alerts.
FIRST = 2 * 10**17


@dataclass(frozen=True, kw_only=True, slots=True)
class PacketSample:
    """Packets in wire format, each with its object, that no rule decides without the network."""

    origin: str
    survey: Survey
    model: Path
    settings: Mapping[str, str]
    schemas: MessageSchemas
    packets: Sequence[tuple[bytes, int]]

    def messages(self, count: int, run: str = "") -> Iterator[Record]:
        """Yield `count` messages, each of another object; `run` makes them others again."""
        first = FIRST + zlib.crc32(run.encode()) * 10**6
        for number, (value, old) in enumerate(islice(cycle(self.packets), count), first):
            renamed = value.replace(encode_long(old), encode_long(number))
            yield Record(str(number).encode(), renamed)


def load_sample(folder: Path) -> PacketSample:
    """Return real alerts if they and their schemas are available, else simulated alerts."""
    installed = MessageSchemas(installed_schemas())
    if REAL.is_dir() and installed_schemas():
        values = [path.read_bytes() for path in sorted(REAL.glob("*.msg"))]
        return _sample("real alerts", values, installed, {})
    path = folder / "schemas"
    path.mkdir()
    values = list(_simulated(path))
    schemas = MessageSchemas([SchemaFolder(path)])
    return _sample("simulated alerts", values, schemas, {"SCHEMA_PATH": str(path)})


def _simulated(folder: Path) -> Iterator[bytes]:
    """Yield messages by our own schema, and write that to the folder."""
    wire = own_schemas()[Survey.LSST]
    (folder / f"{wire.schema_id}.avsc").write_text(json.dumps(wire.schema))
    encode = message_encoder(Survey.LSST, wire)
    with simulated.simulated_alerts([Survey.LSST], 1, SIMULATED, cores()) as drawn:
        for number, one in enumerate(drawn):
            yield encode(replace(one.alert, oid=str(FIRST - 1 - number)))


def _sample(
    origin: str, values: Sequence[bytes], schemas: MessageSchemas, settings: Mapping[str, str]
) -> PacketSample:
    alerts = [(value, packets.decode_alert(value, schemas)) for value in values]
    kept = [(value, int(alert.oid)) for value, alert in alerts if not decide(alert)]
    mean = sum(len(value) for value, _ in kept) / len(kept) / 1000
    return PacketSample(
        origin=f"{len(kept)} {origin} of LSST, {mean:.0f} kB on average",
        survey=Survey.LSST,
        model=MODEL,
        settings={
            "CLASSIFIER_STRATEGY": "LSST",
            "MODEL_PATH": str(MODEL),
            **SCRIBE,
            **settings,
        },
        schemas=schemas,
        packets=kept,
    )
