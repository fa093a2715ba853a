"""A worker on Apache Kafka publishes its three kinds of messages, and counts them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support import alert_messages
from tests.support.apache_kafka import ApacheKafka
from tests.support.topics import (
    Message,
    committed,
    offsets_to_commit,
    produce,
    read_all,
    wait_for_count,
)
from tests.support.waiting import until
from tests.support.web import shadow_counts
from tests.support.worker import Worker, worker
from tests.system.conftest import environment
from tests.system.survey_setups import PAST, SurveySetup

VERDICTS = ("classified", "superseded", "ruled_out", "dead_lettered")


class Published:
    """What a worker published for real alerts and three unreadable ones."""

    def __init__(
        self,
        kafka: ApacheKafka,
        survey: SurveySetup,
        environment: dict[str, str],
        compared: dict[tuple[str, str], int],
    ) -> None:
        def read(key: str) -> list[Message]:
            return read_all(kafka.bootstrap, environment[key])

        self.survey = survey
        # By live and shadow class, if there is a shadow model.
        self.compared = compared
        self.output = read("PRODUCER_TOPIC_FORMAT")
        self.scribe = read("SCRIBE_TOPIC")
        self.dead = read("DEADLETTER_TOPIC")
        self.metrics = [json.loads(m.value or b"") for m in read("METRICS_TOPIC")]
        topic, group = environment["CONSUMER_TOPICS"], environment["CONSUMER_GROUP_ID"]
        self.committed = committed(kafka.bootstrap, group, topic)
        self.ends = offsets_to_commit(kafka.bootstrap, topic)


@pytest.fixture(scope="module", params=["ztf", "ztf_tensorflow", "atlas", "atlas_package"])
def published(
    request: pytest.FixtureRequest, kafka: ApacheKafka, tmp_path_factory: pytest.TempPathFactory
) -> Published:
    survey: SurveySetup = request.getfixturevalue(f"{request.param}_setup")
    setup = environment(kafka.bootstrap, **survey.settings)
    produce(kafka.bootstrap, setup["CONSUMER_TOPICS"], survey.sent)
    with worker(setup, tmp_path_factory.mktemp("worker")) as running:
        running.wait_for(f"{len(survey.sent)} in all")
        wait_for_count(kafka.bootstrap, setup["DEADLETTER_TOPIC"], 3)
        compared = counts_of_all(running, kafka, setup) if "SHADOW_MODEL_PATH" in setup else {}
        assert running.terminate() < 10.0
        assert running.process.returncode == 0, running.text()
        assert survey.name in running.text()
        if "INFERENCE_ENGINE" in survey.settings:
            assert "the network runs on TensorFlow;" in running.text()
    return Published(kafka, survey, setup, compared)


def counts_of_all(
    running: Worker, kafka: ApacheKafka, setup: dict[str, str]
) -> dict[tuple[str, str], int]:
    """Return the counts of the shadow model once it has seen all that is published."""
    published = len(read_all(kafka.bootstrap, setup["PRODUCER_TOPIC_FORMAT"]))
    until(lambda: sum(shadow_counts(running).values()) >= published, 60, running.text)
    return shadow_counts(running)


def test_each_prediction_is_what_classify_says(published: Published) -> None:
    classified: dict[str, list[dict[str, float]]] = {}
    for row in published.survey.classified:
        if row["class_name"]:
            classified.setdefault(row["aid"], []).append(row["probabilities"])
    records = alert_messages.decoded([message.value for message in published.output])
    assert {record["aid"] for record in records} == set(classified)
    for record in records:
        found = {one["class_name"]: one["probability"] for one in record["classifications"]}
        assert any(_close(found, expected) for expected in classified[record["aid"]]), record["aid"]


def _close(found: dict[str, float], expected: dict[str, float]) -> bool:
    return list(found) == list(expected) and all(
        abs(found[name] - expected[name]) < 1e-5 for name in expected
    )


def test_a_shadow_model_sees_what_is_published(published: Published) -> None:
    records = alert_messages.decoded([message.value for message in published.output])
    classes = Counter(map(alert_messages.best_class, records))
    live = Counter[str]()
    for (name, _), count in published.compared.items():
        live[name] += count
    assert live == (classes if "SHADOW_MODEL_PATH" in published.survey.settings else Counter())


def test_the_output_record_keeps_its_contract(published: Published) -> None:
    now = datetime.now(UTC)
    for message, record in zip(
        published.output, alert_messages.decoded([m.value for m in published.output]), strict=True
    ):
        assert set(record) == {
            "aid",
            "classifications",
            "classifier_name",
            "classifier_version",
            "brokerPublishTimestamp",
        }
        assert message.key == record["aid"].encode()
        assert record["classifier_name"] == published.survey.name
        published_at = record["brokerPublishTimestamp"]
        assert abs((now - published_at).total_seconds()) < 600
        assert abs(published_at.timestamp() * 1000 - message.timestamp) < 60_000


def test_the_scribe_gets_a_command_for_each_prediction(published: Published) -> None:
    predictions = alert_messages.decoded([m.value for m in published.output])
    commands = [
        json.loads(r["payload"])
        for r in alert_messages.decoded([m.value for m in published.scribe])
    ]
    expected = [
        {
            "collection": "object",
            "type": "update_probabilities",
            "criteria": {"_id": one["aid"]},
            "data": {
                "classifier_name": one["classifier_name"],
                "classifier_version": one["classifier_version"],
                **{c["class_name"]: c["probability"] for c in one["classifications"]},
            },
            "options": {"upsert": True, "set_on_insert": True},
        }
        for one in predictions
    ]
    assert sorted(commands, key=str) == sorted(expected, key=str)
    assert {m.key for m in published.scribe} == {m.key for m in published.output}


def test_the_four_counts_add_up_to_all_that_was_consumed(published: Published) -> None:
    totals = {name: sum(document[name] for document in published.metrics) for name in VERDICTS}
    consumed = len(published.survey.sent)
    assert sum(totals.values()) == consumed
    assert sum(document["n_messages"] for document in published.metrics) == consumed
    assert totals["dead_lettered"] == 3
    assert totals["classified"] == len(published.output)
    assert published.committed == published.ends


def test_the_metrics_documents_keep_their_contract(published: Published) -> None:
    classes: dict[str, str] = {}
    for document in published.metrics:
        received = datetime.fromisoformat(document["timestamp_received"])
        sent = datetime.fromisoformat(document["timestamp_sent"])
        assert document["execution_time"] == pytest.approx((sent - received).total_seconds())
        assert document["source"] == "StampClassifierStep"
        assert len(document["candid"]) == len(document["oid"]) == document["n_messages"]
        assert document["n_messages"] <= 50
        classes |= document["class"]
    assert set(classes) == {m.key.decode() for m in published.output if m.key}
    assert set(classes.values()) <= set(published.survey.classes)


def test_what_cannot_be_read_is_kept_byte_for_byte(published: Published) -> None:
    sent = {record.value: record for record in published.survey.sent[-3:]}
    assert len(published.dead) == 3
    for message in published.dead:
        original = sent.pop(message.value)
        headers = dict(message.headers)
        assert message.key == original.key
        assert message.timestamp == original.timestamp == PAST
        assert headers["origin"] == b"test"
        assert headers["error.type"] == b"stamp-damaged"
        assert b"difference stamp" in (headers["error.message"] or b"")
        assert (headers["source.topic"] or b"").startswith(b"alerts-")
        assert headers["stampapp.version"]
        partition, offset = (int(headers[f"source.{n}"] or b"") for n in ("partition", "offset"))
        assert offset < published.ends[partition]
    assert sent == {}


def test_the_night_has_a_topic_of_its_own(
    kafka: ApacheKafka, setup: Callable[..., dict[str, str]], shared_data: Path, tmp_path: Path
) -> None:
    hour = datetime.now(UTC).hour
    # Half a day from any roll-over, so that midnight cannot fall into the test.
    change = (hour + 12) % 24
    settings = setup(PRODUCER_TOPIC_FORMAT="night_%s_x", PRODUCER_CHANGE_HOUR=str(change))
    expected = datetime.now(UTC).toordinal() + (1 if hour >= change else 0)
    name = f"night_{datetime.fromordinal(expected):%Y%m%d}_x"
    sent = alert_messages.stream(shared_data / "ztf_sorting_hat.avro")[:20]
    produce(kafka.bootstrap, settings["CONSUMER_TOPICS"], sent)
    with worker(settings, tmp_path) as running:
        running.wait_for("20 in all")
        running.terminate()
    assert read_all(kafka.bootstrap, name)
