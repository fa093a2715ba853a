from __future__ import annotations

import pytest

from stampapp.alerts.surveys import Survey
from stampapp.config.environment import Reader
from stampapp.config.message_settings import parse_taxonomy, read_messages
from stampapp.config.settings import load_settings
from stampapp.errors import ConfigError
from stampapp.results.message_format import MessageOptions
from tests.unit.config.test_settings import REQUIRED

ARCHIVAL = {"SCRIBE_CLASSIFIER_ID": "7", "SCRIBE_TAXONOMY": "SN:0, AGN:1"}


def load(survey: str, **changes: str) -> MessageOptions:
    keys = {**REQUIRED, "CLASSIFIER_STRATEGY": survey, **changes}
    return load_settings(Reader(keys.get)).messages


def complaints(survey: str, **changes: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        load(survey, **changes)
    return str(error.value).splitlines()[1:]


@pytest.mark.parametrize("survey", ["ZTF", "ATLAS"])
def test_the_existing_step_is_the_default(survey: str) -> None:
    found = load(survey)
    assert (found.output.name, found.encoding) == ("alerce", "container")
    assert (found.commands, found.classifier_id, found.taxonomy) == (
        "update_probabilities",
        None,
        {},
    )


def test_the_rubin_step_is_the_default() -> None:
    found = load("LSST", **ARCHIVAL)
    assert (found.output.name, found.encoding) == ("rubin", "container")
    assert found.commands == "probability-archival"
    assert (found.classifier_id, found.taxonomy) == (7, {"SN": 0, "AGN": 1})


def test_another_form_can_be_chosen() -> None:
    found = load("lsst", OUTPUT_FORMAT="Alerce", SCRIBE_FORMAT="update_probabilities")
    assert (found.output.name, found.commands) == ("alerce", "update_probabilities")
    assert load("ZTF", OUTPUT_ENCODING="BARE").encoding == "bare"
    found = load("ZTF", SCRIBE_FORMAT="Probability-Archival", **ARCHIVAL)
    assert found.commands == "probability-archival"


@pytest.mark.parametrize(
    ("survey", "changes", "words"),
    [
        ("ATLAS", {"SCRIBE_FORMAT": "probability-archival"}, "SCRIBE_FORMAT is"),
        ("ATLAS", {"OUTPUT_FORMAT": "rubin"}, "alerce is expected for ATLAS"),
        ("ZTF", {"OUTPUT_FORMAT": "rubin"}, "OUTPUT_FORMAT is 'rubin': alerce is expected for ZTF"),
        ("LSST", {"OUTPUT_FORMAT": "x", **ARCHIVAL}, "rubin or alerce is expected for LSST"),
        ("ZTF", {"OUTPUT_ENCODING": "avro"}, "one of container, bare is expected"),
        ("LSST", {**ARCHIVAL, "SCRIBE_CLASSIFIER_ID": "x"}, "SCRIBE_CLASSIFIER_ID is 'x'"),
        ("LSST", {**ARCHIVAL, "SCRIBE_TAXONOMY": "SN=0"}, "CLASS:ID,CLASS:ID is expected"),
    ],
)
def test_a_wrong_form_is_named(survey: str, changes: dict[str, str], words: str) -> None:
    (complaint,) = complaints(survey, **changes)
    assert words in complaint


@pytest.mark.parametrize(
    ("survey", "changes"), [("LSST", {}), ("ZTF", {"SCRIBE_FORMAT": "probability-archival"})]
)
def test_ids_are_required_for_commands_per_class(survey: str, changes: dict[str, str]) -> None:
    found = complaints(survey, **changes)
    assert [one.split(" is not set: ")[0] for one in found] == [*ARCHIVAL]
    assert all("SCRIBE_FORMAT=probability-archival" in one for one in found)


def test_without_a_survey_only_that_is_reported() -> None:
    reader = Reader({"OUTPUT_FORMAT": "rubin", "SCRIBE_FORMAT": "probability-archival"}.get)
    assert read_messages(reader, None) is None
    assert reader.problems == []


def test_ids_and_spaces() -> None:
    assert parse_taxonomy(" SN : 0 ,AGN:1, ") == {"SN": 0, "AGN": 1}
    assert read_messages(Reader(lambda _: None), Survey.ZTF)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SN", "CLASS:ID"),
        (",", "CLASS:ID"),
        ("SN:", "CLASS:ID"),
        (":1", "CLASS:ID"),
        ("SN:one", "CLASS:ID"),
        ("SN:-1", "CLASS:ID"),
        ("SN:0,AGN", "CLASS:ID"),
        ("SN:0,SN:1", "occur once"),
        ("SN:0,AGN:0", "occur once"),
    ],
)
def test_a_taxonomy_that_is_none(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_taxonomy(text)
