from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampapp.alerts.surveys import Survey
from stampapp.results.encoding import encode_prediction
from stampapp.results.output_format import OutputEncoding
from stampapp.results.published_result import read_result
from tests.support.alerts import alert, container, record
from tests.support.results import options, prediction
from tests.unit.results.test_encoding import NOON


@pytest.mark.parametrize("encoding", OutputEncoding)
def test_an_output_is_read_back(encoding: OutputEncoding) -> None:
    chosen = options(Survey.ZTF, encoding=encoding)
    value = encode_prediction(prediction(), chosen, NOON)
    found = read_result(value)
    assert found
    assert (found.aid, found.probabilities) == (alert().aid, {"SN": 0.75, "bogus": 0.25})
    assert found.others["published"] == "2026-03-01T12:00:00.123Z"


def test_a_bare_datum_has_no_byte_too_many_or_too_few() -> None:
    value = encode_prediction(prediction(), options(encoding=OutputEncoding.BARE), NOON)
    assert read_result(value)
    assert read_result(value[:-1]) is None
    assert read_result(value + b"\0") is None


@given(st.binary(max_size=200))
def test_other_bytes_are_no_result(value: bytes) -> None:
    assert read_result(value) is None


def test_an_alert_is_no_result() -> None:
    assert read_result(container(record())) is None
    assert read_result(container(record(), record())) is None
