from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampapp.alerts.alert import Alert
from stampapp.alerts.detection_limit import DetectionLimit
from stampapp.alerts.surveys import Survey
from stampapp.classifiers import batch
from stampapp.classifiers.base import PreparedAlert
from stampapp.errors import BadAlert
from stampapp.results.outcome import Classification, Outcome, OutcomeKind
from tests.support.alerts import alert, container, record
from tests.support.fake_classifier import FakeClassifier, classification

FAULT = BadAlert("empty", "the message has no value")


def concluded(
    decoded: Sequence[Alert | BadAlert], classifier: FakeClassifier, *, first_only: bool = True
) -> list[Outcome]:
    return batch.classify_batch(
        batch.prepare_batch(decoded, classifier, first_only=first_only), classifier
    )


def test_each_message_is_decoded_or_has_a_fault() -> None:
    good, bad, missing = batch.decode_batch([container(record()), b"{}", None])
    assert isinstance(good, Alert)
    assert isinstance(bad, BadAlert)
    assert isinstance(missing, BadAlert)
    assert (bad.cause, missing.cause) == ("not-avro", "empty")


def test_a_fault_holds_no_frames_and_so_not_the_rest_of_the_batch() -> None:
    def check(one: Alert) -> None:
        try:
            raise ValueError
        except ValueError as error:
            raise BadAlert("field", f"of {one.aid}") from error

    (outcome,) = concluded([alert()], FakeClassifier(check=check))
    for found in (outcome.error, *batch.decode_batch([b"{}", container(record())[:-9]])):
        assert isinstance(found, BadAlert)
        assert (found.__traceback__, found.__cause__, found.__context__) == (None, None, None)
    assert str(outcome.error) == "of AL20abcdefgh"


def test_an_alert_alone_is_classified() -> None:
    one = alert()
    assert concluded([one], FakeClassifier()) == [
        Outcome(kind=OutcomeKind.CLASSIFIED, alert=one, classification=classification(one))
    ]


def test_the_earliest_alert_of_an_object_is_classified_and_the_others_are_superseded() -> None:
    late, first, other = (
        alert(candid="2", mjd=2.0),
        alert(candid="1", mjd=1.0),
        alert(candid="3", mjd=9.0, aid="other"),
    )
    classifier = FakeClassifier()
    outcomes = concluded([late, first, other], classifier)
    assert [outcome.kind for outcome in outcomes] == ["superseded", "classified", "classified"]
    assert outcomes[0] == Outcome(kind=OutcomeKind.SUPERSEDED, alert=late)
    assert classifier.batches == [["1", "3"]]


def test_of_two_alerts_of_the_same_instant_the_first_received_is_classified() -> None:
    classifier = FakeClassifier()
    concluded([alert(candid="a"), alert(candid="b")], classifier)
    assert classifier.batches == [["a"]]


def test_a_faulty_alert_does_not_supersede_a_good_one() -> None:
    def check(one: Alert) -> None:
        if one.candid == "bad":
            raise BadAlert("stamp-missing", "there is no stamp")

    bad, good = alert(candid="bad", mjd=1.0), alert(candid="good", mjd=2.0)
    outcomes = concluded([bad, good], FakeClassifier(check=check))
    assert [outcome.kind for outcome in outcomes] == ["dead_lettered", "classified"]
    assert outcomes[0].alert is bad
    assert outcomes[0].error is not None
    assert outcomes[0].error.cause == "stamp-missing"


def test_every_alert_where_that_is_asked_for() -> None:
    classifier = FakeClassifier()
    outcomes = concluded([alert(candid="1"), alert(candid="2")], classifier, first_only=False)
    assert [outcome.kind for outcome in outcomes] == ["classified", "classified"]
    assert classifier.batches == [["1", "2"]]


