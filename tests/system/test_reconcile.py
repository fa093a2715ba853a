"""`reconcile` finds exactly what is missing: nothing after a worker, and whatever is taken away."""

from __future__ import annotations

import json
import random
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.support import alert_messages
from tests.support.apache_kafka import ApacheKafka
from tests.support.topics import Message, Record, create_topics, end_offsets, produce, read_all
from tests.support.worker import command, worker

KEYS = {"out": "PRODUCER_TOPIC_FORMAT", "scribe": "SCRIBE_TOPIC", "dead": "DEADLETTER_TOPIC"}
VERDICTS = ("classified", "superseded", "ruled_out", "dead_lettered")
HOUR = 3_600_000

Place = tuple[int, int]
Keep = Callable[[str, list[Message]], Iterable[Message]]


@dataclass(frozen=True, kw_only=True)
class Night:
    """A worker's settings, what it was sent, and what it published, by kind of topic."""

    kafka: ApacheKafka
    settings: dict[str, str]
    sent: dict[Place, Record]
    published: dict[str, list[Message]]
    counts: dict[str, int]

    def copied(self, keep: Keep, **changes: str) -> dict[str, str]:
        """Publish the messages that a test keeps to new topics; return settings with these."""
        unique = secrets.token_hex(4)
        names = {role: f"{role}-{unique}" for role in KEYS}
        create_topics(self.kafka.bootstrap, dict.fromkeys(names.values(), 2))
        for role, messages in self.published.items():
            kept = [
                Record(m.key, m.value, m.partition, m.headers, m.timestamp)
                for m in keep(role, messages)
            ]
            produce(self.kafka.bootstrap, names[role], kept)
        return self.settings | {KEYS[role]: name for role, name in names.items()} | changes


def stream(shared_data: Path) -> list[Record]:
    """Every real alert, the unreadable ones, and supernovae on stars, which a rule vetoes.

    Half of these have a later alert of the same object that is not ruled out.
    """
    path = shared_data / "ztf_sorting_hat.avro"
    schema, alerts = alert_messages.records(path)
    reference = alert_messages.reference(shared_data)
    likely = {c for c, found in reference.items() if max(found, key=found.__getitem__) == "SN"}
    ruled_out = []
    for number, alert in enumerate(one for one in alerts if one["candid"] in likely):
        star = alert["extra_fields"] | {"sgscore1": 0.9, "distpsnr1": 0.5}
        first = alert | {"aid": f"star-{number}", "extra_fields": star}
        later = alert | {"aid": f"star-{number}", "mjd": alert["mjd"] + 1}
        ruled_out += [first, later] if number % 2 else [first]
    return [
        *alert_messages.stream(path),
        *alert_messages.stream(shared_data / "ztf_sorting_hat_unreadable.avro"),
        *(Record(one["aid"].encode(), alert_messages.message(schema, one)) for one in ruled_out),
    ]


