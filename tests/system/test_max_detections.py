"""With MAX_DETECTIONS, real alerts of known objects are superseded, and nothing else changes."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastavro
import pytest
from playwright.sync_api import expect
from prometheus_client.parser import text_string_to_metric_families

from tests.support import alert_messages
from tests.support.apache_kafka import ApacheKafka
from tests.support.browser import chromium
from tests.support.lsst_packets import SCRIBE
from tests.support.lsst_schemas import schema_json
from tests.support.topics import Message, Record, create_topics, produce, read_all
from tests.support.web import address, get
from tests.support.worker import Worker, command, worker
from tests.system.conftest import environment

OUTCOMES = ("classified", "superseded", "ruled_out", "dead_lettered")
SURVEYS = ("ZTF", "LSST")
Place = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A real alert, and how often its object was detected; None where it does not say."""

    record: Record
    detections: int | None

    @property
    def is_known(self) -> bool:
        return self.detections is not None and self.detections > 1


@dataclass(frozen=True, kw_only=True)
class Night:
    """A worker that classifies first detections only; `sent` by partition and offset."""

    settings: dict[str, str]
    sent: dict[Place, Sent]
    running: Worker

    @property
    def known(self) -> int:
        return sum(one.is_known for one in self.sent.values())

    def published(self, key: str) -> list[Message]:
        return read_all(self.settings["CONSUMER_SERVER"], self.settings[key])


def ztf_alerts(shared_data: Path) -> list[Sent]:
    """Return messages of the sorting hat, unreadable ones too, and packets as ZTF sends them."""
    found = []
    for name in ("ztf_sorting_hat.avro", "ztf_sorting_hat_unreadable.avro"):
        schema, records = alert_messages.records(shared_data / name)
        for one in records:
            value = alert_messages.message(schema, one)
            record = Record(one["aid"].encode(), value)
            found.append(Sent(record=record, detections=one["extra_fields"]["ndethist"]))
    for path in sorted((shared_data / "ztf_raw").glob("*.avro")):
        (packet,) = alert_messages.records(path)[1]
        record = Record(packet["objectId"].encode(), path.read_bytes())
        found.append(Sent(record=record, detections=packet["candidate"]["ndethist"]))
    # First a night in which every object is known, so that batches publish nothing.
    return sorted(found, key=lambda one: not one.is_known)


def lsst_alerts(shared_data: Path) -> list[Sent]:
    """Return packets as Rubin sends them; those of the solar system have no number."""
    found = []
    for path in sorted((shared_data / "lsst_raw").glob("*.msg")):
        value = path.read_bytes()
        schema = fastavro.parse_schema(schema_json(int.from_bytes(value[1:5])))
        packet: Any = fastavro.schemaless_reader(io.BytesIO(value[5:]), schema, None)
        source, known = packet["diaSource"], packet["diaObject"]
        key = str(source["diaObjectId"] or source["ssObjectId"]).encode()
        detections = known["nDiaSources"] if known else None
        found.append(Sent(record=Record(key, value), detections=detections))
    return found


@pytest.fixture(scope="module")
def nights(
    kafka: ApacheKafka,
    model: Path,
    lsst_model: Path,
    shared_data: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Night]]:
    """Workers of both surveys that have processed all alerts."""
    alerts = {"ZTF": ztf_alerts(shared_data), "LSST": lsst_alerts(shared_data)}
    models = {"ZTF": {"MODEL_PATH": str(model)}, "LSST": {"MODEL_PATH": str(lsst_model), **SCRIBE}}
    with ExitStack() as stack:
        found = {}
        for survey, own in alerts.items():
            settings = environment(
                kafka.bootstrap,
                CLASSIFIER_STRATEGY=survey,
                MAX_DETECTIONS="1",
                CONSUME_MESSAGES="8",
                CONSUME_TIMEOUT="0.2",
                **models[survey],
            )
            records = [one.record for one in own]
            places = produce(kafka.bootstrap, settings["CONSUMER_TOPICS"], records)
            running = stack.enter_context(worker(settings, tmp_path_factory.mktemp(survey)))
            sent = dict(zip(places, own, strict=True))
            found[survey] = Night(settings=settings, sent=sent, running=running)
        for night in found.values():
            night.running.wait_for(f"{len(night.sent)} in all")
        yield found


@pytest.fixture(params=SURVEYS)
def night(request: pytest.FixtureRequest, nights: dict[str, Night]) -> Night:
    return nights[request.param]


def source(message: Message) -> Place:
    headers = dict(message.headers)
    return int(headers["source.partition"] or b""), int(headers["source.offset"] or b"")


def test_the_alerts_are_of_both_kinds(nights: dict[str, Night]) -> None:
    assert {name: (len(one.sent), one.known) for name, one in nights.items()} == {
        "ZTF": (263, 223),
        "LSST": (17, 3),
    }
    # Two objects of the solar system.
    assert [one.detections for one in nights["LSST"].sent.values()].count(None) == 2


