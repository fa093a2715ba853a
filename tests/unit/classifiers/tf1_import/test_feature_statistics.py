from __future__ import annotations

import os
import pickle
import pickletools
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampapp.classifiers.tf1_import import feature_statistics
from stampapp.errors import ConfigError


class Calls:
    def __init__(self, function: Any, *arguments: object) -> None:
        self._reduced = function, arguments

    def __reduce__(self) -> tuple[Any, tuple[object, ...]]:
        return self._reduced


@pytest.mark.parametrize("protocol", range(6))
def test_every_protocol_gives_plain_numbers_in_order(protocol: int) -> None:
    table = {
        "ra": {"mean": np.float64(180.5), "std": np.float32(0.25)},
        "isdiffpos": {"mean": np.int64(-3), "std": 1.5},
        "dec": {"mean": 7, "std": np.uint8(200)},
        "rb": {"mean": np.float64(180.5), "std": np.bool_(True)},
    }
    found = feature_statistics.parse_statistics(pickle.dumps(table, protocol=protocol))
    assert found == table
    assert isinstance(found, dict)
    assert list(found) == list(table)
    assert {type(v) for row in found.values() for v in row.values()} == {float, int, bool}


def test_numbers_in_either_byte_order() -> None:
    big = np.dtype(">f8").type(2.5)
    assert feature_statistics.parse_statistics(pickle.dumps(big)) == 2.5
    swapped = pickle.dumps(np.float64(2.5)).replace(b"<", b">")
    assert feature_statistics.parse_statistics(swapped) == np.float64(2.5).view(">f8")


def test_a_pickle_of_python_2() -> None:
    scalar = (
        b"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(U\x02f8K\x00K\x01tR(K\x03U\x01<NNN"
        b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tbU\x08" + np.float64(-1e-9).tobytes() + b"tR"
    )
    assert feature_statistics.parse_statistics(b"\x80\x02}U\x04mean" + scalar + b"s.") == {
        "mean": -1e-9
    }


def test_nothing_is_called(tmp_path: Path) -> None:
    traces = tmp_path / "called"
    for protocol in range(6):
        for function, argument in ((os.system, f"touch {traces}"), (os.mkdir, str(traces))):
            evil = pickle.dumps({"ra": Calls(function, argument)}, protocol=protocol)
            with pytest.raises(ConfigError, match=r"it calls '(posix|nt) (system|mkdir)'"):
                feature_statistics.parse_statistics(evil)
            assert not traces.exists()
    # The same pickle does harm elsewhere: the test can fail.
    pickle.loads(pickle.dumps(Calls(os.mkdir, str(traces))))
    assert traces.exists()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (pickle.dumps(np.array([1.0])), "it calls 'numpy"),
        (pickle.dumps(np.array([object()])[:0]), "it calls 'numpy"),
        (pickle.dumps(np.longdouble(1)), "it calls 'numpy dtype'"),
        (pickle.dumps(np.dtype("f8")).replace(b"f8", b"O8"), "it calls 'numpy dtype'"),
        (pickle.dumps(np.float64(1)).replace(b"f8", b"f4"), "a number of 8 bytes as float32"),
        (pickle.dumps({1: 2.0}), "a key that is no text"),
        (pickle.dumps([1.0]), "it uses EMPTY_LIST"),
        (pickle.dumps({"a"}), "it uses EMPTY_SET"),
        (b"", "damaged"),
        (pickle.dumps({"ra": 1.0})[:-3], "damaged"),
        (b"\x80\x04.", "damaged"),
        (b"\x80\x04h\x07.", "damaged"),
        (b"\x80\x04cos\nsystem\n}b.", "sets the state of something"),
        (b"\x80\x04}}b.", "sets the state of something"),
        (b"\x80\x04K\x01)R.", "calls something that is no function"),
        (b"\x80\x04K\x01K\x02\x93.", "names a function by something"),
        (b"\x80\x04\x8c\x02id\x8c\x01x\x81.", "it uses NEWOBJ"),
        (b"\x80\x02\x8c\x01xQ.", "it uses BINPERSID"),
        (b"\x80\x02\x82\x01.", "it uses EXT1"),
        (b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.", "damaged"),
        (
            b"\x80\x04}r\xff\xff\xff\x7f" + b"0" * feature_statistics.LARGEST_PICKLE,
            "more than 65536 bytes",
        ),
    ],
)
def test_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        feature_statistics.parse_statistics(data)


def test_codecs_encode_knows_latin_1_only() -> None:
    call = b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x06\x00\x00\x00%s\x86R."
    assert feature_statistics.parse_statistics(call % b"latin1") == b"a"
    with pytest.raises(ConfigError, match="_codecs encode"):
        feature_statistics.parse_statistics(call % b"zip_co")


def test_a_key_that_takes_for_ever_to_hash_is_refused_at_once() -> None:
    doubled = b"".join(b"h%c h%c \x86\x94".replace(b" ", b"") % (n, n) for n in range(60))
    bomb = b"\x80\x04)\x94" + doubled
    started = time.thread_time()
    with pytest.raises(ConfigError, match="no text"):
        feature_statistics.parse_statistics(b"\x80\x04)\x94" + doubled + b"\x94}h\x3cK\x01s.")
    with pytest.raises(ConfigError, match="names a function"):
        feature_statistics.parse_statistics(bomb + b"h\x3ch\x3c\x93.")
    with pytest.raises(ConfigError, match="calls 'numpy dtype'"):
        feature_statistics.parse_statistics(bomb + b"\x94cnumpy\ndtype\nh\x3c\x85R.")
    assert time.thread_time() - started < 5


def test_a_huge_memo_index_costs_nothing() -> None:
    assert (
        feature_statistics.parse_statistics(b"\x80\x04K\x07r\xff\xff\xff\x7fj\xff\xff\xff\x7f.")
        == 7
    )


@given(
    st.binary(max_size=200)
    | st.permutations([op.code.encode("latin-1") for op in pickletools.opcodes]).map(b"".join)
)
def test_whatever_comes_gives_a_value_or_config_error(data: bytes) -> None:
    for start in (b"", b"\x80\x04", pickle.dumps({"ra": {"mean": np.float64(1)}})[:-1]):
        try:
            value = feature_statistics.parse_statistics(start + data)
        except ConfigError:
            continue
        assert isinstance(value, dict | str | bytes | int | float | tuple | type(None)) or (
            type(value).__module__ == "stampapp.classifiers.tf1_import.feature_statistics"
        )
