"""Dead letters are listed, shown and replayed, between two clusters with few permissions."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support import alert_messages
from tests.support.topics import Message, Record, create_topics, produce, read_all
from tests.support.two_clusters import TwoClusters
from tests.support.worker import command, worker

GOOD = 12
PAST = 1_700_000_000_123
COUNTS = {"not-avro": 1, "avro-damaged": 1, "stamp-damaged": 3}


@dataclass(frozen=True, kw_only=True)
class DeadLetterSetup:
    """The clusters and settings of the tests of dead letters."""

    clusters: TwoClusters
    settings: dict[str, str]
    folder: Path
    bad: list[Record]

    def run(self, *arguments: str, code: int = 0) -> str:
        done = command(*arguments, cwd=self.folder, **self.settings)
        assert done.returncode == code, done.stderr + done.stdout
        assert "Traceback" not in done.stderr
        for secret in self.clusters.passwords:
            assert secret not in done.stdout + done.stderr
        return done.stdout if code == 0 else done.stderr

    def listed(self, *arguments: str) -> dict[str, Any]:
        return dict(json.loads(self.run("deadletters", "list", "--json", *arguments)))

    def classify(self, count: int) -> None:
        """Let a worker consume so many more messages."""
        with worker(self.settings, self.folder) as running:
            running.wait_for(f"{count} in all")
            running.terminate()
            assert running.process.returncode == 0, running.text()

    def input(self) -> list[Message]:
        return read_all(self.clusters.survey.bootstrap, self.settings["CONSUMER_TOPICS"])

    def marks(self) -> list[Message]:
        dead = read_all(self.clusters.results.bootstrap, self.settings["DEADLETTER_TOPIC"])
        return [message for message in dead if "replayed.at" in dict(message.headers)]


def test_dead_letters_are_listed_shown_and_replayed(
    clusters: TwoClusters, model: Path, shared_data: Path, tmp_path: Path
) -> None:
    setup = start_worker(clusters, model, shared_data, tmp_path)
    reading_needs_permission(setup)
    they_are_listed_and_shown(setup)
    an_input_that_is_read_only_is_named(setup)
    a_replay_that_cannot_be_marked_is_repeated(setup)
    what_is_put_back_is_the_original(setup)
    what_comes_back_dead_is_not_put_back_for_ever(setup)
    everything_is_accounted_for_all_the_same(setup)


def start_worker(
    clusters: TwoClusters, model: Path, shared_data: Path, folder: Path
) -> DeadLetterSetup:
    settings = clusters.environment(MODEL_PATH=str(model))
    path = shared_data / "ztf_sorting_hat.avro"
    good = list(alert_messages.distinct(path, 1))[:GOOD]
    whole = good[0].value or b""
    bad = [
        *alert_messages.stream(shared_data / "ztf_sorting_hat_unreadable.avro"),
        Record(b"cut", whole[:-20_000], 2),
        Record(None, b"{}", 3, [("trace", b"\xff"), ("source.topic", b"another one")]),
    ]
    # The later in its partition, the older.
    bad = [one._replace(timestamp=PAST - number) for number, one in enumerate(bad)]
    produce(clusters.survey.bootstrap, settings["CONSUMER_TOPICS"], good + bad)
    setup = DeadLetterSetup(clusters=clusters, settings=settings, folder=folder, bad=bad)
    setup.classify(GOOD + len(bad))
    return setup


def reading_needs_permission(setup: DeadLetterSetup) -> None:
    printed = setup.run("deadletters", "list", code=2)
    assert (
        f"the producer's cluster {setup.settings['PRODUCER_SERVER']} does not let user" in printed
    )
    assert "grant READ and DESCRIBE" in printed
    writer, dead = setup.clusters.producer.user, setup.settings["DEADLETTER_TOPIC"]
    setup.clusters.results.grant(writer, "READ", topic=dead)


def they_are_listed_and_shown(setup: DeadLetterSetup) -> None:
    found = setup.listed()
    counts = {cause: {"all": count, "replayed": 0} for cause, count in COUNTS.items()}
    assert found["counts"] == counts
    assert all(one["replayed_at"] is None for one in found["dead_letters"])
    offsets = [(one["partition"], one["offset"]) for one in found["dead_letters"]]
    assert offsets == sorted(offsets)
    decodable = {one["aid"] for one in found["dead_letters"] if one["cause"] == "stamp-damaged"}
    assert decodable == {(one.key or b"").decode() for one in setup.bad[:3]}
    assert setup.listed("--from", "2023-11-15")["dead_letters"] == []
    assert len(setup.listed("--limit", "2")["dead_letters"]) == 2
    (cut,) = setup.listed("--cause", "avro-damaged")["dead_letters"]
    lines = setup.run("deadletters", "list").splitlines()
    assert f"{sum(COUNTS.values()):>8}  in all" in lines
    source = cut["source"]
    name = f"{source['topic']}:{source['partition']}:{source['offset']}"
    saved = setup.folder / "saved.avro"
    shown = setup.run("deadletters", "show", name, "--save", str(saved))
    assert saved.read_bytes() == setup.bad[3].value
    assert "unreadable   stamps" in shown
    assert ["candid", cut["candid"]] in [line.split() for line in shown.splitlines()]
    assert "what to do" in shown
    assert "no dead letter 9:9" in setup.run("deadletters", "show", "9:9", code=2)


def an_input_that_is_read_only_is_named(setup: DeadLetterSetup) -> None:
    before = len(setup.input())
    planned = setup.run("deadletters", "replay", "--dry-run", "--cause", "stamp-damaged")
    assert "3 would be replayed." in planned
    assert "stamp-damaged (3): Ask the survey" in planned
    assert "a replay would fail again" in planned
    printed = setup.run("deadletters", "replay", "--cause", "stamp-damaged", code=2)
    survey = setup.settings["CONSUMER_SERVER"]
    assert f"the consumer's cluster {survey} does not let user" in printed
    assert "grant WRITE" in printed
    assert (len(setup.input()), setup.marks()) == (before, [])


def a_replay_that_cannot_be_marked_is_repeated(setup: DeadLetterSetup) -> None:
    clusters, dead = setup.clusters, setup.settings["DEADLETTER_TOPIC"]
    before = len(setup.input())
    clusters.survey.grant(clusters.consumer.user, "WRITE", topic=setup.settings["CONSUMER_TOPICS"])
    clusters.results.withdraw(clusters.producer.user, "WRITE", topic=dead)
    printed = setup.run("deadletters", "replay", "--cause", "stamp-damaged", code=2)
    assert "the producer's cluster" in printed
    clusters.results.grant(clusters.producer.user, "WRITE", topic=dead)
    # They are on the input topic, but not marked: they are replayed again rather than lost.
    assert (len(setup.input()), setup.marks()) == (before + 3, [])
    printed = setup.run("deadletters", "replay", "--cause", "stamp-damaged")
    assert "3 replayed to their original topics and marked." in printed
    assert (len(setup.input()), len(setup.marks())) == (before + 6, 3)
    printed = setup.run("deadletters", "replay", "--cause", "stamp-damaged")
    assert printed.splitlines()[0] == "0 replayed to their original topics and marked."
    assert setup.listed()["counts"]["stamp-damaged"] == {"all": 3, "replayed": 3}
    assert len(setup.input()) == before + 6


def what_is_put_back_is_the_original(setup: DeadLetterSetup) -> None:
    (letter,) = setup.listed("--cause", "not-avro")["dead_letters"]
    place = f"{letter['partition']}:{letter['offset']}"
    setup.run("deadletters", "replay", place)
    original = setup.bad[4]
    (back,) = (m for m in setup.input() if m.value == b"{}" and m.timestamp > PAST)
    assert (back.key, back.value) == (original.key, original.value)
    assert back.partition == original.partition == letter["source"]["partition"]
    dead = setup.settings["DEADLETTER_TOPIC"]
    assert back.headers == [*(original.headers or []), ("replayed.of", f"{dead}:{place}".encode())]
    # Old as it was, the topic's retention might take it before it is consumed.
    assert abs(back.timestamp / 1000 - time.time()) < 300
    (marked,) = setup.listed("--cause", "not-avro")["dead_letters"]
    assert marked["replayed_as"]["offset"] == back.offset


def what_comes_back_dead_is_not_put_back_for_ever(setup: DeadLetterSetup) -> None:
    setup.classify(7)
    found = setup.listed("--cause", "stamp-damaged")
    assert found["counts"]["stamp-damaged"]["all"] == 9
    assert sum(one["replay_of"] is not None for one in found["dead_letters"]) == 6
    printed = setup.run("deadletters", "replay", "--cause", "stamp-damaged", "--dry-run")
    assert "0 would be replayed." in printed
    # Only the last dead letter of each message: it was replayed twice.
    printed = setup.run("deadletters", "replay", "--cause", "stamp-damaged", "--dry-run", "--again")
    assert "6 would be replayed." in printed


def everything_is_accounted_for_all_the_same(setup: DeadLetterSetup) -> None:
    clusters, settings = setup.clusters, setup.settings
    printed = setup.run("reconcile", code=2)
    assert " read the topics " in printed
    assert "grant READ" in printed
    nights = settings["PRODUCER_TOPIC_FORMAT"].removesuffix("%s")
    clusters.results.grant(clusters.producer.user, "READ", topics=nights)
    clusters.results.grant(clusters.scribe.user, "READ", topic=settings["SCRIBE_TOPIC"])
    found = json.loads(setup.run("reconcile", "--json"))
    assert found["complete"]
    assert found["consumed"] == GOOD + len(setup.bad) + 7
    assert found["dead_lettered"] == len(setup.bad) + 7
    assert found["classified"] + found["ruled_out"] == GOOD


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show",), "show needs the places"),
        (("list", "--cause", "bad-luck"), "'bad-luck' is not one of"),
        (("list", "--from", "yesterday"), "--from"),
        (("burn",), "'burn' is not one of"),
    ],
)
def test_wrong_arguments_are_reported(
    tansu: str, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = command("deadletters", *arguments, cwd=tmp_path, **minimal(tansu))
    assert done.returncode == 2
    assert words in done.stderr


def test_without_a_dead_letter_topic_nothing_is_listed(tansu: str, tmp_path: Path) -> None:
    create_topics(tansu, {"quiet": 1})
    done = command("deadletters", "list", cwd=tmp_path, **minimal(tansu))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].split() == ["0", "in", "all"]
    assert "no topic quiet-deadletter: there are no dead letters yet" in done.stderr
    off = minimal(tansu) | {"DEADLETTER_TOPIC": ""}
    done = command("deadletters", "list", cwd=tmp_path, **off)
    assert done.returncode == 2
    assert "DEADLETTER_TOPIC is empty" in done.stderr


def minimal(bootstrap: str) -> dict[str, str]:
    return {
        "CLASSIFIER_STRATEGY": "ZTF",
        "CONSUMER_SERVER": bootstrap,
        "CONSUMER_TOPICS": "quiet",
        "CONSUMER_GROUP_ID": "quiet",
        "PRODUCER_TOPIC_FORMAT": "quiet-out",
        "SCRIBE_TOPIC": "quiet-scribe",
        "METRICS_TOPIC": "quiet-metrics",
    }
