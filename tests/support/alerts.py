"""Realistic alerts, their stamps and their Avro containers."""

from __future__ import annotations

import gzip
import io
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import fastavro
import numpy as np
import numpy.typing as npt

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.kafka.message import Message

SHAPE = (63, 63)
BITPIX = {"u1": 8, "i2": 16, "i4": 32, "i8": 64, "f4": -32, "f8": -64}
Record = dict[str, Any]

SORTING_HAT: Record = {
    "type": "record",
    "name": "alerce.alert",
    "fields": [
        {"name": "aid", "type": "string"},
        {"name": "oid", "type": "string"},
        {"name": "sid", "type": "string"},
        {"name": "tid", "type": "string"},
        {"name": "pid", "type": "long"},
        {"name": "candid", "type": "string"},
        {"name": "mjd", "type": "double"},
        {"name": "fid", "type": "string"},
        {"name": "ra", "type": "double"},
        {"name": "dec", "type": "double"},
        {"name": "mag", "type": "float"},
        {"name": "e_mag", "type": "float"},
        {"name": "isdiffpos", "type": "int"},
        {"name": "e_ra", "type": "float"},
        {"name": "e_dec", "type": "float"},
        {
            "name": "extra_fields",
            "type": {"type": "map", "values": ["null", "int", "float", "string", "bytes"]},
        },
        {
            "name": "stamps",
            "type": {
                "type": "record",
                "name": "alerce.stamps",
                "fields": [
                    {"name": name, "type": ["null", "bytes"]}
                    for name in ("science", "template", "difference")
                ],
            },
        },
    ],
}


def card(keyword: str, value: object) -> bytes:
    return f"{keyword:<8}= {value:>20}".ljust(80).encode()


def header(cards: Mapping[str, object]) -> bytes:
    """Return a FITS header, padded to whole blocks."""
    lines = [card(keyword, value) for keyword, value in cards.items()]
    return padded(b"".join([*lines, b"END".ljust(80)]), b" ")


def padded(data: bytes, filler: bytes) -> bytes:
    return data + filler * (-len(data) % 2880)


def fits(pixels: npt.NDArray[Any], **cards: object) -> bytes:
    """Return a FITS file; `cards` are added to the header or replace cards in it."""
    rows, columns = pixels.shape
    needed = {
        "SIMPLE": "T",
        "BITPIX": BITPIX[pixels.dtype.str[1:]],
        "NAXIS": 2,
        "NAXIS1": columns,
        "NAXIS2": rows,
    }
    return header(needed | cards) + padded(
        pixels.astype(pixels.dtype.newbyteorder(">")).tobytes(), b"\0"
    )


def sky(seed: int = 0, shape: tuple[int, int] = SHAPE) -> npt.NDArray[np.float32]:
    """Return noise with a source in the middle."""
    rows, columns = np.indices(shape)
    square = (rows - shape[0] // 2) ** 2 + (columns - shape[1] // 2) ** 2
    noise = np.random.default_rng(seed).normal(0.0, 5.0, shape)
    return (100.0 + noise + 300.0 * np.exp(-square / 8.0)).astype(np.float32)


@lru_cache(maxsize=32)
def stamp(seed: int = 0) -> bytes:
    """Return a gzipped FITS stamp of 63 x 63 pixels."""
    return gzip.compress(fits(sky(seed)), mtime=0)


def stamps() -> dict[str, bytes | None]:
    return {name: stamp(seed) for seed, name in enumerate(("science", "template", "difference"))}


EXTRA: dict[str, object] = {
    "sgscore1": 0.25,
    "distpsnr1": 3.5,
    "ssdistnr": -999.0,
    "ncovhist": 40,
    "ndethist": 5,
    "fwhm": 2.25,
}


def record(**changes: object) -> Record:
    """Return a sorting-hat record; its floats survive a 32-bit field."""
    usual: Record = {
        "aid": "AL20abcdefgh",
        "oid": "ZTF20abcdefg",
        "sid": "ZTF",
        "tid": "ZTF",
        "pid": 516171791415,
        "candid": "516171791415015025",
        "mjd": 58270.17179400008,
        "fid": "r",
        "ra": 176.8611499,
        "dec": 15.4590649,
        "mag": 19.875,
        "e_mag": 0.125,
        "isdiffpos": 1,
        "e_ra": 0.0625,
        "e_dec": 0.0625,
        "extra_fields": dict(EXTRA),
        "stamps": stamps(),
    }
    return usual | changes


def container(*records: Record, schema: Record = SORTING_HAT, codec: str = "null") -> bytes:
    """Return an Avro container, written by fastavro."""
    buffer = io.BytesIO()
    fastavro.writer(buffer, schema, records, codec=codec)
    return buffer.getvalue()


def record_schema(**types: object) -> Record:
    """Return the schema of a record with these fields."""
    fields = [{"name": name, "type": kind} for name, kind in types.items()]
    return {"type": "record", "name": "r", "fields": fields}


def alert(extra: Mapping[str, object] | None = None, **changes: Any) -> Alert:
    """Return an alert; `extra` is added to its extra_fields."""
    usual: dict[str, Any] = {
        "aid": "AL20abcdefgh",
        "oid": "ZTF20abcdefg",
        "candid": "516171791415015025",
        "survey": Survey.ZTF,
        "mjd": 58270.25,
        "fid": "r",
        "ra": 176.8611499,
        "dec": 15.4590649,
        "mag": 19.875,
        "e_mag": 0.125,
        "isdiffpos": 1,
        "extra_fields": EXTRA | dict(extra or {}),
        "stamps": stamps(),
    }
    return Alert(**usual | changes)


def message(offset: int = 0, value: bytes | None = b"", **changes: Any) -> Message:
    usual: dict[str, Any] = {
        "topic": "alerts",
        "partition": 0,
        "offset": offset,
        "key": b"key",
        "value": value,
        "timestamp": 1_600_000_000_000,
    }
    return Message(**usual | changes)
