"""ATLAS alerts: realistic ones, and real ones as sorting-hat messages."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.classifiers.model_folder.description import Feature, ModelDescription, Origin
from stampapp.stamps.fits_header import Header
from tests.support import alert_messages
from tests.support.alerts import SORTING_HAT, alert, fits, header, sky
from tests.support.topics import Record

SHAPE = (61, 61)
CLASSES = ("agn", "asteroid", "bogus", "sn", "vs")
# By default, the centre of a stamp is the reference point of its image.
CARDS: dict[str, object] = {
    "FILTER": "'o'",
    "CTYPE1": "'RA---TPV'",
    "CTYPE2": "'DEC--TPV'",
    "CRVAL1": 150.0,
    "CRVAL2": 2.0,
    "CRPIX1": 31.0,
    "CRPIX2": 31.0,
    "CUNIT1": "'deg'",
    "CUNIT2": "'deg'",
    "CD1_1": -5.0e-4,
    "CD1_2": 0.0,
    "CD2_1": 0.0,
    "CD2_2": 5.0e-4,
    "AIRMASS": 1.25,
    "SUNELONG": 120.5,
    "MANGLE": 75.25,
    "SEEING": 3.75,
}


def cards(**changes: object) -> dict[str, object]:
    """Return the cards of a stamp; None removes a card."""
    return {name: value for name, value in (CARDS | changes).items() if value is not None}


def atlas_header(**changes: object) -> Header:
    return Header(header({"NAXIS1": 61, "NAXIS2": 61} | cards(**changes)))


def stamp(seed: int = 0, **changes: object) -> bytes:
    """Return a plain FITS stamp of 61 x 61 pixels."""
    return fits(sky(seed, SHAPE), **cards(**changes))


def atlas_alert(science: bytes | None = None, **changes: Any) -> Alert:
    """Return an ATLAS alert; its science stamp is `stamp()` unless given."""
    usual = {
        "survey": Survey.ATLAS,
        "aid": "AL21atlas",
        "oid": "1200825211121548288",
        "candid": "02a59543o0040o",
        "fid": "o",
        "extra_fields": {"rb": 0.5},
        "stamps": {"science": stamp() if science is None else science, "difference": stamp(1)},
    }
    return alert(**usual | changes)


def description(*features: str, **changes: Any) -> ModelDescription:
    """Return the description of an ATLAS model with these features, which are not scaled."""
    values: dict[str, Any] = {
        "name": "tried_on_atlas",
        "version": "0.1",
        "survey": Survey.ATLAS,
        "classes": CLASSES,
        "features": tuple(
            Feature(name=name, mean=0.0, std=1.0, lower=None, upper=None) for name in features
        ),
        "stamps": ("science", "difference"),
        "stamp_shape": SHAPE,
        "crop": 21,
        "kernel": 3,
        "network_file": "network.keras",
        "network_sha256": "0" * 64,
        "origin": Origin.SIMULATED,
        "source": "nothing",
        "source_sha256": "0" * 64,
    }
    return ModelDescription(**values | changes)


def packets(shared_data: Path) -> dict[str, bytes]:
    """Return the real packets, as ATLAS publishes them, by candid."""
    return {path.stem: path.read_bytes() for path in sorted(shared_data.glob("atlas_raw/*.avro"))}


def to_sorting_hat(packet: bytes, *, compressed: bool = False, **changes: object) -> dict[str, Any]:
    """Return the sorting-hat record of a raw packet; ATLAS has no template."""
    (raw,) = alert_messages.decoded([packet])
    candidate = raw["candidate"]
    press = gzip.compress if compressed else bytes
    moved = ("mjd", "filter", "pid", "RA", "Dec", "Mag", "Dmag", "isdiffpos", "candid")
    record = {
        "aid": f"AL{raw['objectId']}",
        "oid": raw["objectId"],
        "sid": "ATLAS",
        "tid": "ATLAS-02a",
        "pid": candidate["pid"],
        "candid": raw["candid"],
        "mjd": candidate["mjd"],
        "fid": candidate["filter"],
        "ra": candidate["RA"],
        "dec": candidate["Dec"],
        "mag": candidate["Mag"],
        "e_mag": candidate["Dmag"],
        "isdiffpos": 1 if candidate["isdiffpos"] == "t" else -1,
        "e_ra": 0.14,
        "e_dec": 0.14,
        "extra_fields": {key: candidate[key] for key in candidate if key not in moved},
        "stamps": {
            "science": press(raw["cutoutScience"]["stampData"]),
            "template": None,
            "difference": press(raw["cutoutDifference"]["stampData"]),
        },
    }
    return record | changes


def messages(records: list[dict[str, Any]]) -> list[Record]:
    """Return sorting-hat messages, keyed by their object."""
    return [
        Record(one["aid"].encode(), alert_messages.message(SORTING_HAT, one)) for one in records
    ]
