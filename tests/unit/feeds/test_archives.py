from __future__ import annotations

import gzip
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampapp.errors import BadAlert
from stampapp.feeds import archives
from stampapp.feeds.archives import unpack
from tests.support.alerts import container, record
from tests.support.archives import tar

ALERT = container(record())


def read(data: bytes, name: str = "night.tar.gz") -> dict[str, bytes | str]:
    """Return the members by name: their bytes, or the BadAlert."""
    return {
        found: str(one) if isinstance(one, BadAlert) else one.read()
        for found, one in unpack(name, io.BytesIO(data))
    }


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_is_itself(pack: type[bytes]) -> None:
    assert read(pack(ALERT), "one.avro") == {"one.avro": ALERT}


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_an_archive_is_its_files_whatever_it_is_called(pack: type[bytes]) -> None:
    packed = pack(tar(one=ALERT, two=b"2"))
    assert read(packed, "x") == {"x:one": ALERT, "x:two": b"2"}


def test_the_files_of_an_archive_may_be_gzipped() -> None:
    packed = gzip.compress(ALERT)
    found = read(tar(one=packed, cut=packed[:5]), "x.tar")
    assert found["x.tar:one"] == ALERT
    assert "cannot be unpacked" in str(found["x.tar:cut"])


def test_an_archive_that_is_cut_short_is_read_up_to_the_damage() -> None:
    whole = gzip.compress(tar(one=ALERT, two=ALERT))
    found = read(whole[:-1000])
    assert found["night.tar.gz:one"] == ALERT
    assert "the archive is damaged" in str(found["night.tar.gz"])
    assert "cannot be unpacked" in str(read(whole[:12])["night.tar.gz"])


def test_an_archive_that_ends_between_two_members_is_damaged_too() -> None:
    # Headers of a folder, a link and a file, and the file's one block.
    assert "it was cut short" in str(read(tar(one=b"1")[: 4 * 512], "x.tar")["x.tar"])
    plain = bytearray(tar(one=b"1", two=b"2"))
    at = plain.index(b"two")
    plain[at + 150] ^= 0xFF
    found = read(bytes(plain), "x.tar")
    assert found.keys() == {"x.tar:one", "x.tar"}


def test_the_declared_size_of_a_member_is_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(archives, "MAX_MEMBER", 2000)
    found = read(tar(large=bytes(2001), small=b"1"), "x.tar")
    assert "2001 B, over 2000" in str(found["x.tar:large"])
    assert found["x.tar:small"] == b"1"


def test_a_header_that_would_fill_the_memory_is_refused() -> None:
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 2**40
    found = read(header.tobuf(tarfile.GNU_FORMAT) + bytes(10240), "x.tar")
    assert "a header declares" in str(found["x.tar"])


def test_headers_of_headers_of_headers_end() -> None:
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 1
    bomb = (header.tobuf() + b"n".ljust(512, b"\0")) * 5000
    assert "is malformed and was refused" in str(read(bomb, "x.tar")["x.tar"])


def test_a_member_that_leads_back_does_not_go_round_for_ever() -> None:
    back = tarfile.TarInfo("back")
    buffer = bytearray(back.tobuf(tarfile.GNU_FORMAT))
    # A size of minus 1024, in the notation for large numbers.
    buffer[124:136] = b"\xff" * 10 + b"\xfc\x00"
    buffer[148:156] = b" " * 8
    buffer[148:156] = b"%06o\0 " % sum(buffer)
    assert "x.tar" in read(tar(one=b"1")[:-9216] + bytes(buffer) * 3 + bytes(1024), "x.tar")


@given(st.binary(max_size=2000))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    for pack in (bytes, gzip.compress):
        for name in ("x.tar", "x.avro"):
            read(pack(data), name)
