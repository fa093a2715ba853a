from __future__ import annotations

from stampapp.dashboard.recent_alerts import (
    MAX_DEAD_LETTERS,
    PER_CLASS,
    RULED_OUT_LABEL,
    RecentAlerts,
)
from stampapp.errors import BadAlert
from stampapp.results.outcome import Outcome, OutcomeKind
from tests.support.alerts import alert, message
from tests.support.fake_classifier import classification

NOW = 1_700_000_000.0


def classified(aid: str, name: str | None = "SN") -> Outcome:
    one = alert(aid=aid)
    kind = OutcomeKind.CLASSIFIED if name else OutcomeKind.RULED_OUT
    return Outcome(kind=kind, alert=one, classification=classification(one, name))


def add(shown: RecentAlerts, *outcomes: Outcome) -> None:
    shown.add([message(place) for place in range(len(outcomes))], outcomes, NOW)


DEAD_ONE = Outcome(kind=OutcomeKind.DEAD_LETTERED, error=BadAlert("schema", "no alert"))


def test_the_latest_of_each_class_in_a_batch_are_kept() -> None:
    shown = RecentAlerts()
    add(shown, *(classified(f"A{number}") for number in range(10)), classified("B", "bogus"))
    assert {(one.label, one.alert.aid) for one in shown.alerts()} == {
        ("SN", "A9"),
        ("SN", "A8"),
        ("SN", "A7"),
        ("bogus", "B"),
    }


def test_a_rare_class_is_kept() -> None:
    shown = RecentAlerts()
    add(shown, classified("rare", "AGN"))
    for number in range(100):
        add(shown, *(classified(f"{number}-{turn}") for turn in range(9)))
    found = shown.alerts()
    assert len(found) == PER_CLASS + 1
    assert found[-1].alert.aid == "rare"
    assert [one.number for one in found] == sorted((one.number for one in found), reverse=True)


def test_vetoed_alerts_are_kept_as_such_and_superseded_ones_are_not() -> None:
    shown = RecentAlerts()
    superseded = Outcome(kind=OutcomeKind.SUPERSEDED, alert=alert(aid="S"))
    add(shown, superseded, classified("W", None))
    (found,) = shown.alerts()
    assert (found.label, found.alert.aid) == (RULED_OUT_LABEL, "W")
    assert str(found.location) == "alerts:0:1"


def test_dead_letters_are_kept_apart_with_their_cause() -> None:
    shown = RecentAlerts()
    known = Outcome(
        kind=OutcomeKind.DEAD_LETTERED, alert=alert(aid="D"), error=BadAlert("stamp-shape", "small")
    )
    add(shown, DEAD_ONE, known)
    assert shown.alerts() == []
    assert {(one.cause, one.aid, one.message) for one in shown.dead_letters()} == {
        ("schema", None, "no alert"),
        ("stamp-shape", "D", "small"),
    }


def test_the_number_of_dead_letters_is_bounded() -> None:
    shown = RecentAlerts()
    add(shown, *([DEAD_ONE] * 500))
    add(shown, DEAD_ONE)
    found = shown.dead_letters()
    assert len(found) == MAX_DEAD_LETTERS
    assert found[0].number > found[-1].number
