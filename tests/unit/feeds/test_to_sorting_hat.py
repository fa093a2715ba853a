from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import fastavro
import pytest

from stampapp.alerts import packets
from stampapp.alerts.alert import Alert
from stampapp.errors import BadAlert
from stampapp.feeds.record_splitter import SingleRecord, split_records
from stampapp.feeds.to_sorting_hat import ToSortingHat
from tests.support.alerts import container, record
from tests.support.lsst_alerts import lsst_alert
from tests.support.lsst_schemas import SCHEMAS, wire_packet
from tests.support.packets import raw_atlas, raw_ztf

HAT = ToSortingHat()


def single(value: bytes) -> SingleRecord:
    (found,) = split_records(io.BytesIO(value))
    return found


def converted(value: bytes) -> dict[str, Any]:
    (found,) = fastavro.reader(io.BytesIO(HAT(single(value)).value))
    assert isinstance(found, dict)
    return found


def rounded(alert: Alert) -> Alert:
    """An alert with the digits that 32 bits have."""
    extra = {
        name: round(value, 3) if isinstance(value, float) else value
        for name, value in alert.extra_fields.items()
        if name != "pid"
    }
    stamps = {name: data for name, data in alert.stamps.items() if data is not None}
    numbers = {name: round(getattr(alert, name), 4) for name in ("mag", "e_mag")}
    return replace(alert, extra_fields=extra, stamps=stamps, **numbers)


# Containers have a marker drawn by lot, which must not be in the name of a test.
@pytest.mark.parametrize("value", [raw_ztf(), raw_atlas()], ids=["ztf", "atlas"])
def test_a_raw_alert_and_its_sorting_hat_message_decode_to_the_same_alert(value: bytes) -> None:
    found = HAT(single(value))
    assert found.key == packets.decode_alert(value).aid.encode()
    assert rounded(packets.decode_alert(found.value)) == rounded(packets.decode_alert(value))


def test_pid_is_no_extra_field() -> None:
    assert converted(raw_ztf())["pid"] == 99
    assert "pid" not in converted(raw_ztf())["extra_fields"]
    assert converted(raw_atlas())["pid"] == 0


def test_numbers_are_narrowed_to_32_bits() -> None:
    assert converted(raw_ztf(sgscore1=1e300))["extra_fields"]["sgscore1"] == float("inf")
    assert converted(raw_ztf(sgscore1=-1e300))["extra_fields"]["sgscore1"] == float("-inf")


def test_a_sorting_hat_message_stays_as_it_is() -> None:
    one = single(container(record()))
    assert HAT(one) is one


def test_what_is_no_alert_is_refused() -> None:
    with pytest.raises(BadAlert):
        HAT(single(raw_ztf(jd=float("nan"))))


def test_real_packets_become_what_the_sorting_hat_made_of_them(shared_data: Path) -> None:
    with (shared_data / "ztf_sorting_hat.avro").open("rb") as file:
        real = {one["candid"]: one for one in fastavro.reader(file) if isinstance(one, dict)}
    for path in sorted(shared_data.glob("ztf_raw/*"))[:10]:
        with path.open("rb") as file:
            (one,) = split_records(file)
        found, expected = converted(one.value), real[str(packets.decode_alert(one.value).candid)]
        assert found["extra_fields"].keys() >= expected["extra_fields"].keys() - {"prv_candidates"}
        for name in ("oid", "sid", "tid", "pid", "candid", "mjd", "fid", "ra", "dec", "isdiffpos"):
            assert found[name] == expected[name], name
        for name, value in expected["extra_fields"].items():
            assert found["extra_fields"].get(name) == value, name
        assert found["stamps"] == expected["stamps"]


def test_a_survey_whose_ids_would_lose_digits_is_refused() -> None:
    splitter = split_records(io.BytesIO(wire_packet(1000, lsst_alert())), SCHEMAS)
    with pytest.raises(BadAlert, match="no messages of LSST"):
        ToSortingHat(SCHEMAS)(next(splitter))
