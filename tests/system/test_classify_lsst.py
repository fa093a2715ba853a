"""`classify` on Rubin's real alerts: as messages in wire format, as containers, in a tar."""

from __future__ import annotations

import io
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastavro
import pytest

from tests.support.archives import tar
from tests.support.lsst_schemas import schema_json
from tests.support.worker import command


@dataclass(frozen=True, kw_only=True)
class RealPacket:
    """A message in wire format, its record with every field, and the record's schema."""

    message: bytes
    schema: dict[str, Any]
    record: dict[str, Any]

    @property
    def ids(self) -> tuple[str, str]:
        """The ids of the detection and of its object, digit by digit."""
        source = self.record["diaSource"]
        return str(source["diaSourceId"]), str(source["diaObjectId"] or source["ssObjectId"])

    @property
    def container(self) -> bytes:
        buffer = io.BytesIO()
        fastavro.writer(buffer, fastavro.parse_schema(self.schema), [self.record])
        return buffer.getvalue()


@pytest.fixture(scope="module")
def packets(shared_data: Path) -> list[RealPacket]:
    folder = shared_data / "lsst_raw"
    if not folder.is_dir():
        pytest.skip("no real alerts of LSST: there is no folder lsst_raw in shared/data")
    found = [decode(path.read_bytes()) for path in sorted(folder.glob("*.msg"))]
    assert len(found) == 17
    return found


def decode(message: bytes) -> RealPacket:
    """Decode a message as anyone would, without stampapp."""
    schema = schema_json(int.from_bytes(message[1:5]))
    record = fastavro.schemaless_reader(
        io.BytesIO(message[5:]), fastavro.parse_schema(schema), None
    )
    assert isinstance(record, dict)
    return RealPacket(message=message, schema=schema, record=record)


def test_real_alerts_are_classified_in_wire_format_in_containers_and_in_a_tar(
    packets: list[RealPacket], lsst_model: Path, tmp_path: Path
) -> None:
    wire, containers, night = (tmp_path / name for name in ("wire", "containers", "night.tar"))
    wire.mkdir()
    containers.mkdir()
    for number, packet in enumerate(packets):
        (wire / f"{number:02}.msg").write_bytes(packet.message)
        (containers / f"{number:02}.avro").write_bytes(packet.container)
    night.write_bytes(tar(**{f"night/{one.ids[0]}.avro": one.container for one in packets}))
    options = ("--survey", "LSST", "--json", "--every-alert", "--model", str(lsst_model))
    done = command("classify", *options, str(wire), str(containers), str(night))
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["candid"], row["oid"]) for row in rows] == [one.ids for one in packets] * 3
    assert all(row["aid"] == row["oid"] and row["error"] is None for row in rows)
    assert all(sum(row["probabilities"].values()) == pytest.approx(1.0) for row in rows)
    known = sum(bool(one.record["diaSource"]["ssObjectId"]) for one in packets)
    assert Counter(row["class_name"] for row in rows if row["rule"]) == {"asteroid": 3 * known}
    assert rows[:17] == rows[17:34] == rows[34:]
