from __future__ import annotations

import io

import fastavro
import pytest

from stampapp.alerts import packets
from stampapp.errors import BadAlert
from stampapp.feeds.record_splitter import Single, split
from tests.support.alerts import SORTING_HAT, container, record, record_schema
from tests.support.packets import raw_atlas, raw_ztf


def singles(data: bytes) -> list[Single]:
    return list(split(io.BytesIO(data)))


# Containers have a marker drawn by lot, which must not be in the name of a test.
@pytest.mark.parametrize(
    "value", [raw_ztf(), raw_atlas(), container(record())], ids=["ztf", "atlas", "told"]
)
def test_a_packet_stays_as_it_is_to_the_byte(value: bytes) -> None:
    assert [one.value for one in singles(value)] == [value]


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_each_record_becomes_a_container_of_its_own(codec: str) -> None:
    records = [record(aid=f"A{number}", mag=float(number)) for number in range(5)]
    buffer = io.BytesIO()
    # Several blocks, too.
    fastavro.writer(buffer, SORTING_HAT, records, codec=codec, sync_interval=90_000)
    found = singles(buffer.getvalue())
    assert [one.key for one in found] == [b"A0", b"A1", b"A2", b"A3", b"A4"]
    assert [packets.decode(one.value).mag for one in found] == [0.0, 1.0, 2.0, 3.0, 4.0]
    for one, original in zip(found, records, strict=True):
        assert list(fastavro.reader(io.BytesIO(one.value))) == [original]


def test_the_key_is_the_object() -> None:
    assert singles(raw_ztf())[0].key == b"ZTF20abcdefg"
    assert singles(container({"x": 1}, schema=record_schema(x="int")))[0].key is None


def test_what_is_whole_comes_before_what_is_damaged() -> None:
    stream = split(io.BytesIO(container(record(), record())[:-100]))
    assert next(stream).key == b"AL20abcdefgh"
    with pytest.raises(BadAlert, match=r"cut short|sync"):
        next(stream)


@pytest.mark.parametrize("data", [b"", b"\x80\x04cos\nsystem\n", b"Obj\x01\xff"])
def test_what_is_no_container_is_refused(data: bytes) -> None:
    with pytest.raises(BadAlert):
        singles(data)
