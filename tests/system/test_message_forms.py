"""Results in the forms of ALeRCE's Rubin step and of the database of several surveys."""

from __future__ import annotations

import io
import json
import secrets
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import fastavro
import pytest

from tests.support import alert_messages, lsst_packets
from tests.support.apache_kafka import ApacheKafka
from tests.support.topics import Message, Record, create_topics, produce, read_all
from tests.support.worker import command, worker
from tests.system.conftest import environment

# A number that a float cannot hold.
FIRST_OBJECT = 170094456277565473
CLASSES = ("AGN", "SN", "VS", "asteroid", "bogus")
TAXONOMY = {"AGN": 1, "SN": 0, "VS": 2, "asteroid": 3}
IDS = {
    "SCRIBE_CLASSIFIER_ID": "42",
    "SCRIBE_TAXONOMY": ",".join(f"{name}:{number}" for name, number in TAXONOMY.items()),
    "MODEL_VERSION": "2.0.1",
}
# What consumers of the bare data know of it.
RUBIN_OUTPUT = fastavro.parse_schema(
    {
        "type": "record",
        "name": "alerce.rubin_stamp_classifier_step.RubinStampClassifierOutput",
        "fields": [
            {"name": "diaObjectId", "type": "long"},
            {"name": "ssObjectId", "type": "long"},
            {"name": "diaSourceId", "type": "long"},
            {"name": "probabilities", "type": {"type": "map", "values": "double"}},
            {"name": "midpointMjdTai", "type": "double"},
            {"name": "ra", "type": "double"},
            {"name": "dec", "type": "double"},
        ],
    }
)


@dataclass(frozen=True, kw_only=True)
class Published:
    """The settings of a worker, and what it has published."""

    settings: dict[str, str]
    output: list[Message]
    commands: list[Message]
    dead: list[Message]

    @property
    def by_source(self) -> dict[tuple[int, int], list[dict[str, Any]]]:
        """The payloads of the commands by the place of the alert, the most probable class first."""
        found: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
        for message in self.commands:
            found[source(message)].append(json.loads(message.value or b"")["payload"])
        return found


def source(message: Message) -> tuple[int, int]:
    headers = dict(message.headers)
    return int(headers["source.partition"] or b""), int(headers["source.offset"] or b"")


def published(kafka: ApacheKafka, settings: dict[str, str]) -> Published:
    topics = ("PRODUCER_TOPIC_FORMAT", "SCRIBE_TOPIC", "DEADLETTER_TOPIC")
    output, commands, dead = (read_all(kafka.bootstrap, settings[key]) for key in topics)
    return Published(settings=settings, output=output, commands=commands, dead=dead)


@pytest.fixture(scope="module")
def packets() -> list[Record]:
    """Packets of objects of both kinds, later ones of the first three, and one with both ids."""
    alerts = list(islice(lsst_packets.alerts(FIRST_OBJECT), 20))
    more = [lsst_packets.later(one) for one in alerts[:3]]
    values = [lsst_packets.container(one) for one in (*alerts, *more)]
    return [Record(b"any", value) for value in (*values, _with_both_ids(values[0]))]


def _with_both_ids(value: bytes) -> bytes:
    reader = fastavro.reader(io.BytesIO(value))
    (record,) = (dict(one) for one in reader if isinstance(one, dict))
    record["diaSource"] |= {"diaObjectId": 5, "ssObjectId": 6}
    return alert_messages.message(reader.writer_schema, record)


def _sent(packets: list[Record]) -> list[dict[str, Any]]:
    """The sources of the packets that can be classified."""
    return [
        record["diaSource"]
        for record in alert_messages.decoded([one.value for one in packets])
        if not (record["diaSource"]["diaObjectId"] and record["diaSource"]["ssObjectId"])
    ]


@pytest.fixture(scope="module")
def lsst(
    kafka: ApacheKafka,
    lsst_model: Path,
    packets: list[Record],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Published]:
    """What two workers publish of the same packets, by OUTPUT_ENCODING."""
    shared = {"CLASSIFIER_STRATEGY": "LSST", "MODEL_PATH": str(lsst_model), **IDS}
    settings = {
        encoding: environment(kafka.bootstrap, **shared, OUTPUT_ENCODING=encoding)
        for encoding in ("container", "bare")
    }
    for one in settings.values():
        produce(kafka.bootstrap, one["CONSUMER_TOPICS"], packets)
    with (
        worker(settings["container"], tmp_path_factory.mktemp("container")) as first,
        worker(settings["bare"], tmp_path_factory.mktemp("bare")) as second,
    ):
        for running in (first, second):
            running.wait_for(f"{len(packets)} in all")
            assert "SCRIBE_TAXONOMY has no id for bogus" in running.text()
            running.terminate()
            assert running.process.returncode == 0, running.text()
    return {encoding: published(kafka, one) for encoding, one in settings.items()}


