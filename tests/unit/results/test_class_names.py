from __future__ import annotations

import pytest

from stampapp.alerts.surveys import Survey
from stampapp.classifiers.survey_rules import survey_rules
from stampapp.results.class_names import shown_name, with_shown_names


@pytest.mark.parametrize("survey", Survey)
def test_all_surveys_are_shown_in_one_spelling(survey: Survey) -> None:
    shown = with_shown_names(dict.fromkeys(survey_rules(survey).classes, 0.2))
    assert set(shown) == {"AGN", "SN", "VS", "asteroid", "bogus"}


def test_other_names_are_shown_as_they_are() -> None:
    assert shown_name("withdrawn") == "withdrawn"
    assert shown_name("Toy") == "Toy"
