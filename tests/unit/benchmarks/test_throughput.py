from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.throughput import steady_rate

START = datetime(2026, 1, 1, tzinfo=UTC)


def test_the_rate_leaves_out_start_and_end() -> None:
    # Ten batches a second, except for the first and the last, which take a minute.
    seconds = [60.0 + number / 10 for number in range(99)] + [200.0]
    figures = [(START + timedelta(seconds=at), 10) for at in seconds]
    assert steady_rate(figures, 1000) == pytest.approx(100.0)


def test_too_few_batches_raise() -> None:
    with pytest.raises(ValueError, match="use more alerts"):
        steady_rate([(START, 500), (START + timedelta(seconds=1), 500)], 1000)
