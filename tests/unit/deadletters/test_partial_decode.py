from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampapp.avro.message_schemas import MessageSchemas
from stampapp.deadletters import partial_decode
from tests.support import alert_messages
from tests.support.alerts import container, record, record_schema
from tests.support.lsst_alerts import OBJECT, lsst_alert
from tests.support.lsst_schemas import SCHEMAS, bare_packet, wire_packet
from tests.support.packets import raw_ztf

WHOLE = container(record())
DEFLATED = container(record(), codec="deflate")


def test_fields_are_decoded_without_bytes() -> None:
    found = partial_decode.decode_partially(WHOLE)
    assert found.container == "Avro, record alerce.alert, codec null"
    assert found.undecoded == ()
    assert found.fields["aid"] == "AL20abcdefgh"
    assert found.fields["extra_fields.fwhm"] == 2.25
    assert str(found.fields["stamps.science"]).endswith(" B, gzip>")
    assert not any(isinstance(value, bytes) for value in found.fields.values())


def test_raw_packets_are_decoded_too() -> None:
    found = partial_decode.decode_partially(raw_ztf())
    assert found.first_of("aid", "objectId") == "ZTF20abcdefg"
    assert found.first_of("candid", "candidate.candid") == "77"
    assert found.fields["cutoutScience.stampData"] == "<1 B, bytes>"
    assert found.fields["cutoutDifference"] is None


@pytest.mark.parametrize("whole", [WHOLE, DEFLATED], ids=["null", "deflate"])
def test_the_beginning_of_a_truncated_message_is_decoded(whole: bytes) -> None:
    found = partial_decode.decode_partially(whole[: len(whole) * 3 // 4])
    assert found.undecoded == ("stamps",)
    assert found.fields["candid"] == "516171791415015025"


def test_an_empty_container_has_the_name_of_its_record() -> None:
    schema = record_schema(aid="string", mjd="double")
    empty = container(schema=schema)
    found = partial_decode.decode_partially(empty)
    assert found.undecoded == ("aid", "mjd")
    assert found.fields == {}


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "no value"), (b"", "no value"), (b'{"a": 1}', "begins with b'{\"a\": 1}'")],
)
def test_other_bytes_are_described_by_their_beginning(value: bytes | None, words: str) -> None:
    found = partial_decode.decode_partially(value)
    assert words in found.container
    assert found.fields == {}


def test_an_unknown_codec_is_named_and_its_data_ignored() -> None:
    snappy = WHOLE.replace(b"\x08null", b"\x08none")
    assert partial_decode.decode_partially(snappy).container.endswith("codec none")


def test_long_texts_and_lists_are_cut() -> None:
    schema = record_schema(note="string", many={"type": "array", "items": "int"})
    found = partial_decode.decode_partially(
        container({"note": "x" * 999, "many": [1] * 99}, schema=schema)
    )
    assert len(str(found.fields["note"])) == partial_decode.MAX_CHARACTERS
    assert found.fields["many"] == "<99 items>"


@given(st.integers(0, len(WHOLE)), st.integers(0, len(WHOLE) - 1), st.integers(0, 255))
def test_damage_raises_nothing(end: int, at: int, byte: int) -> None:
    for whole in (WHOLE, DEFLATED):
        damaged = bytearray(whole)
        damaged[at % len(damaged)] = byte
        found = partial_decode.decode_partially(bytes(damaged[:end]))
        assert all(len(str(value)) <= 400 for value in found.fields.values())


@given(st.binary(max_size=300))
def test_arbitrary_bytes_raise_nothing(value: bytes) -> None:
    assert partial_decode.decode_partially(value).container
    assert partial_decode.decode_partially(b"Obj\x01" + value).container


def test_real_damaged_alerts_are_decoded_in_full(shared_data: Path) -> None:
    for one in alert_messages.stream(shared_data / "ztf_sorting_hat_unreadable.avro"):
        found = partial_decode.decode_partially(one.value)
        assert found.undecoded == ()
        assert found.first_of("aid") == (one.key or b"").decode()


def test_messages_without_a_container_are_decoded_by_their_schema() -> None:
    value, bare = (make(1000, lsst_alert()) for make in (wire_packet, bare_packet))
    found = partial_decode.decode_partially(value[: len(value) - 10], SCHEMAS)
    assert found.container == "Avro, record lsst.v10_0.alert, wire format, schema 1000"
    assert (found.aid, found.candid) == (str(OBJECT), str(OBJECT + 2))
    assert found.undecoded
    by_file = MessageSchemas(bare=SCHEMAS.by_id(1000))
    found = partial_decode.decode_partially(bare, by_file)
    assert found.container == "Avro, record lsst.v10_0.alert, without a header"
    assert found.aid == str(OBJECT)
    assert "the schema 1000" in partial_decode.decode_partially(value).container
