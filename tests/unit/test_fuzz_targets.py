"""Every input of the fuzz targets leads to an outcome."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from stampapp.results.outcome import OutcomeKind
from tests.fuzz import engine_targets, targets
from tests.support import atlas, lsst_stamps
from tests.support.alerts import SORTING_HAT, fits, record, sky
from tests.support.avro import by_hand, datum
from tests.support.hostile.containers import with_field
from tests.support.native import needs_native


def _record(name: str, kinds: list[Any]) -> dict[str, Any]:
    fields = [{"name": f"f{n}", "type": kind} for n, kind in enumerate(kinds)]
    return {"type": "record", "name": name, "fields": fields}


def _fixed(name: str, size: int) -> dict[str, Any]:
    return {"type": "fixed", "name": name, "size": size}


ALERT = datum(SORTING_HAT, record())
PLAIN = st.sampled_from(
    ["null", "boolean", "int", "long", "float", "double", "bytes", "string", "a"]
)
NAMES = st.sampled_from("abc")
KINDS = st.recursive(
    PLAIN
    | st.builds(
        lambda name, size: {"type": "fixed", "name": name, "size": size}, NAMES, st.integers()
    )
    | st.builds(lambda name: {"type": "enum", "name": name, "symbols": ["x", "y"]}, NAMES),
    lambda inner: (
        st.builds(lambda items: {"type": "array", "items": items}, inner)
        | st.builds(lambda values: {"type": "map", "values": values}, inner)
        | st.lists(inner, max_size=3)
        | st.builds(_record, NAMES, st.lists(inner, max_size=3))
    ),
    max_leaves=6,
)
VALUES = (
    st.floats().map(lambda number: f"{number:.12E}")
    | st.integers().map(str)
    | st.text(max_size=30).map(lambda text: f"'{text}'")
    | st.none()
)
LSST_STAMP = lsst_stamps.cutout(sky(3, (31, 48)))
NUMBERS = list(re.finditer(rb"[:\s](-?[0-9.]+)[,\s]", engine_targets.DESCRIPTION))
SHAPES = ("BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "BSCALE", "BZERO", "BLANK")


@settings(max_examples=200)
@given(KINDS, st.binary(max_size=60))
def test_messages_with_a_field_of_any_type_and_content(kind: Any, data: bytes) -> None:
    assert targets.classify_message(by_hand(with_field(kind), ALERT + data)).kind in OutcomeKind


@settings(max_examples=100)
@given(st.dictionaries(st.sampled_from(SHAPES), VALUES.filter(bool)), st.integers(0, 3000))
def test_ztf_stamps_with_any_cards(cards: dict[str, Any], cut: int) -> None:
    stamp = fits(sky(), **cards)
    assert targets.classify_ztf_stamp(stamp[: len(stamp) - cut]).kind in OutcomeKind


@settings(max_examples=100)
@given(st.dictionaries(st.sampled_from([*atlas.CARDS, *SHAPES]), VALUES))
def test_atlas_stamps_with_any_cards(cards: dict[str, Any]) -> None:
    assert targets.classify_atlas_stamp(atlas.stamp(**cards)).kind in OutcomeKind


@settings(max_examples=100)
@given(
    st.dictionaries(st.sampled_from([*lsst_stamps.cards(0, 0), *SHAPES]), VALUES.filter(bool)),
    st.integers(0, 40_000),
)
def test_lsst_stamps_with_any_cards(cards: dict[str, Any], cut: int) -> None:
    stamp = LSST_STAMP
    for name, value in cards.items():
        at = stamp.find(name.ljust(8).encode() + b"=")
        card = f"{name:8}= {value:>20}"[:80].ljust(80).encode("latin-1", "replace")
        stamp = stamp[:at] + card + stamp[at + 80 :] if at >= 0 else stamp
    assert targets.classify_lsst_stamp(stamp[: len(stamp) - cut]).kind in OutcomeKind


@settings(max_examples=50)
@given(hnp.arrays(np.float32, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_lsst_stamps_with_any_pixels(pixels: Any) -> None:
    assert targets.classify_lsst_stamp(lsst_stamps.cutout(pixels)).kind in OutcomeKind


@needs_native
@settings(max_examples=50)
@given(st.lists(st.binary(min_size=4, max_size=4), max_size=4))
def test_network_files_with_changes(changes: list[bytes]) -> None:
    engine_targets.use_network_file(b"".join(changes))


@needs_native
@settings(max_examples=50)
@given(st.sampled_from(NUMBERS), st.integers(-1, 5000) | st.floats().map(json.dumps))
def test_model_descriptions_with_other_numbers(number: re.Match[bytes], value: object) -> None:
    text = engine_targets.DESCRIPTION
    text = text[: number.start(1)] + str(value).encode() + text[number.end(1) :]
    engine_targets.use_description(text)


@needs_native
@settings(max_examples=100)
@given(st.binary(max_size=24), st.binary(max_size=40))
def test_networks_of_any_sizes_with_any_weights(sizes: bytes, values: bytes) -> None:
    engine_targets.use_sizes(sizes.ljust(24, b"\3") + values)
