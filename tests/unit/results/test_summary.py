from __future__ import annotations

from stampapp.results.summary import Summary


def test_a_summary_counts_its_alerts() -> None:
    assert str(Summary(read=1, classified=1)).startswith(
        "1 alert: 1 classified, 0 ruled out, 0 sup"
    )
    assert str(Summary(read=2, errors=1)).startswith("2 alerts: 0 classified")
