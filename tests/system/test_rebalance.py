"""Workers that start and stop share the stream and lose nothing."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

from tests.support import alert_messages
from tests.support.apache_kafka import ApacheKafka
from tests.support.topics import create_topics, produce, read_all, wait_for_count
from tests.support.worker import worker
from tests.system.test_killed_worker import assert_nothing_committed_ahead, finish

COPIES = 30
BATCH = 20


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


def test_batches_that_a_rebalance_interrupts_in_an_outage_are_not_published_after_it(
    kafka: ApacheKafka, setup: Callable[..., dict[str, str]], shared_data: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    sent = list(alert_messages.distinct(shared_data / "ztf_sorting_hat.avro", 2))
    with ApacheKafka() as away:
        environment = setup(CONSUME_MESSAGES=str(BATCH), SCRIBE_SERVER=away.bootstrap)
        topic, scribe = environment["CONSUMER_TOPICS"], environment["SCRIBE_TOPIC"]
        create_topics(away.bootstrap, {scribe: 2})
        with worker(environment, tmp_path) as first:
            first.wait_for("Worker ready")
            with worker(environment, other) as second:
                second.wait_for("Worker ready")
                away.freeze()
                produce(kafka.bootstrap, topic, sent)
                wait_for_count(kafka.bootstrap, environment["PRODUCER_TOPIC_FORMAT"], len(sent))
                second.terminate()
            first.wait_for("unfinished messages; they are consumed again")
            first.wait_for("Rebalanced", times=2)
            away.thaw()
            finish(first, kafka, environment)
        published = read_all(away.bootstrap, scribe)
    assert {m.key for m in published} == {record.key for record in sent}
    # The batch that each worker was sending cannot be called back. On a busy machine there may be
    # another rebalance; without one, more than ten batches would be repeated.
    assert len(published) - len(sent) <= 4 * BATCH
