"""Workers that start and stop share the stream and lose nothing."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

from tests.support import alert_messages
from tests.support.apache_kafka import ApacheKafka
from tests.support.topics import produce, read_all
from tests.support.worker import worker
from tests.system.test_killed_worker import assert_nothing_committed_ahead, finish

COPIES = 30


def test_joining_leaving_and_freezing_lose_nothing(
    kafka: ApacheKafka, setup: Callable[..., dict[str, str]], shared_data: Path, tmp_path: Path
) -> None:
    environment = setup() | {"IN_FLIGHT_MESSAGES": "200"}
    sent = list(alert_messages.distinct(shared_data / "ztf_sorting_hat.avro", COPIES))
    half = len(sent) // 2
    other = tmp_path / "other"
    other.mkdir()
    produce(kafka.bootstrap, environment["CONSUMER_TOPICS"], sent[:half])
    with worker(environment, tmp_path) as first:
        first.wait_for("batch of 50")
        with worker(environment, other) as second:
            second.wait_for("Worker ready")
            produce(kafka.bootstrap, environment["CONSUMER_TOPICS"], sent[half:])
            second.wait_for("batch of 50")
            # Longer than the session timeout: the group gives its partitions away.
            first.process.send_signal(signal.SIGSTOP)
            time.sleep(9)
            first.process.send_signal(signal.SIGCONT)
            time.sleep(2)
            assert_nothing_committed_ahead(kafka, environment)
            assert second.terminate() < 10.0
            assert second.process.returncode == 0, second.text()
        finish(first, kafka, environment)
        assert first.process.returncode == 0, first.text()
    everyone = {record.key for record in sent}
    assert {m.key for m in read_all(kafka.bootstrap, environment["SCRIBE_TOPIC"])} == everyone
    output = read_all(kafka.bootstrap, environment["PRODUCER_TOPIC_FORMAT"])
    assert {m.key for m in output} == everyone
    # Repeats are allowed, and few: what a frozen worker had in hand.
    assert len(output) - len(sent) < 1000
