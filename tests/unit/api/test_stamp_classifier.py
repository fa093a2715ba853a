from __future__ import annotations

from pathlib import Path

import pytest

from stampapp.alerts.alert import Alert
from stampapp.alerts.surveys import Survey
from stampapp.api.alert_source import read_alerts
from stampapp.api.stamp_classifier import StampClassifier
from stampapp.api.survey_alert import SurveyAlert
from stampapp.avro.message_schemas import NO_SCHEMAS
from stampapp.classifiers.batch import BATCH_SIZE
from stampapp.errors import BadAlert, ConfigError
from stampapp.results.outcome import Classification
from tests.support.alerts import alert, container, record
from tests.support.fake_classifier import FakeClassifier, classification

STAMPLESS = dict.fromkeys(("science", "template", "difference"))


class Named(FakeClassifier):
    provenance = "a model from the tests"


def answer(of: Alert) -> Classification | BadAlert:
    if of.aid == "vetoed":
        return classification(of, None)
    if of.aid == "bad":
        return BadAlert("feature-out-of-range", "not finite")
    return classification(of)


def check(of: Alert) -> None:
    if of.aid == "stampless":
        raise BadAlert("stamp-missing", "there is no science stamp")


@pytest.fixture
def fake() -> FakeClassifier:
    return Named(answer, check)


@pytest.fixture
def classifier(fake: FakeClassifier) -> StampClassifier:
    return StampClassifier(fake, Survey.ZTF, NO_SCHEMAS)


def test_it_says_what_it_is(classifier: StampClassifier) -> None:
    assert (classifier.name, classifier.version) == ("fake", "1.2.3")
    assert classifier.classes == ("SN", "bogus")
    assert classifier.provenance == "a model from the tests"
    assert repr(classifier) == (
        "<StampClassifier fake 1.2.3, a model from the tests, on TensorFlow>"
    )


def test_every_alert_has_one_result_in_its_place(classifier: StampClassifier) -> None:
    aids = ["good", "vetoed", "bad", "stampless"]
    messages = [container(record(aid=aid, stamps=STAMPLESS)) for aid in aids]
    found = classifier.classify([*messages[:2], b"words", *messages[2:]])
    assert [one.aid for one in found] == ["good", "vetoed", None, "bad", "stampless"]
    assert [one.class_name for one in found] == ["SN", None, None, None, None]
    assert [one.rule for one in found] == [None, "withdrawn", None, None, None]
    causes = [None, None, "not-avro", "feature-out-of-range", "stamp-missing"]
    assert [one.cause for one in found] == causes
    assert found[4].error == "there is no science stamp"
    assert {one.classifier_name for one in found} == {"fake"}


def test_alerts_that_were_read_have_the_results_of_their_file(
    classifier: StampClassifier, tmp_path: Path
) -> None:
    path = tmp_path / "night.avro"
    path.write_bytes(container(record(aid="a"), record(aid="a"), record(aid="b")))
    found = classifier.classify(path)
    # Every alert of an object is classified, also a later one.
    assert [one.aid for one in found] == ["a", "a", "b"]
    assert list(classifier.classify(read_alerts(path))) == list(found)
    assert list(classifier.classify(next(read_alerts(path)))) == [found[0]]


def test_many_alerts_are_classified_in_batches(
    classifier: StampClassifier, fake: FakeClassifier
) -> None:
    one = SurveyAlert.of(alert())
    assert len(classifier.classify(one for _ in range(BATCH_SIZE + 3))) == BATCH_SIZE + 3
    assert [len(batch) for batch in fake.batches] == [BATCH_SIZE, 3]


def test_nothing_is_classified_of_nothing(classifier: StampClassifier) -> None:
    assert len(classifier.classify([])) == 0


def test_where_nothing_can_be_read_it_is_an_error(
    classifier: StampClassifier, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="there is no"):
        classifier.classify(tmp_path / "gone.avro")


def test_a_failure_of_the_model_is_no_result() -> None:
    def fail(_: Alert) -> Classification:
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        StampClassifier(Named(fail), Survey.ZTF, NO_SCHEMAS).classify(SurveyAlert.of(alert()))
