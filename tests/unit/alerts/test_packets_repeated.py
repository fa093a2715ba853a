"""Real messages like those before them, of which most are decoded without fastavro."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fastavro
import pytest

from stampapp.alerts import lsst, packets, sorting_hat, ztf
from stampapp.alerts.alert import Alert
from stampapp.alerts.packet_format import packet_format
from stampapp.alerts.surveys import Survey
from stampapp.avro.framing import WIRE_HEADER, wire_id
from stampapp.avro.writer import RecordWriter
from tests.support.alert_messages import records
from tests.support.lsst_schemas import SCHEMAS

# A message, and its record as fastavro alone reads it.
Messages = list[tuple[bytes, Any]]


def hat_messages(folder: Path) -> Messages:
    schema, found = records(folder / "ztf_sorting_hat.avro")
    writer = RecordWriter(schema)
    return [(writer.write(record), record) for record in found]


def containers(paths: Iterator[Path]) -> Messages:
    values = [path.read_bytes() for path in sorted(paths)]
    return [(value, next(fastavro.reader(io.BytesIO(value)))) for value in values]


def wire_messages(paths: Iterator[Path]) -> Messages:
    values = [path.read_bytes() for path in sorted(paths)]
    return [(value, datum(value)) for value in values]


def datum(value: bytes) -> Any:
    schema = SCHEMAS.by_id(wire_id(value)).parsed
    return fastavro.schemaless_reader(io.BytesIO(value[WIRE_HEADER:]), schema, None)


def atlas_decode(record: Any) -> Alert:
    return packet_format(Survey.ATLAS).decode(record)


@pytest.mark.parametrize(
    ("read", "decode", "least"),
    [
        (hat_messages, sorting_hat.decode_sorting_hat, 222),
        (lambda folder: containers(folder.glob("ztf_raw/*.avro")), ztf.decode, 38),
        (lambda folder: containers(folder.glob("atlas_raw/*.avro")), atlas_decode, 6),
        (lambda folder: wire_messages(folder.glob("lsst_raw/*.msg")), lsst.decode, 0),
    ],
    ids=["sorting hat", "ZTF", "ATLAS", "LSST"],
)
def test_repeated_messages_give_the_alerts_that_fastavro_gives(
    shared_data: Path,
    read: Callable[[Path], Messages],
    decode: Callable[[Any], Alert],
    least: int,
) -> None:
    messages = read(shared_data)
    if not messages and not least:
        pytest.skip("there are no such alerts in shared/data")
    assert len(messages) >= least
    expected = [decode(record) for _, record in messages]
    for _ in range(5):
        # With their types, the order of their fields and their NaNs.
        found = [packets.decode_alert(value, SCHEMAS) for value, _ in messages]
        assert [repr(one) for one in found] == [repr(one) for one in expected]