def bare_record(value: bytes | None) -> dict[str, Any]:
    body = io.BytesIO(value or b"")
    found: Any = fastavro.schemaless_reader(body, RUBIN_OUTPUT, None)
    assert body.read() == b"", "the datum is longer than its schema"
    return dict(found)


def container_record(value: bytes | None) -> dict[str, Any]:
    (found,) = alert_messages.decoded([value])
    return dict(found)


READERS: dict[str, Callable[[bytes | None], dict[str, Any]]] = {
    "container": container_record,
    "bare": bare_record,
}


@pytest.mark.parametrize("encoding", READERS)
def test_every_packet_has_an_output_with_its_numbers(
    lsst: dict[str, Published], packets: list[Record], encoding: str
) -> None:
    read, found = READERS[encoding], lsst[encoding].output
    records = {record["diaSourceId"]: record for record in (read(one.value) for one in found)}
    sent = _sent(packets)
    assert len(found) == len(records) == len(sent) == len(packets) - 1
    for one in sent:
        record = records[one["diaSourceId"]]
        assert (record["diaObjectId"], record["ssObjectId"]) == (
            one["diaObjectId"] or 0,
            one["ssObjectId"] or 0,
        )
        assert [record[name] for name in ("midpointMjdTai", "ra", "dec")] == [
            one[name] for name in ("midpointMjdTai", "ra", "dec")
        ]
        assert set(record["probabilities"]) == set(CLASSES)
        assert sum(record["probabilities"].values()) == pytest.approx(1)
        if one["ssObjectId"]:
            assert record["probabilities"]["asteroid"] == 1
    keys = Counter(one.key for one in found)
    assert keys == Counter(str(one["diaObjectId"] or one["ssObjectId"]).encode() for one in sent)


@pytest.mark.parametrize("encoding", READERS)
def test_every_class_has_a_command(lsst: dict[str, Published], encoding: str) -> None:
    read, found = READERS[encoding], lsst[encoding]
    by_source = found.by_source
    assert by_source.keys() == {source(one) for one in found.output}
    for one in found.output:
        record, payloads = read(one.value), by_source[source(one)]
        known = bool(record["ssObjectId"])
        ranked = sorted(record["probabilities"].items(), key=lambda pair: -pair[1])
        assert payloads[0] == {
            "oid": record["diaObjectId"] or record["ssObjectId"],
            "sid": 2 if known else 1,
            "classifier_id": 42,
            "classifier_version": 201,
            "class_id": TAXONOMY.get(ranked[0][0], -1),
            "probability": ranked[0][1],
            "ranking": 1,
            "lastmjd": record["midpointMjdTai"],
        }
        assert [p["ranking"] for p in payloads] == [1, 2, 3, 4, 5]
        assert {(p["class_id"], p["probability"]) for p in payloads} == {
            (TAXONOMY.get(name, -1), share) for name, share in ranked
        }
    document = json.loads(found.commands[0].value or b"")
    assert (document["step"], document["survey"]) == ("probability-archival-step", "lsst")
    assert found.commands[0].key == str(document["payload"]["oid"]).encode()


@pytest.mark.parametrize("encoding", READERS)
def test_everything_is_accounted_for(lsst: dict[str, Published], encoding: str) -> None:
    found = reconcile(lsst[encoding].settings, code=0)
    counts = [found[name] for name in ("classified", "superseded", "ruled_out", "dead_lettered")]
    assert counts == [len(lsst[encoding].output), 0, 0, 1]
    assert sum(found["repeats"].values()) == 0
    assert dict(lsst[encoding].dead[0].headers)["error.type"] == b"field"