def test_results_are_of_first_detections_and_of_all_of_them(night: Night) -> None:
    for key in ("PRODUCER_TOPIC_FORMAT", "SCRIBE_TOPIC", "DEADLETTER_TOPIC"):
        assert not any(night.sent[source(one)].is_known for one in night.published(key))
    documents = [json.loads(one.value or b"") for one in night.published("METRICS_TOPIC")]
    counts = {name: sum(one[name] for one in documents) for name in OUTCOMES}
    assert sum(counts.values()) == len(night.sent)
    assert sum(one["over_max_detections"] for one in documents) == night.known
    published = {source(one) for one in night.published("PRODUCER_TOPIC_FORMAT")}
    assert len(published) == counts["classified"]
    earlier = counts["superseded"] - night.known
    others = counts["ruled_out"] + counts["dead_lettered"] + earlier
    assert len(published) + others == len(night.sent) - night.known


def test_every_alert_of_lsst_that_is_not_superseded_has_an_output(
    nights: dict[str, Night],
) -> None:
    night = nights["LSST"]
    expected = {place for place, one in night.sent.items() if not one.is_known}
    assert {source(one) for one in night.published("PRODUCER_TOPIC_FORMAT")} == expected


def test_the_log_and_the_endpoints_say_why(night: Night) -> None:
    text = night.running.text()
    survey = night.settings["CLASSIFIER_STRATEGY"]
    assert f"{survey} alerts of objects with at most 1 detections are classified by" in text
    assert "superseded by MAX_DETECTIONS)" in text
    ready = json.loads(get(f"{address(night.running)}/readyz")[2])
    assert (ready["max_detections"], ready["over_max_detections"]) == (1, night.known)
    metrics = get(f"{address(night.running)}/metrics")[2].decode()
    samples = [
        one
        for family in text_string_to_metric_families(metrics)
        for one in family.samples
        if one.name == "stampapp_alerts_total"
    ]
    over = [one.value for one in samples if one.labels["cause"] == "max-detections"]
    assert over == [night.known]
    assert sum(one.value for one in samples) == len(night.sent)


def test_the_page_says_why(nights: dict[str, Night]) -> None:
    night = nights["ZTF"]
    with chromium() as browser:
        page = browser.new_page()
        page.goto(f"{address(night.running)}/")
        expect(page.locator("#over")).to_have_text(
            f"Superseded by MAX_DETECTIONS=1: {night.known}.", timeout=60_000
        )


def reconcile(settings: dict[str, str], *, code: int, **changes: str) -> dict[str, Any]:
    done = command("reconcile", "--json", cwd=None, **settings | changes)
    assert done.returncode == code, done.stderr + done.stdout
    return dict(json.loads(done.stdout))


def test_everything_is_accounted_for(night: Night) -> None:
    found = reconcile(night.settings, code=0)
    assert found["consumed"] == len(night.sent) == sum(found[name] for name in OUTCOMES)
    assert found["missing"] == found["unjudged"] == []
    assert found["over_max_detections"] <= night.known
    if night.settings["CLASSIFIER_STRATEGY"] == "ZTF":
        # Some batches publish nothing that could name them.
        assert found["over_max_detections"] > 0


def test_what_is_lost_is_missing_and_what_is_superseded_is_not(
    night: Night, kafka: ApacheKafka
) -> None:
    topics = ("PRODUCER_TOPIC_FORMAT", "SCRIBE_TOPIC", "DEADLETTER_TOPIC")
    empty = {key: f"empty-{night.settings[key]}" for key in topics}
    create_topics(kafka.bootstrap, dict.fromkeys(empty.values(), 1))
    found = reconcile(night.settings, code=1, **empty)
    lost = {(one["partition"], one["offset"]) for one in found["missing"]}
    assert not any(night.sent[place].is_known for place in lost)
    assert found["over_max_detections"] == night.known
    unproven = len(lost) + len(found["unjudged"]) + found["ruled_out"]
    assert unproven == len(night.sent) - night.known


def test_classify_says_how_many_it_supersedes(model: Path, shared_data: Path) -> None:
    path = str(shared_data / "ztf_sorting_hat.avro")
    settings = {"CLASSIFIER_STRATEGY": "ZTF", "MODEL_PATH": str(model), "MAX_DETECTIONS": "1"}
    done = command("classify", "--json", path, cwd=None, **settings)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 26
    assert "0 superseded by an earlier one of their object, 196 superseded by MAX_DETECTIONS," in (
        done.stderr
    )


@pytest.mark.parametrize("arguments", [("worker",), ("classify", "any"), ("check",)])
def test_atlas_refuses_the_setting(
    arguments: tuple[str, ...], kafka: ApacheKafka, atlas_model: Path, tmp_path: Path
) -> None:
    atlas = {"CLASSIFIER_STRATEGY": "ATLAS", "MODEL_PATH": str(atlas_model)}
    settings = {
        "CONSUMER_SERVER": kafka.bootstrap,
        "CONSUMER_TOPICS": "alerts",
        "CONSUMER_GROUP_ID": "atlas",
        "PRODUCER_TOPIC_FORMAT": "out",
        "SCRIBE_TOPIC": "scribe",
        "METRICS_TOPIC": "metrics",
    }
    done = command(*arguments, cwd=tmp_path, **settings, **atlas, MAX_DETECTIONS="1")
    assert done.returncode == 2, done.stderr + done.stdout
    assert "the alerts of ATLAS do not say how often their object was detected" in (
        done.stderr + done.stdout
    )
    assert "Traceback" not in done.stderr
