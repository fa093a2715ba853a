"""An operator rereads one night with a group of its own, and cannot move an active group."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from tests.support.alerts import container, record
from tests.support.apache_kafka import ApacheKafka
from tests.support.stopwatch import AMPLE
from tests.support.topics import (
    Record,
    committed,
    create_topics,
    offsets_to_commit,
    produce,
    read_all,
)
from tests.support.waiting import until
from tests.support.worker import command, worker
from tests.system.conftest import environment

HOURS = ("11T20", "11T21", "11T22", "12T02", "12T21", "12T23")
REREAD = HOURS[2:]


def alert(hour: str) -> Record:
    published = datetime.fromisoformat(f"2026-03-{hour}:00").replace(tzinfo=UTC)
    value = container(record(aid=hour))
    return Record(hour.encode(), value, None, None, int(published.timestamp() * 1000))


def test_a_night_is_read_again_by_a_group_of_its_own(
    kafka: ApacheKafka, ztf_model: Path, tmp_path: Path
) -> None:
    settings = environment(kafka.bootstrap, CLASSIFIER_STRATEGY="ZTF", MODEL_PATH=str(ztf_model))
    topic = settings["CONSUMER_TOPICS"]
    produce(kafka.bootstrap, topic, map(alert, HOURS))
    with worker(settings, tmp_path) as running:
        ends = offsets_to_commit(kafka.bootstrap, topic)
        group = settings["CONSUMER_GROUP_ID"]
        until(lambda: committed(kafka.bootstrap, group, topic) == ends, AMPLE)
        refused = command("offsets", "reset", "--to", "20260312", cwd=None, **settings)
        assert refused.returncode == 2
        assert "has active members: " in refused.stderr
        assert committed(kafka.bootstrap, group, topic) == ends
        again = settings | {
            "CONSUMER_GROUP_ID": f"{group}-20260312",
            "PRODUCER_TOPIC_FORMAT": f"{settings['PRODUCER_TOPIC_FORMAT']}-20260312",
        }
        create_topics(kafka.bootstrap, {again["PRODUCER_TOPIC_FORMAT"]: 1})
        done = command("offsets", "reset", "--to", "20260312", cwd=None, **again)
        assert done.returncode == 0, done.stderr
        (tmp_path / "again").mkdir()
        with worker(again, tmp_path / "again") as rereading:
            rereading.wait_for(f"{len(REREAD)} in all")
            rereading.terminate()
        running.terminate()
    output = read_all(kafka.bootstrap, again["PRODUCER_TOPIC_FORMAT"])
    assert {one.key for one in output} == {hour.encode() for hour in REREAD}
    # Without --from, reconcile counts what lies before the new offsets as consumed.
    done = command("reconcile", "--from", "2026-03-11T22:00", "--json", cwd=None, **again)
    assert (done.returncode, json.loads(done.stdout)["classified"]) == (0, len(REREAD))
