from __future__ import annotations

import pytest

from stampapp.alerts.surveys import Survey
from stampapp.errors import ConfigError
from stampapp.training.evaluation import survey_opinion
from stampapp.training.evaluation.lsst import PLUGIN, opinion
from stampapp.training.evaluation.survey_opinion import ComparedAlert, Opinion
from tests.support.lsst_stamps import lsst_alert


def compared(candid: str, said: Opinion | None, found: str) -> ComparedAlert:
    probabilities = dict.fromkeys(("SN", "asteroid", "bogus"), 0.1) | {found: 0.8}
    return ComparedAlert(
        candid=candid, values=("i", "5.1", "-"), opinion=said, probabilities=probabilities
    )


@pytest.mark.parametrize(
    ("fields", "text", "classes"),
    [
        ({"ssObjectId": 21164736943044929}, "solar-system object", {"asteroid"}),
        ({"ssObjectId": 7, "reliability": 0.99}, "solar-system object", {"asteroid"}),
        ({"isDipole": True, "reliability": 0.99, "ssObjectId": 0}, "dipole", {"bogus"}),
        (
            {"isDipole": False, "reliability": 0.91},
            "reliability above 0.9",
            {"AGN", "SN", "VS", "asteroid"},
        ),
    ],
)
def test_what_an_alert_says(fields: dict[str, object], text: str, classes: set[str]) -> None:
    found = opinion(lsst_alert({}, **fields))
    assert found == Opinion(text=text, classes=frozenset(classes))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"reliability": 0.9},
        {"reliability": None, "isDipole": None},
        {"reliability": float("nan"), "isDipole": False, "ssObjectId": 0},
    ],
)
def test_some_alerts_say_nothing(fields: dict[str, object]) -> None:
    assert opinion(lsst_alert({}, **fields)) is None


def test_the_table_counts_what_agrees() -> None:
    dipole = Opinion(text="dipole", classes=frozenset({"bogus"}))
    rows = [
        compared("170094456480989258", dipole, "bogus"),
        compared("170094456480989259", dipole, "SN"),
        compared("170094456480989260", None, "asteroid"),
    ]
    text = survey_opinion.render_comparison(rows, Survey.LSST, "3 alerts")
    intro, counts, alerts = text.split("\n\n")
    assert intro.startswith("3 alerts. The network classifies every alert")
    assert [cell.strip() for cell in counts.splitlines()[2].split("|")[1:-1]] == [
        "dipole",
        "2",
        "1",
    ]
    assert len(counts.splitlines()) == 3
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in alerts.splitlines()]
    assert cells[0] == [
        *("candid", "LSST says", *PLUGIN.fields, "network", "SN", "asteroid", "bogus")
    ]
    assert cells[2] == [
        *("170094456480989258", "dipole", "i", "5.1", "-", "bogus", "0.100", "0.100", "0.800")
    ]
    assert cells[4][1] == "-"


@pytest.mark.parametrize("survey", [Survey.ZTF, Survey.ATLAS])
def test_a_survey_that_says_nothing_is_reported(survey: Survey) -> None:
    with pytest.raises(ConfigError, match=f"the survey {survey} has no stampapp.training.eval"):
        survey_opinion.survey_opinions(survey)