@pytest.fixture(scope="module")
def night(
    kafka: ApacheKafka, ztf_setup: Any, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Night:
    from tests.system.conftest import environment

    settings = environment(kafka.bootstrap, **ztf_setup.settings)
    sent = stream(shared_data)
    places = produce(kafka.bootstrap, settings["CONSUMER_TOPICS"], sent)
    with worker(settings, tmp_path_factory.mktemp("worker")) as running:
        running.wait_for(f"{len(sent)} in all")
        running.terminate()
        assert running.process.returncode == 0, running.text()
    documents = [
        json.loads(m.value or b"") for m in read_all(kafka.bootstrap, settings["METRICS_TOPIC"])
    ]
    return Night(
        kafka=kafka,
        settings=settings,
        sent=dict(zip(places, sent, strict=True)),
        published={role: read_all(kafka.bootstrap, settings[key]) for role, key in KEYS.items()},
        counts={name: sum(one[name] for one in documents) for name in VERDICTS},
    )


def reconcile(settings: dict[str, str], *arguments: str, code: int) -> dict[str, Any]:
    done = command("reconcile", "--json", *arguments, cwd=None, **settings)
    assert done.returncode == code, done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    return dict(json.loads(done.stdout))


def places(findings: Sequence[dict[str, Any]]) -> set[Place]:
    return {(one["partition"], one["offset"]) for one in findings}


def source(message: Message) -> Place:
    headers = dict(message.headers)
    partition, offset = (int(headers[f"source.{name}"] or b"") for name in ("partition", "offset"))
    return partition, offset


def listed(message: Message, name: str) -> set[Place]:
    """The places that a header lists as topic:partition:offset,offset;…"""
    text = (dict(message.headers).get(name) or b"").decode()
    parts = [part.split(":") for part in text.split(";") if part]
    return {(int(number), int(n)) for _, number, offsets in parts for n in offsets.split(",")}


def everything(role: str, messages: list[Message]) -> list[Message]:
    return messages


def test_after_a_worker_everything_is_accounted_for(night: Night) -> None:
    found = reconcile(night.settings, code=0)
    assert found["complete"]
    assert found["consumed"] == len(night.sent) == sum(night.counts.values())
    assert {name: found[name] for name in VERDICTS} == night.counts
    assert all(night.counts.values()), "the stream has not met every outcome"
    assert (found["missing"], found["unjudged"], found["by_key"]) == ([], [], 0)
    assert sum(found["repeats"].values()) == found["waiting"] == 0


def test_a_person_reads_it_in_lines(night: Night) -> None:
    done = command("reconcile", cwd=None, **night.settings)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == f"Consumed by {night.settings['CONSUMER_GROUP_ID']}:"
    assert lines[1].split() == ["messages", str(len(night.sent))]
    assert lines[-1] == "All of them are accounted for."


def test_exactly_what_is_taken_away_is_missing(night: Night) -> None:
    chance = random.Random(20261122)
    naming = [m for m in night.published["out"] if listed(m, "source.superseded")]
    plain = [m for m in night.published["out"] if len(m.headers) == 4]
    carrier = next(m for m in night.published["out"] if listed(m, "source.ruled_out"))
    no_command = {source(chance.choice(naming)), *map(source, chance.sample(plain, 3))}
    no_output = {source(m) for m in chance.sample(plain, 3)} - no_command
    nowhere = {source(carrier)}
    without_dead_letter = source(night.published["dead"][1])

    def keep(role: str, messages: list[Message]) -> list[Message]:
        gone = {
            "out": no_output | nowhere,
            "scribe": no_command | nowhere,
            "dead": {without_dead_letter},
        }
        return [m for m in messages if source(m) not in gone[role]]

    found = reconcile(night.copied(keep), code=1)
    lost = [m for m in night.published["out"] if source(m) in no_command | no_output | nowhere]
    expected = {place for m in lost for place in {source(m), *listed(m, "source.superseded")}}
    assert places(found["missing"]) | places(found["unjudged"]) == expected | {without_dead_letter}
    # Only messages that a vetoed alert may have superseded are undecided.
    assert places(found["unjudged"]) <= listed(carrier, "source.superseded")
    why = {place: one["why"] for one in found["missing"] for place in places([one])}
    assert all("not in the scribe" in why[place] for place in no_command - nowhere)
    assert all("not in the output" in why[place] for place in no_output - nowhere)
    assert why[source(carrier)] == "neither in the output nor in the scribe"
    assert "(stamp-damaged), and there is no dead letter" in why[without_dead_letter]
    # The vetoes that the lost prediction named are found again by the model.
    assert found["judged_again"] == len(listed(carrier, "source.ruled_out")) > 0
    assert found["ruled_out"] == night.counts["ruled_out"]
    assert found["consumed"] == len(night.sent)
    named = {one["aid"] for one in found["missing"]}
    assert named == {(night.sent[p].key or b"").decode() for p in places(found["missing"])}


def test_repeats_are_counted_and_no_loss(night: Night) -> None:
    def keep(role: str, messages: list[Message]) -> list[Message]:
        return messages + messages[:5] + messages[:2]

    found = reconcile(night.copied(keep), code=0)
    assert found["repeats"] == {"output": 7, "scribe": 7, "dead letters": 5}
    assert {name: found[name] for name in VERDICTS} == night.counts


def test_another_groups_results_are_no_evidence(night: Night) -> None:
    group = f"other-{secrets.token_hex(4)}"
    topic = night.settings["CONSUMER_TOPICS"]
    first = min(offset for partition, offset in night.sent if partition == 0)
    commit(night.kafka.bootstrap, group, {topic: {0: first + 5}})
    found = reconcile(night.settings | {"CONSUMER_GROUP_ID": group}, code=1)
    assert places(found["missing"]) <= {(0, first + n) for n in range(5)}
    assert len(found["missing"]) + found["ruled_out"] == found["consumed"] == 5
    assert found["waiting"] == len(night.sent) - 5


def test_outputs_of_an_older_version_count_by_key_and_time(night: Night) -> None:
    alone = next(m for m in night.published["scribe"] if len(m.headers) == 4)

    def keep(role: str, messages: list[Message]) -> list[Message]:
        if role == "dead":
            return messages
        kept = [m for m in messages if role == "out" or m.key != alone.key]
        return [Message(**vars(m) | {"headers": []}) for m in kept]

    found = reconcile(night.copied(keep), code=1)
    lost = {place for place, record in night.sent.items() if record.key == alone.key}
    assert places(found["missing"]) == lost
    assert found["by_key"] == found["classified"] > 0
    assert found["read"]["output"]["unnamed"] == len(night.published["out"])
    assert found["dead_lettered"] == night.counts["dead_lettered"]


def test_every_nights_topic_is_read(night: Night) -> None:
    unique = secrets.token_hex(4)
    nights = [f"night-{unique}-{date}" for date in ("20261121", "20261122")]
    decoy = f"night-{unique}-notes"
    create_topics(night.kafka.bootstrap, dict.fromkeys([*nights, decoy], 1))
    settings = night.copied(lambda role, found: found if role != "out" else [])
    for name, part in zip([*nights, decoy], _thirds(night.published["out"]), strict=True):
        produce(
            night.kafka.bootstrap,
            name,
            [Record(m.key, m.value, 0, m.headers, m.timestamp) for m in part],
        )
    settings |= {"PRODUCER_TOPIC_FORMAT": f"night-{unique}-%s"}
    found = reconcile(settings, code=1)
    assert found["read"]["output"]["topics"] == nights
    unread = _thirds(night.published["out"])[2]
    expected = {p for m in unread for p in {source(m), *listed(m, "source.superseded")}}
    assert places(found["missing"]) | places(found["unjudged"]) == expected
    assert all("not in the output" in one["why"] for one in found["missing"])


def _thirds(messages: list[Message]) -> list[list[Message]]:
    return [messages[number::3] for number in range(3)]


def test_what_was_removed_is_not_called_missing(night: Night) -> None:
    settings = night.copied(everything)
    for role in ("out", "scribe"):
        topic = settings[KEYS[role]]
        ends = end_offsets(night.kafka.bootstrap, topic)
        remove(night.kafka.bootstrap, topic, {n: end // 2 for n, end in ends.items()})
    found = reconcile(settings, code=0)
    assert found["missing"] == found["unjudged"] == []
    assert found["older"] > 50
    assert found["older"] + sum(found[name] for name in VERDICTS) == len(night.sent)
    # If the range is given explicitly, undecidable messages are no success.
    begin = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 86400))
    asked = reconcile(settings, "--from", begin, code=1)
    assert (asked["missing"], asked["older"]) == ([], found["older"])
    assert asked["read"]["scribe"]["whole_since"]


@pytest.fixture
def ahead(kafka: ApacheKafka, setup: Callable[..., dict[str, str]], shared_data: Path) -> Any:
    """Settings, and where alerts lie whose offsets are committed although no worker ran.

    Three times 12, three, two and one hours old.
    """
    settings = setup()
    now = round(time.time() * 1000)
    alerts = list(alert_messages.distinct(shared_data / "ztf_sorting_hat.avro", 1))[:36]
    old = [one._replace(timestamp=now - (3 - n // 12) * HOUR) for n, one in enumerate(alerts)]
    found = produce(kafka.bootstrap, settings["CONSUMER_TOPICS"], old)
    ends = end_offsets(kafka.bootstrap, settings["CONSUMER_TOPICS"])
    # One partition's last message is left.
    ends[0] -= 1
    topic = settings["CONSUMER_TOPICS"]
    commit(kafka.bootstrap, settings["CONSUMER_GROUP_ID"], {topic: ends})
    return settings, now, {place: n // 12 for n, place in enumerate(found)}, (0, ends[0])


def test_offsets_committed_ahead_are_found_within_their_time(ahead: Any) -> None:
    settings, now, hours, unconsumed = ahead
    found = reconcile(settings, code=1)
    assert places(found["missing"]) == set(hours) - {unconsumed}
    assert (found["consumed"], found["waiting"]) == (35, 1)
    begin, end = (
        time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now / 1000 - hours * 3600))
        for hours in (2.5, 1.5)
    )
    within = reconcile(settings, "--from", begin, "--to", end, code=1)
    middle = {place for place, hour in hours.items() if hour == 1}
    assert places(within["missing"]) == middle - {unconsumed}
    after = reconcile(settings, "--from", "2099-01-01", code=0)
    assert after["consumed"] == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"CONSUMER_GROUP_ID": "nobody"}, "CONSUMER_GROUP_ID"),
        ({"CONSUMER_TOPICS": "nothing"}, "no topic nothing: check CONSUMER_TOPICS"),
        ({"SCRIBE_SERVER": "127.0.0.1:9"}, "SCRIBE_SERVER"),
        ({"SCRIBE_TOPIC": ""}, "SCRIBE_TOPIC is not set"),
    ],
)
def test_wrong_settings_are_reported(night: Night, changes: dict[str, str], words: str) -> None:
    done = command("reconcile", cwd=None, **night.settings | changes)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) <= 3


def commit(bootstrap: str, group: str, offsets: dict[str, dict[int, int]]) -> None:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group})
    consumer.commit(
        offsets=[
            TopicPartition(topic, number, offset)
            for topic, numbers in offsets.items()
            for number, offset in numbers.items()
        ],
        asynchronous=False,
    )
    consumer.close()


def remove(bootstrap: str, topic: str, offsets: dict[int, int]) -> None:
    """Delete what lies before these offsets, as retention does."""
    places = [TopicPartition(topic, number, offset) for number, offset in offsets.items()]
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for done in admin.delete_records(places).values():
        done.result(30)
