from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from stampapp.alerts.alert import Alert
from stampapp.commands.figure_folder import FigureFolder
from stampapp.commands.model_comparer import MOST_LISTED, ModelComparer
from stampapp.commands.text.model_comparison import comparison_json, comparison_lines
from stampapp.errors import BadAlert
from stampapp.results.model_verdict import Criteria, findings
from stampapp.results.outcome import Classification
from tests.support.alerts import alert
from tests.support.fake_classifier import FakeClassifier, classification


def alerts(count: int) -> list[Alert]:
    return [alert(aid=f"A{number}", candid=str(number)) for number in range(count)]


def differs(step: int) -> FakeClassifier:
    """Gives each `step`th alert another class, the more different the larger its number is."""

    def answer(one: Alert) -> Classification:
        found = classification(one)
        number = int(one.candid)
        if number % step:
            return found
        share = 0.4 - number / 1000
        return replace(found, class_name="bogus", probabilities={"SN": share, "bogus": 1 - share})

    return FakeClassifier(answer)


def test_both_classify_every_alert_and_the_largest_differences_are_listed() -> None:
    comparer = ModelComparer(live=FakeClassifier(), shadow=differs(2))
    comparer.warm_up()
    for start in (0, 50):
        comparer.add(alerts(100)[start : start + 50])
    assert (comparer.read, comparer.tally.compared, comparer.tally.agreed) == (100, 100, 50)
    listed = comparer.disagreements
    assert [one.candid for one in listed] == [str(98 - 2 * n) for n in range(MOST_LISTED)]
    assert (listed[0].live_probability, listed[0].comparison.shadow) == (0.75, "bogus")
    assert comparer.slowdown


def test_an_alert_that_only_the_shadow_cannot_classify_differs_most() -> None:
    def check(one: Alert) -> None:
        if one.candid == "1":
            raise BadAlert("feature-missing", "the feature is missing")

    shadow = differs(2)
    shadow.check = check
    comparer = ModelComparer(live=FakeClassifier(), shadow=shadow)
    comparer.add(alerts(4))
    first = comparer.disagreements[0]
    assert (first.candid, first.comparison.shadow) == ("1", "dead_lettered")
    assert first.shadow_probability is None
    lines = "\n".join(comparison_lines(comparer, findings(comparer.tally, 1.0, Criteria()), None))
    assert "dead_lettered" in lines


def test_what_the_live_model_cannot_classify_and_what_rules_decide_is_only_counted() -> None:
    def answer(one: Alert) -> Classification | BadAlert:
        if one.candid == "0":
            return BadAlert("feature-out-of-range", "not finite")
        decided = replace(classification(one, "asteroid"), rule="a known object")
        return decided if one.candid == "1" else classification(one)

    comparer = ModelComparer(live=FakeClassifier(answer), shadow=FakeClassifier())
    comparer.add([BadAlert("empty", "no value"), *alerts(4)])
    assert (comparer.read, comparer.unclassified, comparer.by_rule) == (5, 2, 1)
    assert comparer.tally.compared == 2


def test_pictures_are_by_pair_of_classes_and_limited(tmp_path: Path) -> None:
    figures = FigureFolder(tmp_path)
    comparer = ModelComparer(live=FakeClassifier(), shadow=differs(2), figures=figures)
    comparer.add(alerts(6))
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.png")) == [
        "SN_bogus/0.png",
        "SN_bogus/2.png",
        "SN_bogus/4.png",
    ]


def test_the_report_says_which_criteria_are_not_met() -> None:
    comparer = ModelComparer(live=FakeClassifier(), shadow=differs(4))
    comparer.add(alerts(100))
    verdict = findings(comparer.tally, 1.0, Criteria(difference=0.5))
    lines = list(comparison_lines(comparer, verdict, None))
    assert "  SN   75    25     0.750" in lines
    assert "  NOT met  share of the same class: 0.75, limit 0.95" in lines
    assert lines[-1] == "By these criteria, the shadow model is not fit to replace the live one."
    found = comparison_json(comparer, verdict)
    assert not found["fit"]
    assert found["counts"] == [
        {"live": "SN", "shadow": "SN", "alerts": 75},
        {"live": "SN", "shadow": "bogus", "alerts": 25},
    ]
    assert found["disagreements"][0]["shadow"] == "bogus"
