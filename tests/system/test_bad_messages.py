"""Messages that cannot be classified, among others that can."""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from typing import Any

import fastavro

from tests.support import alert_messages, atlas
from tests.support.alerts import SORTING_HAT
from tests.support.apache_kafka import ApacheKafka
from tests.support.topics import Record, committed, offsets_to_commit, produce, read_all
from tests.support.worker import worker
from tests.system.conftest import environment


def by_cause(
    schema: Any, alert: dict[str, Any], changed: dict[str, dict[str, Any]]
) -> dict[str, list[Record]]:
    """Return messages by the cause that they must be dead-lettered with.

    `changed` are changes of a good alert by the cause; what is wrong with every survey's
    messages is added. Each is there with a key and without.
    """
    whole = alert_messages.message(schema, alert)
    pair = io.BytesIO()
    fastavro.writer(pair, schema, [alert, alert])
    values: dict[str, list[bytes | None]] = {
        "empty": [None, b""],
        "not-avro": [b"\x80\x04cos\nsystem\n", b"{}"],
        "avro-damaged": [whole[:-20], whole[: len(whole) // 2]],
        "not-one-alert": [pair.getvalue()],
    }
    for cause, change in changed.items():
        values.setdefault(cause, []).append(alert_messages.message(schema, alert | change))
    return {
        cause: [Record(key, value) for value in several for key in (b"k", None)]
        for cause, several in values.items()
    }


def bad_ztf(alert: dict[str, Any]) -> dict[str, dict[str, Any]]:
    extra, stamps = alert["extra_fields"], alert["stamps"]
    return {
        "stamp-missing": {"stamps": stamps | {"template": None}},
        "stamp-not-fits": {"stamps": stamps | {"science": b"no image at all"}},
        "stamp-damaged": {"stamps": stamps | {"science": stamps["science"][:99]}},
        "feature-missing": {"extra_fields": {k: v for k, v in extra.items() if k != "classtar"}},
        "feature-ill-typed": {"extra_fields": extra | {"classtar": "high"}},
        "feature-not-finite": {"extra_fields": extra | {"classtar": float("nan")}},
        "field": {"mjd": float("nan")},
        "survey": {"tid": "DES", "sid": "DES"},
    }


def bad_atlas(alert: dict[str, Any]) -> dict[str, dict[str, Any]]:
    def science(old: bytes, new: bytes) -> dict[str, Any]:
        """Replace the beginning of a card in the header of the science stamp."""
        before = alert["stamps"]["science"]
        assert before.count(old) == 1
        return {"stamps": alert["stamps"] | {"science": before.replace(old, new)}}

    stamps = alert["stamps"]
    return {
        "stamp-missing": {"stamps": stamps | {"difference": None}},
        "stamp-not-fits": {"stamps": stamps | {"difference": b"no image at all"}},
        "stamp-damaged": {"stamps": stamps | {"science": stamps["science"][:-12000]}},
        "stamp-shape": science(
            b"NAXIS1  =                   61", b"NAXIS1  =                   60"
        ),
        "stamp-wcs": science(b"CTYPE1  = 'RA---TPV'", b"CTYPE1  = 'RA---TAN'"),
        "feature-missing": science(b"MANGLE  =", b"HISTORY  "),
        "feature-ill-typed": science(b"FILTER  = 'o'", b"FILTER  = 'w'"),
        "feature-not-finite": science(
            b"AIRMASS =                1.220", b"AIRMASS =                1E999"
        ),
        "field": {"isdiffpos": 7},
        "survey": {"tid": "ZTF", "sid": "ZTF"},
    }


def test_each_has_its_cause_and_the_others_are_classified(
    kafka: ApacheKafka, setup: Callable[..., dict[str, str]], shared_data: Path, tmp_path: Path
) -> None:
    schema, alerts = alert_messages.records(shared_data / "ztf_sorting_hat.avro")
    (alert,) = (one for one in alerts if one["candid"] == "516171791415015025")
    bad = by_cause(schema, alert, bad_ztf(alert))
    good = list(alert_messages.distinct(shared_data / "ztf_sorting_hat.avro", 1))[:40]
    assert_dead_lettered_by_cause(kafka, setup(), bad, good, tmp_path)


def test_bad_atlas_messages_have_their_causes(
    kafka: ApacheKafka, atlas_model: Path, shared_data: Path, tmp_path: Path
) -> None:
    packets = list(atlas.packets(shared_data).values())
    alert = atlas.to_sorting_hat(packets[0])
    bad = by_cause(SORTING_HAT, alert, bad_atlas(alert))
    good = [atlas.to_sorting_hat(packet, aid=f"A{n}") for n in range(5) for packet in packets[n:]]
    settings = environment(
        kafka.bootstrap, CLASSIFIER_STRATEGY="ATLAS", MODEL_PATH=str(atlas_model)
    )
    assert_dead_lettered_by_cause(kafka, settings, bad, atlas.messages(good), tmp_path)


def assert_dead_lettered_by_cause(
    kafka: ApacheKafka,
    settings: dict[str, str],
    bad: dict[str, list[Record]],
    good: list[Record],
    tmp_path: Path,
) -> None:
    sent = [record for records in bad.values() for record in records]
    mixed = [record for pair in zip_longest(sent, good) for record in pair if record]
    produce(kafka.bootstrap, settings["CONSUMER_TOPICS"], mixed)
    with worker(settings, tmp_path) as running:
        running.wait_for(f"{len(mixed)} in all")
        running.terminate()
    dead = read_all(kafka.bootstrap, settings["DEADLETTER_TOPIC"])
    assert {(m.key, m.value or b"", dict(m.headers)["error.type"]) for m in dead} == {
        (record.key, record.value or b"", cause.encode())
        for cause, records in bad.items()
        for record in records
    }
    assert len(dead) == len(sent)
    output = read_all(kafka.bootstrap, settings["PRODUCER_TOPIC_FORMAT"])
    assert {m.key for m in output} == {record.key for record in good}
    topic, group = settings["CONSUMER_TOPICS"], settings["CONSUMER_GROUP_ID"]
    assert committed(kafka.bootstrap, group, topic) == offsets_to_commit(kafka.bootstrap, topic)
