from __future__ import annotations

import pytest

from benchmarks.quantiles import latencies, percentile, spread


@pytest.mark.parametrize(
    ("percent", "found"), [(0, 1.0), (1, 1.0), (50, 50.0), (99, 99.0), (99.5, 100.0), (100, 100.0)]
)
def test_percentiles_by_nearest_rank(percent: float, found: float) -> None:
    assert percentile([float(value) for value in range(1, 101)], percent) == found


def test_a_single_value_is_every_percentile() -> None:
    assert percentile([7.0], 1) == percentile([7.0], 99) == 7.0


def test_no_values_raise() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_spread_sorts_values() -> None:
    found = spread([0.3, 0.1, 0.2, 9.0])
    assert (found.p50, found.p99, found.largest) == (0.2, 9.0, 9.0)


def test_latencies_pair_messages_and_outputs_by_key() -> None:
    sent = {b"first": 1000, b"second": 2000, b"withdrawn": 3000}
    published = {b"second": 2500, b"first": 1100, b"somebody else's": 9000}
    assert latencies(sent, published) == [0.1, 0.5]
