"""Real alerts, from the folder `shared` next to the repository."""

from __future__ import annotations

import math
from pathlib import Path

import fastavro
import numpy as np
import pytest

from stampapp.alerts.alert import Alert
from stampapp.alerts.packets import decode_alert, decode_records
from stampapp.alerts.surveys import Survey
from stampapp.stamps import fits_image
from tests.support import bad_alerts

NAMES = ("science", "template", "difference")


def alerts_in(path: Path) -> list[Alert]:
    with path.open("rb") as source:
        found = list(decode_records(source))
    alerts = [one for one in found if isinstance(one, Alert)]
    assert len(alerts) == len(found)
    return alerts


@pytest.fixture(scope="module")
def hat(shared_data: Path) -> dict[str, Alert]:
    """The sorting hat's alerts by candid."""
    return {alert.candid: alert for alert in alerts_in(shared_data / "ztf_sorting_hat.avro")}


def test_every_sorting_hat_alert_has_the_values_that_plain_fastavro_reads(
    hat: dict[str, Alert], shared_data: Path
) -> None:
    with (shared_data / "ztf_sorting_hat.avro").open("rb") as source:
        records = [record for record in fastavro.reader(source) if isinstance(record, dict)]
    assert len(records) == len(hat) == 222
    for record in records:
        alert = hat[record["candid"]]
        assert alert.survey is Survey.ZTF
        for name in ("aid", "oid", "mjd", "fid", "ra", "dec", "mag", "e_mag", "isdiffpos"):
            assert getattr(alert, name) == record[name]
        assert alert.extra_fields == record["extra_fields"]
        assert alert.stamps == record["stamps"]
    assert len({alert.oid for alert in hat.values()}) == 195


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_a_file_of_one_large_block_is_read(shared_data: Path, codec: str, tmp_path: Path) -> None:
    path = tmp_path / "one-block.avro"
    with (shared_data / "ztf_sorting_hat.avro").open("rb") as source, path.open("wb") as target:
        reader = fastavro.reader(source)
        schema = reader.writer_schema
        assert schema is not None
        fastavro.writer(target, schema, reader, codec=codec, sync_interval=2**30)
    with path.open("rb") as source:
        assert sum(isinstance(one, Alert) for one in decode_records(source)) == 222


def test_every_sorting_hat_stamp_is_readable(hat: dict[str, Alert]) -> None:
    for alert in hat.values():
        for name in NAMES:
            pixels = fits_image.read_pixels(alert.stamps[name], (63, 63), name)
            assert np.isfinite(pixels).any()


def test_a_raw_ztf_packet_gives_the_values_of_its_sorting_hat_message(
    hat: dict[str, Alert], shared_data: Path
) -> None:
    packets = sorted((shared_data / "ztf_raw").glob("*.avro"))
    assert len(packets) == 38
    for packet in packets:
        raw = decode_alert(packet.read_bytes())
        converted = hat[raw.candid]
        assert (raw.oid, raw.fid, raw.isdiffpos) == (
            converted.oid,
            converted.fid,
            converted.isdiffpos,
        )
        assert raw.aid == raw.oid
        assert raw.stamps == converted.stamps
        # Both are of type double: a julian date has a resolution of 5e-10 days.
        assert raw.mjd == pytest.approx(converted.mjd, abs=1e-9)
        for name in ("ra", "dec", "mag", "e_mag"):
            assert getattr(raw, name) == pytest.approx(getattr(converted, name), rel=1e-6)
        # The sorting hat keeps the packet's identifiers in fields of its own.
        shared = converted.extra_fields.keys() & raw.extra_fields.keys()
        assert len(shared) >= 60
        for name in shared:
            assert alike(raw.extra_fields[name], converted.extra_fields[name]), (raw.candid, name)


def alike(one: object, other: object) -> bool:
    # The sorting hat writes large integers as floats of 32 bits.
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-6) or (math.isnan(one) and math.isnan(other))
    return one == other


def test_every_atlas_packet_is_read(shared_data: Path) -> None:
    packets = sorted((shared_data / "atlas_raw").glob("*.avro"))
    assert len(packets) == 6
    for packet in packets:
        alert = decode_alert(packet.read_bytes())
        assert alert.survey is Survey.ATLAS
        assert alert.candid == packet.stem
        assert alert.aid == alert.oid
        assert alert.fid in {"o", "c"}
        assert alert.isdiffpos in {1, -1}
        assert 59000 < alert.mjd < 61000
        assert set(alert.stamps) == {"science", "difference"}
        for name, stamp in alert.stamps.items():
            assert fits_image.read_pixels(stamp, (61, 61), name).dtype == np.dtype(">f4")


@pytest.mark.parametrize("name", ["science", "difference"])
def test_gzipped_atlas_stamps_are_read(shared_data: Path, name: str) -> None:
    stamp = (shared_data / "atlas_raw" / f"{name}.fits.gz").read_bytes()
    assert np.isfinite(fits_image.read_pixels(stamp, (61, 61), name)).all()


def test_an_atlas_stamp_is_refused_where_a_ztf_stamp_is_expected(shared_data: Path) -> None:
    stamp = (shared_data / "atlas_raw" / "science.fits.gz").read_bytes()
    assert bad_alerts.cause(fits_image.read_pixels, stamp, (63, 63), "science") == "stamp-shape"


def test_the_unreadable_alerts_have_damaged_stamps(shared_data: Path) -> None:
    unreadable = alerts_in(shared_data / "ztf_sorting_hat_unreadable.avro")
    assert len(unreadable) == 3
    for alert in unreadable:
        attempted = [
            bad_alerts.attempt(fits_image.read_pixels, alert.stamps[n], (63, 63), n) for n in NAMES
        ]
        causes = {found.cause for found in attempted if not isinstance(found, np.ndarray)}
        assert causes == {"stamp-damaged"}
