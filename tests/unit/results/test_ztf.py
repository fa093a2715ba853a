from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampapp.errors import BadAlert
from stampapp.results.message_format import ScribeFormat
from stampapp.results.scribe_commands import encode_commands
from stampapp.results.ztf import database_oid, object_name
from tests.support.alerts import alert
from tests.support.fake_classifier import classification
from tests.support.results import options, prediction

ARCHIVAL = options(commands=ScribeFormat.PROBABILITY_ARCHIVAL)


@pytest.mark.parametrize(
    ("oid", "number"),
    [
        ("ZTF00aaaaaaa", 2**55),
        ("ZTF00aaaaaab", 2**55 + 1),
        ("ZTF00baaaaaa", 2**55 + 26**6),
        ("ZTF18aaaaaaa", 2**55 + 18 * 26**7),
        ("ZTF99zzzzzzz", 2**55 + 100 * 26**7 - 1),
        # A simulated object has no number in any database.
        ("ZTFSIM000001000000002", -1_000_000_002),
    ],
)
def test_a_name_becomes_a_number_and_back(oid: str, number: int) -> None:
    assert database_oid(alert(oid=oid)) == number
    assert object_name(number) == oid


@given(st.integers(2**55, 2**55 + 100 * 26**7 - 1))
def test_names_and_numbers_are_one_to_one(number: int) -> None:
    assert database_oid(alert(oid=object_name(number))) == number


def test_a_number_of_another_survey_has_no_name() -> None:
    assert object_name(2**55 - 1) == str(2**55 - 1)
    assert object_name(2**63 - 1) == str(2**63 - 1)


@pytest.mark.parametrize("oid", ["ZTF20abcdef", "ZTF2aabcdefg", "ztf20abcdefg", "ZTF20ABCDEFG"])
def test_another_name_cannot_be_archived(oid: str) -> None:
    with pytest.raises(BadAlert, match=oid):
        ARCHIVAL.check_alert(alert(oid=oid))
    options().check_alert(alert(oid=oid))


def test_commands_have_the_time_of_the_alert() -> None:
    one = alert(oid="ZTF20abcdefg", mjd=58270.25)
    result = replace(classification(one), probabilities={"VS": 0.25, "SN": 0.25, "AGN": 0.5})
    commands = encode_commands(prediction(result, one), ARCHIVAL)
    number = database_oid(one)
    assert [one.key for one in commands] == [str(number).encode()] * 3
    documents = [json.loads(one.value) for one in commands]
    assert {(one["step"], one["survey"]) for one in documents} == {
        ("probability-archival-step", "ztf")
    }
    assert documents[0]["payload"] == {
        "oid": number,
        "sid": 0,
        "classifier_id": 7,
        "classifier_version": 123,
        "class_id": 1,
        "probability": 0.5,
        "ranking": 1,
        "lastmjd": 58270.25,
    }
    ranked = [(one["payload"]["class_id"], one["payload"]["ranking"]) for one in documents]
    # Of classes that are equally probable, the first of the model comes first.
    assert ranked == [(1, 1), (-1, 2), (0, 3)]
