from __future__ import annotations

from stampapp.dashboard.shadow import shadow_document
from stampapp.results.model_comparison import Comparison, ComparisonTally


def test_the_document_has_a_row_for_each_class_of_the_live_model() -> None:
    tally = ComparisonTally()
    for live, shadow, difference in (
        ("agn", "agn", 0.01),
        ("agn", "SN", 0.4),
        ("SN", "SN", 0.02),
        ("agn", "ruled_out", 0.03),
    ):
        tally.add([Comparison(live=live, shadow=shadow, difference=difference)])
    found = shadow_document(
        tally, model="next 2.0", seconds_each=0.001, dropped=3, switched_off=None
    )
    assert (found["compared"], found["agreed"], found["dropped"]) == (4, 2, 3)
    assert found["differences"] == [0.02, 0.4]
    assert found["shadow_classes"] == ["AGN", "SN", "ruled_out"]
    assert found["rows"] == [["AGN", 1, 1, 1], ["SN", 0, 1, 0]]


def test_the_document_of_a_new_worker_is_empty() -> None:
    found = shadow_document(
        ComparisonTally(), model="next 2.0", seconds_each=None, dropped=0, switched_off="error"
    )
    assert (found["compared"], found["rows"], found["differences"]) == (0, [], [None, None])
    assert found["switched_off"] == "error"