def test_an_alert_over_the_limit_is_superseded_before_its_stamps_are_decoded() -> None:
    def check(one: Alert) -> None:
        assert one.candid in {"new", "first"}, "it was prepared"

    limit = DetectionLimit(survey=Survey.ZTF, most=1)
    alerts: list[Alert | BadAlert] = [
        # Earlier than another alert of its object, which is within the limit.
        alert({"ndethist": 2}, candid="over", mjd=1.0),
        alert({"ndethist": 1}, candid="new", mjd=2.0),
        alert({"ndethist": 1}, candid="first", mjd=2.0, aid="other"),
        alert({"ndethist": 900}, candid="known", aid="known"),
        FAULT,
    ]
    for first_only in (True, False):
        classifier = FakeClassifier(check=check)
        prepared = batch.prepare_batch(alerts, classifier, first_only=first_only, limit=limit)
        outcomes = batch.classify_batch(prepared, classifier)
        kinds = ["superseded", "classified", "classified", "superseded", "dead_lettered"]
        assert [one.kind for one in outcomes] == kinds
        assert [one.cause for one in outcomes] == [
            "max-detections",
            "",
            "",
            "max-detections",
            "empty",
        ]
        assert [one.alert for one in outcomes[:4]] == alerts[:4]
        assert classifier.batches == [["new", "first"]]


def test_a_vetoed_result_is_ruled_out_and_keeps_what_was_vetoed() -> None:
    def withdraw(one: Alert) -> Classification:
        return classification(one, None)

    (outcome,) = concluded([alert()], FakeClassifier(withdraw))
    assert outcome.kind is OutcomeKind.RULED_OUT
    assert outcome.classification == classification(alert(), None)
    assert outcome.error is None


def test_what_the_classifier_refuses_is_dead_lettered_with_its_alert() -> None:
    fault = BadAlert("feature-out-of-range", "too large")
    (outcome,) = concluded([alert()], FakeClassifier(lambda _: fault))
    assert outcome == Outcome(kind=OutcomeKind.DEAD_LETTERED, alert=alert(), error=fault)


def test_without_a_good_alert_the_classifier_is_left_alone() -> None:
    classifier = FakeClassifier()
    assert concluded([FAULT], classifier) == [Outcome(kind=OutcomeKind.DEAD_LETTERED, error=FAULT)]
    assert concluded([], classifier) == []
    assert classifier.batches == []


class Short(FakeClassifier):
    """A classifier that returns one result too few."""

    def classify(self, alerts: Sequence[PreparedAlert]) -> list[Classification | BadAlert]:
        return super().classify(alerts)[:-1]


def test_a_lost_result_is_the_models_failure() -> None:
    """It must not be a StopIteration, which a future cannot carry: the batch would never end."""
    with pytest.raises(ValueError, match="shorter"):
        concluded([alert(aid="1"), alert(aid="2")], Short())


def test_an_exception_of_the_classifier_passes() -> None:
    def fail(_: Alert) -> Classification:
        raise MemoryError

    with pytest.raises(MemoryError):
        concluded([alert()], FakeClassifier(fail))


choices = st.lists(
    st.one_of(st.none(), st.tuples(st.sampled_from("abc"), st.integers(0, 3))), max_size=12
)


@given(choices)
def test_every_message_has_its_own_outcome_in_its_place(
    chosen: list[tuple[str, int] | None],
) -> None:
    decoded = [
        FAULT if one is None else alert(candid=str(place), aid=one[0], mjd=float(one[1]))
        for place, one in enumerate(chosen)
    ]
    outcomes = concluded(decoded, FakeClassifier())
    assert len(outcomes) == len(decoded)
    firsts: set[str] = set()
    for one, outcome in zip(decoded, outcomes, strict=True):
        assert outcome.alert is (None if one is FAULT else one)
        assert (outcome.error is FAULT) == (one is FAULT)
        if outcome.classification:
            assert outcome.alert is not None
            assert outcome.classification.candid == outcome.alert.candid
            assert outcome.alert.aid not in firsts
            firsts.add(outcome.alert.aid)
            assert outcome.alert.mjd == min(
                other.mjd
                for other in decoded
                if isinstance(other, Alert) and other.aid == outcome.alert.aid
            )
    assert firsts == {one.aid for one in decoded if isinstance(one, Alert)}


def test_an_alert_that_cannot_be_published_is_a_dead_letter() -> None:
    fault = BadAlert("field", "no name of the survey")

    def check(one: Alert) -> None:
        if one.candid == "1":
            raise fault

    classifier = FakeClassifier()
    alerts = [alert(candid="1"), alert(candid="2")]
    prepared = batch.prepare_batch(alerts, classifier, first_only=True, check=check)
    outcomes = batch.classify_batch(prepared, classifier)
    assert [one.kind for one in outcomes] == [OutcomeKind.DEAD_LETTERED, OutcomeKind.CLASSIFIED]
    assert (outcomes[0].alert, str(outcomes[0].error)) == (alerts[0], str(fault))
    assert classifier.batches == [["2"]]