def test_bare_data_and_commands_are_inspected(lsst: dict[str, Published]) -> None:
    bare = lsst["bare"]
    record = bare_record(bare.output[0].value)
    oid = str(record["diaObjectId"] or record["ssObjectId"])
    seen = inspect(bare.settings, "producer", oid)
    assert {one["kind"] for one in seen} == {"prediction"}
    # Readers of JSON that use floats would change such ids: they are text.
    assert str(record["diaSourceId"]) in {one["content"]["diaSourceId"] for one in seen}
    commands = inspect(bare.settings, "scribe", oid)
    assert {one["content"]["payload"]["oid"] for one in commands} == {oid}


def inspect(settings: dict[str, str], role: str, aid: str) -> list[dict[str, Any]]:
    done = command("inspect", role, "--json", "--aid", aid, cwd=None, **settings)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def reconcile(settings: dict[str, str], *, code: int) -> dict[str, Any]:
    done = command("reconcile", "--json", cwd=None, **settings)
    assert done.returncode == code, done.stderr + done.stdout
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def ztf(
    kafka: ApacheKafka,
    ztf_model: Path,
    shared_data: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Published:
    """What a worker publishes of real alerts with commands per class."""
    settings = environment(
        kafka.bootstrap,
        CLASSIFIER_STRATEGY="ZTF",
        MODEL_PATH=str(ztf_model),
        SCRIBE_FORMAT="probability-archival",
        **IDS,
    )
    sent = alert_messages.stream(shared_data / "ztf_sorting_hat.avro")[:60]
    produce(kafka.bootstrap, settings["CONSUMER_TOPICS"], sent)
    with worker(settings, tmp_path_factory.mktemp("ztf")) as running:
        running.wait_for(f"{len(sent)} in all")
        running.terminate()
        assert running.process.returncode == 0, running.text()
    return published(kafka, settings)


def number_of(name: str) -> int:
    """The number of a ZTF object in the database."""
    letters = sum((ord(one) - ord("a")) * 26**n for n, one in enumerate(reversed(name[5:])))
    return int(2**55 + int(name[3:5]) * 26**7 + letters)


def test_ztf_objects_have_their_number_and_mjd(ztf: Published, shared_data: Path) -> None:
    alerts = alert_messages.records(shared_data / "ztf_sorting_hat.avro")[1]
    known = {number_of(one["oid"]): one["oid"] for one in alerts}
    times = {(number_of(one["oid"]), one["mjd"]) for one in alerts}
    payloads = ztf.by_source
    assert payloads.keys() == {source(one) for one in ztf.output}
    assert all(len(one) == len(CLASSES) for one in payloads.values())
    everything = [payload for one in payloads.values() for payload in one]
    assert {(one["oid"], one["lastmjd"]) for one in everything} <= times
    assert {(one["sid"], one["classifier_version"]) for one in everything} == {(0, 201)}
    first = json.loads(ztf.commands[0].value or b"")
    assert (first["survey"], ztf.commands[0].key) == ("ztf", str(first["payload"]["oid"]).encode())
    name = known[everything[0]["oid"]]
    assert len(inspect(ztf.settings, "scribe", name)) == len(CLASSES)


def test_ztf_is_accounted_for_until_a_command_of_a_class_is_lost(
    kafka: ApacheKafka, ztf: Published
) -> None:
    found = reconcile(ztf.settings, code=0)
    assert found["classified"] == len(ztf.output) > 0
    assert sum(found["repeats"].values()) == 0
    lost = next(one for one in ztf.commands if dict(one.headers).get("source.part") == b"4/5")
    topic = f"scribe-{secrets.token_hex(4)}"
    create_topics(kafka.bootstrap, {topic: 2})
    kept = [
        Record(one.key, one.value, one.partition, one.headers, one.timestamp)
        for one in ztf.commands
        if one is not lost
    ]
    produce(kafka.bootstrap, topic, kept)
    found = reconcile(ztf.settings | {"SCRIBE_TOPIC": topic}, code=1)
    missing = {(one["partition"], one["offset"]) for one in found["missing"]}
    assert source(lost) in missing
    assert all("not in the scribe" in one["why"] for one in found["missing"])


def test_ids_that_are_missing_are_named_at_the_start(lsst: dict[str, Published]) -> None:
    settings = {key: value for key, value in lsst["bare"].settings.items() if key not in IDS}
    done = command("worker", cwd=None, **settings)
    assert done.returncode == 2
    assert "SCRIBE_TAXONOMY is not set" in done.stderr
    assert "SCRIBE_CLASSIFIER_ID is not set" in done.stderr
