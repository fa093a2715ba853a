from __future__ import annotations

from dataclasses import replace

from stampapp.errors import BadAlert
from stampapp.results.alert_result import AlertResult, alert_result
from stampapp.results.outcome import Outcome, OutcomeKind
from tests.support.alerts import alert
from tests.support.fake_classifier import classification

ALERT = alert(candid="1000000000000000001", mjd=60000.5, mag=18.5)


def result(outcome: Outcome) -> AlertResult:
    return alert_result(outcome, "fake", "1.2.3")


def test_a_classified_alert_has_its_class_and_what_identifies_it() -> None:
    found = result(
        Outcome(
            kind=OutcomeKind.CLASSIFIED, alert=ALERT, classification=classification(ALERT, "SN")
        )
    )
    assert (found.candid, found.aid, found.oid) == (ALERT.candid, ALERT.aid, ALERT.oid)
    assert (found.mjd, found.ra, found.dec) == (ALERT.mjd, ALERT.ra, ALERT.dec)
    assert (found.fid, found.mag, found.e_mag) == (ALERT.fid, ALERT.mag, ALERT.e_mag)
    assert (found.class_name, found.probabilities) == ("SN", {"SN": 0.75, "bogus": 0.25})
    assert (found.rule, found.cause, found.error) == (None, None, None)
    assert found.outcome is OutcomeKind.CLASSIFIED
    assert (found.classifier_name, found.classifier_version) == ("fake", "1.2.3")


def test_a_vetoed_class_is_none_and_the_rule_says_why() -> None:
    vetoed = classification(ALERT, None)
    found = result(Outcome(kind=OutcomeKind.RULED_OUT, alert=ALERT, classification=vetoed))
    assert (found.class_name, found.rule, found.cause) == (None, "withdrawn", None)
    assert found.probabilities == {"SN": 0.75, "bogus": 0.25}


def test_an_alert_that_cannot_be_classified_keeps_its_identity_and_says_why() -> None:
    error = BadAlert("stamp-missing", "there is no science stamp")
    found = result(Outcome(kind=OutcomeKind.DEAD_LETTERED, alert=ALERT, error=error))
    assert (found.candid, found.class_name, found.probabilities) == (ALERT.candid, None, None)
    assert (found.cause, found.error) == ("stamp-missing", "there is no science stamp")


def test_of_what_cannot_be_decoded_only_the_reason_is_known() -> None:
    error = BadAlert("not-avro", "not an Avro object container")
    found = result(Outcome(kind=OutcomeKind.DEAD_LETTERED, error=error))
    assert (found.cause, found.error) == ("not-avro", "not an Avro object container")
    unknown = replace(found, cause=None, error=None)
    values = {getattr(unknown, name) for name in AlertResult.__slots__}
    assert values == {None, OutcomeKind.DEAD_LETTERED, "fake", "1.2.3"}
