"""Messages that cannot be classified, among others that can."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastavro

from tests.support import skies
from tests.support.apache_kafka import ApacheKafka
from tests.support.topics import Record, committed, end_offsets, produce, read_all
from tests.support.worker import worker


def bad_messages(schema: Any, alert: dict[str, Any]) -> dict[str, list[Record]]:
    """Return messages by the cause that they must be dead-lettered with."""
    whole = skies.message(schema, alert)
    pair = io.BytesIO()
    fastavro.writer(pair, schema, [alert, alert])
    extra = alert["extra_fields"]
    changed = {
        "stamp-missing": {"stamps": alert["stamps"] | {"template": None}},
        "stamp-not-fits": {"stamps": alert["stamps"] | {"science": b"no image at all"}},
        "stamp-damaged": {"stamps": alert["stamps"] | {"science": alert["stamps"]["science"][:99]}},
        "feature-missing": {"extra_fields": {k: v for k, v in extra.items() if k != "classtar"}},
        "feature-ill-typed": {"extra_fields": extra | {"classtar": "high"}},
        "feature-not-finite": {"extra_fields": extra | {"classtar": float("nan")}},
        "field": {"mjd": float("nan")},
        "survey": {"tid": "LSST", "sid": "LSST"},
    }
    values: dict[str, list[bytes | None]] = {
        "empty": [None, b""],
        "not-avro": [b"\x80\x04cos\nsystem\n", b"{}"],
        "avro-damaged": [whole[:-20], whole[: len(whole) // 2]],
        "not-one-alert": [pair.getvalue()],
        **{cause: [skies.message(schema, alert | change)] for cause, change in changed.items()},
    }
    return {
        cause: [Record(key, value) for value in several for key in (b"k", None)]
        for cause, several in values.items()
    }


def test_each_has_its_cause_and_the_others_are_classified(
    kafka: ApacheKafka, setup: Callable[..., dict[str, str]], shared_data: Path, tmp_path: Path
) -> None:
    schema, alerts = skies.records(shared_data / "ztf_sorting_hat.avro")
    (alert,) = (one for one in alerts if one["candid"] == "516171791415015025")
    bad = bad_messages(schema, alert)
    good = list(skies.distinct(shared_data / "ztf_sorting_hat.avro", 1))[:40]
    sent = [record for records in bad.values() for record in records]
    mixed = [record for pair in zip(sent, good, strict=False) for record in pair]
    environment = setup()
    produce(kafka.bootstrap, environment["CONSUMER_TOPICS"], mixed)
    with worker(environment, tmp_path) as running:
        running.wait_for(f"{len(mixed)} in all")
        running.terminate()
    dead = read_all(kafka.bootstrap, environment["DEADLETTER_TOPIC"])
    assert {(m.key, m.value or b"", dict(m.headers)["error.type"]) for m in dead} == {
        (record.key, record.value or b"", cause.encode())
        for cause, records in bad.items()
        for record in records
    }
    assert len(dead) == len(sent)
    output = read_all(kafka.bootstrap, environment["PRODUCER_TOPIC_FORMAT"])
    assert {m.key for m in output} == {record.key for record in good[: len(sent)]}
    topic, group = environment["CONSUMER_TOPICS"], environment["CONSUMER_GROUP_ID"]
    assert committed(kafka.bootstrap, group, topic) == end_offsets(kafka.bootstrap, topic)
