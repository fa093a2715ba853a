"""A worker ends in time when asked to, and stops on fatal errors."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import alert_messages
from tests.support.alerts import SORTING_HAT, record
from tests.support.apache_kafka import ApacheKafka
from tests.support.avro import datum
from tests.support.ports import free_ports
from tests.support.stopwatch import AMPLE
from tests.support.topics import committed, create_topics, produce, read_all
from tests.support.waiting import until
from tests.support.web import address, get
from tests.support.worker import command, timed, worker

Setup = Callable[..., dict[str, str]]
WITHIN = 15.0


def test_sigterm_in_the_middle_ends_in_time_and_commits_what_is_confirmed(
    kafka: ApacheKafka, setup: Setup, shared_data: Path, tmp_path: Path
) -> None:
    environment = setup()
    sent = list(alert_messages.distinct(shared_data / "ztf_sorting_hat.avro", 10))
    produce(kafka.bootstrap, environment["CONSUMER_TOPICS"], sent)
    with worker(environment, tmp_path) as running:
        running.wait_for("batch of 50")
        assert running.terminate() < 10.0
        assert running.process.returncode == 0, running.text()
    topic, group = environment["CONSUMER_TOPICS"], environment["CONSUMER_GROUP_ID"]
    done = sum(committed(kafka.bootstrap, group, topic).values())
    published = len(read_all(kafka.bootstrap, environment["PRODUCER_TOPIC_FORMAT"]))
    # All alerts are of distinct objects, so after a clean end nothing is repeated.
    assert 50 <= done < len(sent)
    assert done == published


@pytest.mark.parametrize("words", ["starts: ", "created on", "Worker ready"])
def test_sigterm_ends_it_in_time_however_far_it_has_come(
    words: str, kafka: ApacheKafka, setup: Setup, shared_data: Path, tmp_path: Path
) -> None:
    environment = setup(PRODUCER_TOPIC_FORMAT=f"fresh-{secrets.token_hex(4)}")
    produce(
        kafka.bootstrap,
        environment["CONSUMER_TOPICS"],
        alert_messages.stream(shared_data / "ztf_sorting_hat.avro"),
    )
    with worker(environment, tmp_path) as running:
        running.wait_for(words)
        assert running.terminate() < 10.0
        assert running.process.returncode == 0, running.text()


def test_sigterm_ends_it_in_time_after_its_cluster_is_gone(
    kafka: ApacheKafka, setup: Setup, tmp_path: Path
) -> None:
    environment = setup()
    produce(kafka.bootstrap, environment["CONSUMER_TOPICS"], [(b"k", b"bad", 0, None, None)])
    with worker(environment, tmp_path) as running:
        running.wait_for("1 in all")
        # A commit that is still to come would take all of the nine seconds that a shutdown has.
        group, topic = environment["CONSUMER_GROUP_ID"], environment["CONSUMER_TOPICS"]
        until(lambda: committed(kafka.bootstrap, group, topic).get(0) == 1, within=AMPLE)
        kafka.kill()
        try:
            running.wait_for("Failed fetch messages", 30.0)
            assert running.terminate() < 8.0
        finally:
            kafka.start()
        assert running.process.returncode == 0, running.text()
        assert "Stopped by SIGTERM" in running.text()
        assert "Traceback" not in running.text()


def test_without_settings_it_says_which_and_how(tmp_path: Path) -> None:
    done = command("worker", cwd=tmp_path)
    assert done.returncode == 2
    for key in ("CLASSIFIER_STRATEGY", "CONSUMER_SERVER", "CONSUMER_TOPICS", "SCRIBE_TOPIC"):
        assert f"{key} is not set" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_model_that_was_not_imported_names_the_remedy(setup: Setup, tmp_path: Path) -> None:
    done = command("worker", cwd=tmp_path, **setup(MODEL_PATH=str(tmp_path / "none")))
    assert done.returncode == 2
    assert "import-model" in done.stderr.splitlines()[-1]


def test_a_missing_gpu_is_an_error(setup: Setup, tmp_path: Path) -> None:
    # A machine that has one shows none to this worker.
    wanted = {"DEVICE": "gpu", "CUDA_VISIBLE_DEVICES": "-1"}
    with worker(setup() | wanted, tmp_path) as running:
        assert running.exit_code(AMPLE) == 2
        assert "stampapp cannot start: DEVICE is gpu, but TensorFlow finds none" in running.text()


@pytest.mark.parametrize("role", ["CONSUMER", "PRODUCER", "SCRIBE"])
def test_a_cluster_that_is_not_there_is_named_within_15_s(
    role: str, setup: Setup, tmp_path: Path
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        settings = setup(**{f"{role}_SERVER": address})
        done, seconds = timed("worker", cwd=tmp_path, **settings)
    assert done.returncode == 2
    assert f"the {role.lower()}'s cluster {address} cannot be used" in done.stderr
    assert f"check {role}_SERVER" in done.stderr
    assert seconds < WITHIN


def test_without_a_dead_letter_topic_a_bad_alert_stops_the_worker(
    kafka: ApacheKafka, setup: Setup, shared_data: Path, tmp_path: Path
) -> None:
    environment = setup(DEADLETTER_TOPIC="")
    produce(kafka.bootstrap, environment["CONSUMER_TOPICS"], [(b"k", b"no alert", 0, None, None)])
    with worker(environment, tmp_path) as running:
        running.wait_for("Worker ready")
        assert running.exit_code(30) == 1
        assert "DEADLETTER_TOPIC is empty" in running.text()
    assert not committed(
        kafka.bootstrap, environment["CONSUMER_GROUP_ID"], environment["CONSUMER_TOPICS"]
    )


def test_a_cluster_that_refuses_messages_stops_the_worker(
    kafka: ApacheKafka, setup: Setup, shared_data: Path, tmp_path: Path
) -> None:
    environment = setup()
    # No prediction fits into ten bytes.
    scribe = f"small-{environment['SCRIBE_TOPIC']}"
    create_topics(kafka.bootstrap, {scribe: 1}, {"max.message.bytes": "10"})
    sent = alert_messages.stream(shared_data / "ztf_sorting_hat.avro")[:5]
    produce(kafka.bootstrap, environment["CONSUMER_TOPICS"], sent)
    with worker(environment | {"SCRIBE_TOPIC": scribe}, tmp_path) as running:
        running.wait_for("Worker ready")
        assert running.exit_code(30) == 1
        assert f"refuses 1 message for {scribe}: MessageSizeTooLarge" in running.text()
    assert not committed(
        kafka.bootstrap, environment["CONSUMER_GROUP_ID"], environment["CONSUMER_TOPICS"]
    )


def test_a_model_of_other_weights_is_refused(setup: Setup, model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tampered"
    shutil.copytree(model, folder)
    network = folder / json.loads((folder / "model.json").read_text())["network_file"]
    network.write_bytes(network.read_bytes() + b"\0")
    done = command("worker", cwd=tmp_path, **setup(MODEL_PATH=str(folder)))
    assert done.returncode == 2
    assert network.name in done.stderr


def test_a_second_worker_on_the_host_takes_the_next_port(setup: Setup, tmp_path: Path) -> None:
    environment = setup()
    with worker(environment, tmp_path) as first:
        first.wait_for("Worker ready")
        other = tmp_path / "other"
        other.mkdir()
        with worker(setup(), other) as second:
            second.wait_for("Worker ready")
            ports = [_port(first.text()), _port(second.text())]
            for port in ports:
                assert _health(port) == {"failure": None}
    assert ports[0] != ports[1]


def _health(port: str) -> dict[str, str | None]:
    deadline = time.monotonic() + AMPLE
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
                return dict(json.load(answer))
        except urllib.error.URLError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def _port(log: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:(\d+)", log)
    assert found, log
    return found[1]


def test_a_worker_whose_registry_is_away_waits_ends_in_time_and_commits_nothing(
    kafka: ApacheKafka, setup: Setup, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    environment = setup(SCHEMA_REGISTRY_URL=f"http://127.0.0.1:{port}")
    topic, group = environment["CONSUMER_TOPICS"], environment["CONSUMER_GROUP_ID"]
    value = b"\0\0\0\0\7" + datum(SORTING_HAT, record())
    produce(kafka.bootstrap, topic, [(b"k", value, 0, None, None)])
    with worker(environment, tmp_path) as running:
        running.wait_for("has not given the schema 7", times=2)
        status, _, body = get(f"{address(running)}/readyz")
        assert (status, json.loads(body)["schemas_known"]) == (503, False)
        assert running.terminate() < 10.0
        assert running.process.returncode == 0, running.text()
    with worker(environment | {"SCHEMA_REGISTRY_TIMEOUT": "1"}, tmp_path) as running:
        assert running.exit_code(AMPLE) == 1, running.text()
        assert "has not given the schema 7 in 1 s (SCHEMA_REGISTRY_TIMEOUT)" in running.text()
    assert committed(kafka.bootstrap, group, topic).get(0, 0) == 0
