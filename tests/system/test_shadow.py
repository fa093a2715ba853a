"""A model beside the live one: it changes nothing of what is published, and may fail."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support import alert_messages
from tests.support.apache_kafka import ApacheKafka
from tests.support.shadow_models import copy_with_features
from tests.support.topics import Message, Record, create_topics, produce, read_all, wait_for_count
from tests.support.waiting import until
from tests.support.web import address, get
from tests.support.worker import Worker, command
from tests.system.conftest import Environment, environment

SHIPPED = Path(__file__).parents[2] / "model" / "ztf"
# Fewer than what counts as a stream that is busy.
ALERTS = 200


@dataclass(frozen=True, kw_only=True)
class Run:
    """A worker that has classified the alerts, its settings, and what it has published."""

    setup: Environment
    running: Worker
    output: list[Message]
    scribe: list[Message]


@pytest.fixture(scope="module")
def sent(shared_data: Path) -> list[Record]:
    path = shared_data / "ztf_sorting_hat.avro"
    return list(alert_messages.distinct(path, 1))[:ALERTS]


@pytest.fixture(scope="module")
def start(
    kafka: ApacheKafka, sent: list[Record], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Run]]:
    """Run a worker on the same alerts; the workers end with the module."""
    workers: list[Worker] = []

    def run(setup: Environment) -> Run:
        produce(kafka.bootstrap, setup["CONSUMER_TOPICS"], sent)
        folder = tmp_path_factory.mktemp("worker")
        running = Worker(setup, folder / "worker.log", folder)
        workers.append(running)
        running.wait_for(f"{len(sent)} in all")
        output = read_all(kafka.bootstrap, setup["PRODUCER_TOPIC_FORMAT"])
        scribe = wait_for_count(kafka.bootstrap, setup["SCRIBE_TOPIC"], len(output))
        return Run(setup=setup, running=running, output=output, scribe=scribe)

    yield run
    for one in workers:
        one.close()


def settings(kafka: ApacheKafka, **changes: str) -> Environment:
    live = {"CLASSIFIER_STRATEGY": "ZTF", "MODEL_PATH": str(SHIPPED)}
    return environment(kafka.bootstrap, **live, **changes)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that gives some alerts another class."""
    return copy_with_features(SHIPPED, tmp_path_factory.mktemp("models") / "other", "next", 0.1)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that loads, and whose probabilities are NaN: features are divided by almost 0."""
    folder = tmp_path_factory.mktemp("models") / "broken"
    return copy_with_features(SHIPPED, folder, "broken", 1e-300)


@pytest.fixture(scope="module")
def without(kafka: ApacheKafka, start: Callable[..., Run]) -> Run:
    found = start(settings(kafka))
    found.running.close()
    return found


@pytest.fixture(scope="module")
def beside(kafka: ApacheKafka, start: Callable[..., Run], other: Path) -> Run:
    """With another model beside, which publishes its predictions."""
    topic = f"shadow-of-{Path(settings(kafka)['CONSUMER_TOPICS']).name}"
    return start(settings(kafka, SHADOW_MODEL_PATH=str(other), SHADOW_TOPIC=topic))


def metrics(running: Worker) -> dict[tuple[str, ...], float]:
    """Return the metrics of the shadow model, by name and values of the labels but the survey."""
    text = get(f"{address(running)}/metrics")[2].decode()
    return {
        (one.name.removeprefix("stampapp_shadow_"), *own_labels(one.labels)): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
        if one.name.startswith("stampapp_shadow_")
    }


def own_labels(labels: Mapping[str, str]) -> list[str]:
    return [value for name, value in sorted(labels.items()) if name != "survey"]


def content(messages: list[Message]) -> list[tuple[bytes | None, Any]]:
    """What was published, by object, without the time of publishing."""
    records = alert_messages.decoded([one.value for one in messages])
    for record in records:
        record.pop("brokerPublishTimestamp", None)
    return sorted(((m.key, r) for m, r in zip(messages, records, strict=True)), key=str)


def sources(messages: list[Message]) -> set[tuple[bytes | None, ...]]:
    """The offset of the alert of each message."""
    names = ("source.topic", "source.partition", "source.offset")
    return {tuple(dict(one.headers)[name] for name in names) for one in messages}


def wait_until_all_are_seen(run: Run) -> dict[tuple[str, ...], float]:
    def seen() -> float:
        found = metrics(run.running)
        return sum(value for key, value in found.items() if key[0] == "compared_total")

    decided = sum(asteroid_by_rule(run))
    until(lambda: seen() + decided >= ALERTS, 60, run.running.text)
    return metrics(run.running)


def asteroid_by_rule(run: Run) -> list[int]:
    records = alert_messages.decoded([one.value for one in run.output])
    shares = [[one["probability"] for one in record["classifications"]] for record in records]
    return [int(max(one) == 1.0 and sorted(one)[-2] == 0.0) for one in shares]


def test_what_is_published_is_the_same_with_and_without_it(without: Run, beside: Run) -> None:
    assert len(without.output) > ALERTS / 2
    assert content(beside.output) == content(without.output)
    assert content(beside.scribe) == content(without.scribe)


def test_it_counts_what_both_models_say(beside: Run) -> None:
    found = wait_until_all_are_seen(beside)
    pairs = {key[1:]: value for key, value in found.items() if key[0] == "compared_total"}
    assert sum(pairs.values()) + sum(asteroid_by_rule(beside)) == ALERTS
    assert {live for live, _ in pairs} <= {*alert_messages.CLASSES, "ruled_out"}
    assert any(live != shadow for live, shadow in pairs)
    assert found["probability_difference_count",] == sum(pairs.values())
    assert found["duration_seconds_sum",] > 0
    assert found["active",] == 1
    assert found["dropped_total",] == 0


def test_its_predictions_are_in_its_topic(kafka: ApacheKafka, beside: Run, tmp_path: Path) -> None:
    wait_until_all_are_seen(beside)
    found = wait_for_count(kafka.bootstrap, beside.setup["SHADOW_TOPIC"], len(beside.output))
    records = alert_messages.decoded([one.value for one in found])
    assert {one["classifier_version"] for one in records} == {"next"}
    # It may have classes for alerts that the live model has ruled out.
    assert sources(found) >= sources(beside.output)
    assert not any(name == "source.superseded" for one in found for name, _ in one.headers)
    done = command("inspect", "shadow", "--last", "1", "--json", cwd=tmp_path, **beside.setup)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["topic"] == beside.setup["SHADOW_TOPIC"]


def test_reconcile_does_not_need_it(beside: Run, tmp_path: Path) -> None:
    done = command("reconcile", "--json", cwd=tmp_path, **beside.setup)
    assert done.returncode == 0, done.stdout + done.stderr


def test_readyz_says_that_it_is_active(beside: Run) -> None:
    wait_until_all_are_seen(beside)
    answer = json.loads(get(f"{address(beside.running)}/readyz")[2])
    assert answer["shadow_active"] is True


def test_a_model_without_results_is_switched_off_and_the_stream_goes_on(
    kafka: ApacheKafka, start: Callable[..., Run], broken: Path, without: Run
) -> None:
    found = start(settings(kafka, SHADOW_MODEL_PATH=str(broken)))
    found.running.wait_for("The shadow model stampapp_ztf_simulated broken is switched off")
    assert content(found.output) == content(without.output)
    figures = metrics(found.running)
    assert figures["active",] == 0
    assert figures["switched_off_total", "not-finite"] == 1
    answer = json.loads(get(f"{address(found.running)}/readyz")[2])
    assert (answer["ready"], answer["shadow_active"]) == (True, False)
    produce(kafka.bootstrap, found.setup["CONSUMER_TOPICS"], [Record(b"x", b"no alert")])
    found.running.wait_for(f"{ALERTS + 1} in all")
    found.running.terminate()
    assert found.running.exit_code(0) == 0


def test_a_topic_that_refuses_its_predictions_switches_it_off(
    kafka: ApacheKafka, start: Callable[..., Run], without: Run
) -> None:
    setup = settings(kafka, SHADOW_MODEL_PATH=str(SHIPPED))
    topic = f"small-{setup['CONSUMER_TOPICS']}"
    create_topics(kafka.bootstrap, {topic: 1}, {"max.message.bytes": "100"})
    found = start(setup | {"SHADOW_TOPIC": topic})
    found.running.wait_for("is switched off, and the worker goes on without it")
    assert (
        "refuses 1 message" in found.running.text() or "MessageSizeTooLarge" in found.running.text()
    )
    assert content(found.output) == content(without.output)
    assert metrics(found.running)["switched_off_total", "topic"] == 1


def test_check_tries_it(kafka: ApacheKafka, other: Path, broken: Path, tmp_path: Path) -> None:
    setup = settings(kafka, SHADOW_MODEL_PATH=str(other))
    topic = {"SHADOW_TOPIC": f"shadow-of-{setup['CONSUMER_TOPICS']}"}
    done = command("check", "--json", cwd=tmp_path, **setup | topic)
    found = json.loads(done.stdout)
    assert (done.returncode, found["errors"]) == (0, []), done.stdout
    assert found["shadow"]["classifier"]["version"] == "next"
    assert found["shadow"]["alert"]["probabilities"] != found["alert"]["probabilities"]
    done = command("check", cwd=tmp_path, **setup | {"SHADOW_MODEL_PATH": str(broken)})
    assert done.returncode == 1, done.stdout
    assert "not classified by stampapp_ztf_simulated broken (feature-out-of-range" in done.stdout


def test_compare_models_says_from_a_topic_whether_it_is_fit(
    beside: Run, other: Path, tmp_path: Path
) -> None:
    setup = beside.setup
    done = command("compare-models", "--json", cwd=tmp_path, **setup)
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    assert not found["fit"]
    assert found["read"] == ALERTS
    # The worker has classified the same alerts, each of another object.
    counted = wait_until_all_are_seen(beside)
    assert {(one["live"], one["shadow"]): one["alerts"] for one in found["counts"]} == {
        key[1:]: value for key, value in counted.items() if key[0] == "compared_total"
    }
    limits = ("--min-agreement", "0", "--min-class-agreement", "0", "--max-difference", "1")
    done = command(
        "compare-models", *limits, "--max-slowdown", "100", "--last", "150", cwd=tmp_path, **setup
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the shadow model is fit to replace the live one" in done.stdout


def test_compare_models_draws_the_alerts_of_a_file_on_which_they_differ(
    shared_data: Path, other: Path, tmp_path: Path
) -> None:
    pictures = tmp_path / "pictures"
    arguments = ("--survey", "ZTF", "--model", str(SHIPPED), "--pictures", str(pictures))
    alerts = str(shared_data / "ztf_sorting_hat.avro")
    done = command("compare-models", *arguments, "--shadow", str(other), alerts, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    drawn = {path.parent.name for path in pictures.rglob("*.png")}
    assert drawn
    assert all(len(set(name.split("_"))) > 1 for name in drawn)
    done = command("compare-models", *arguments, "--shadow", str(SHIPPED), alerts, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    done = command("compare-models", *arguments[:4], alerts, cwd=tmp_path)
    assert done.returncode == 2
    assert "give --shadow FOLDER, or set SHADOW_MODEL_PATH" in done.stderr


def test_a_folder_without_a_model_keeps_a_worker_from_starting(
    kafka: ApacheKafka, tmp_path: Path
) -> None:
    done = command("worker", cwd=tmp_path, **settings(kafka, SHADOW_MODEL_PATH=str(tmp_path)))
    assert done.returncode == 2
    assert "stampapp cannot start: SHADOW_MODEL_PATH: " in done.stdout + done.stderr
