from __future__ import annotations

import pytest

from stampapp.alerts.surveys import Survey
from stampapp.errors import BadAlert
from stampapp.results.message_format import ScribeFormat, message_format
from tests.support.alerts import alert
from tests.support.results import options


@pytest.mark.parametrize(
    ("survey", "outputs", "commands"),
    [
        (Survey.ZTF, ["alerce"], ["update_probabilities", "probability-archival"]),
        (Survey.ATLAS, ["alerce"], ["update_probabilities"]),
        (Survey.LSST, ["rubin", "alerce"], ["probability-archival", "update_probabilities"]),
    ],
)
def test_the_formats_of_a_survey(survey: Survey, outputs: list[str], commands: list[str]) -> None:
    found = message_format(survey)
    assert [one.name for one in found.outputs] == outputs
    assert list(found.commands) == commands


def test_a_survey_without_a_place_in_the_database_has_no_ids() -> None:
    with pytest.raises(BadAlert, match="no ids for objects of ATLAS"):
        message_format(Survey.ATLAS).archived_object(alert(survey=Survey.ATLAS))


def test_classes_without_an_id_are_named() -> None:
    found = options(commands=ScribeFormat.PROBABILITY_ARCHIVAL)
    warning = found.class_id_warning(("SN", "VS", "bogus"))
    assert warning == "SCRIBE_TAXONOMY has no id for VS, bogus: commands have class_id -1"
    assert found.class_id_warning(("SN", "AGN")) is None
    assert options().class_id_warning(("SN", "VS")) is None
