from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from stampapp.results.model_comparison import Comparison, ComparisonTally
from stampapp.results.model_verdict import Criteria, findings

LOOSE = Criteria(
    alerts=1, agreement=0.0, class_agreement=0.0, difference=1.0, errors=100, slowdown=100.0
)


def tally(*pairs: tuple[str, str, float | None, int]) -> ComparisonTally:
    found = ComparisonTally()
    for live, shadow, difference, count in pairs:
        found.add([Comparison(live=live, shadow=shadow, difference=difference)] * count)
    return found


MIXED = tally(
    ("SN", "SN", 0.01, 80),
    ("SN", "bogus", 0.6, 8),
    ("AGN", "AGN", 0.1, 9),
    ("AGN", "VS", 0.2, 1),
    ("SN", "dead_lettered", None, 2),
)


def test_two_equal_models_are_fit() -> None:
    found = findings(tally(("SN", "SN", 0.0, 60), ("AGN", "AGN", 0.0, 40)), 1.0, Criteria())
    assert all(one.met for one in found)


@pytest.mark.parametrize(
    ("limit", "kept", "missed", "found"),
    [
        ("alerts", 100, 101, 100),
        ("agreement", 0.89, 0.9, 0.89),
        ("class_agreement", 0.88, 0.89, 80 / 90),
        ("difference", 0.6, 0.59, 0.6),
        ("errors", 2, 1, 2),
        ("slowdown", 1.5, 1.4, 1.5),
    ],
)
def test_each_criterion_has_a_limit(limit: str, kept: float, missed: float, found: float) -> None:
    def failed(value: Any) -> list[float | None]:
        criteria = replace(LOOSE, **{limit: value})
        return [one.found for one in findings(MIXED, 1.5, criteria) if not one.met]

    assert failed(kept) == []
    assert failed(missed) == [pytest.approx(found)]


def test_a_class_with_few_alerts_has_no_criterion() -> None:
    names = [one.name for one in findings(MIXED, 1.0, Criteria())]
    assert "share of the same class among SN" in names
    assert not any("AGN" in name for name in names)


def test_nothing_to_compare_is_not_fit() -> None:
    found = findings(ComparisonTally(), None, LOOSE)
    assert not any(one.met for one in found if one.found is None)
    assert "share of the same class: unknown, limit 0" in map(str, found)
