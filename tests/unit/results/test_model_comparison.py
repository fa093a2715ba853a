from __future__ import annotations

from dataclasses import replace

import pytest

from stampapp.errors import BadAlert
from stampapp.results.model_comparison import Comparison, ComparisonTally, compare, is_compared
from stampapp.results.outcome import Outcome, OutcomeKind
from tests.support.alerts import alert
from tests.support.fake_classifier import classification

ONE = alert()
LIVE = Outcome(kind=OutcomeKind.CLASSIFIED, alert=ONE, classification=classification(ONE))
RULED_OUT = Outcome(kind=OutcomeKind.RULED_OUT, alert=ONE, classification=classification(ONE, None))
DEAD = Outcome(kind=OutcomeKind.DEAD_LETTERED, alert=ONE, error=BadAlert("feature-missing", "none"))


def outcome(sn: float) -> Outcome:
    found = replace(
        classification(ONE, "SN" if sn > 0.5 else "bogus"),
        probabilities={"bogus": 1.0 - sn, "SN": sn},
    )
    return replace(LIVE, classification=found)


def test_a_comparison_has_both_classes_and_the_largest_difference() -> None:
    same, other = compare(LIVE, outcome(0.7)), compare(LIVE, outcome(0.25))
    assert (same.live, same.shadow, same.agrees) == ("SN", "SN", True)
    assert same.difference == pytest.approx(0.05)
    assert (other.live, other.shadow, other.agrees) == ("SN", "bogus", False)
    assert other.difference == pytest.approx(0.5)


def test_an_outcome_without_a_class_is_named_by_its_kind() -> None:
    assert compare(LIVE, DEAD) == Comparison(live="SN", shadow="dead_lettered", difference=None)
    assert compare(RULED_OUT, LIVE).live == "ruled_out"


def test_what_a_rule_decides_for_every_model_is_not_compared() -> None:
    decided = replace(classification(ONE, "asteroid"), rule="a known object")
    assert is_compared(LIVE)
    assert is_compared(RULED_OUT)
    assert not is_compared(replace(LIVE, classification=decided))
    assert not is_compared(DEAD)


def test_the_tally_counts_pairs_and_differences() -> None:
    tally = ComparisonTally()
    tally.add(compare(LIVE, outcome(sn)) for sn in (0.75, 0.749, 0.7, 0.25))
    tally.add([compare(LIVE, DEAD)])
    assert (tally.compared, tally.agreed) == (5, 3)
    assert tally.of_class("SN") == (5, 3)
    assert tally.of_class("bogus") == (0, 0)
    assert tally.live_classes == ["SN"]
    assert tally.shadow_classes == ["SN", "bogus", "dead_lettered"]
    assert [tally.quantile(share) for share in (0.25, 0.5, 0.75, 1.0)] == [0.0, 0.001, 0.05, 0.5]
    assert [tally.share_up_to(most) for most in (0.001, 0.05, 0.4, 1)] == [0.5, 0.75, 0.75, 1.0]


def test_an_empty_tally_has_no_shares() -> None:
    tally = ComparisonTally()
    assert tally.quantile(0.5) is tally.share_up_to(0.1) is None
    assert tally.live_classes == tally.shadow_classes == []
