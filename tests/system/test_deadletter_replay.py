"""Dead letters listed, shown and put back, between two Kafkas on which little is allowed."""

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
class Office:
    """Where dead letters lie, and who handles them."""

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


def test_from_the_first_look_to_the_last_replay(
    clusters: TwoClusters, model: Path, shared_data: Path, tmp_path: Path
) -> None:
    office = opened(clusters, model, shared_data, tmp_path)
    nobody_may_read_them_without_permission(office)
    they_are_listed_and_shown(office)
    an_input_that_is_read_only_is_named(office)
    a_replay_that_cannot_be_marked_is_repeated(office)
    what_is_put_back_is_the_original(office)
    what_comes_back_dead_is_not_put_back_for_ever(office)
    everything_is_accounted_for_all_the_same(office)


def opened(clusters: TwoClusters, model: Path, shared_data: Path, folder: Path) -> Office:
    settings = clusters.environment(MODEL_PATH=str(model))
    path = shared_data / "ztf_sorting_hat.avro"
    good = list(alert_messages.distinct(path, 1))[:GOOD]
    whole = good[0].value or b""
    bad = [
        *alert_messages.stream(shared_data / "ztf_sorting_hat_unreadable.avro"),
        Record(b"cut", whole[:-20_000], 2),
        Record(None, b"{}", 3, [("trace", b"\xff"), ("source.topic", b"another one")]),
    ]
    bad = [one._replace(timestamp=PAST) for one in bad]
    produce(clusters.survey.bootstrap, settings["CONSUMER_TOPICS"], good + bad)
    office = Office(clusters=clusters, settings=settings, folder=folder, bad=bad)
    office.classify(GOOD + len(bad))
    return office


def nobody_may_read_them_without_permission(office: Office) -> None:
    told = office.run("deadletters", "list", code=2)
    assert f"the producer's cluster {office.settings['PRODUCER_SERVER']} does not let user" in told
    assert "grant READ and DESCRIBE" in told
    writer, dead = office.clusters.producer.user, office.settings["DEADLETTER_TOPIC"]
    office.clusters.results.grant(writer, "READ", topic=dead)


def they_are_listed_and_shown(office: Office) -> None:
    found = office.listed()
    counts = {cause: {"all": count, "replayed": 0} for cause, count in COUNTS.items()}
    assert found["counts"] == counts
    assert all(one["replayed_at"] is None for one in found["dead_letters"])
    decodable = {one["aid"] for one in found["dead_letters"] if one["cause"] == "stamp-damaged"}
    assert decodable == {(one.key or b"").decode() for one in office.bad[:3]}
    assert office.listed("--from", "2023-11-15")["dead_letters"] == []
    assert len(office.listed("--limit", "2")["dead_letters"]) == 2
    (cut,) = office.listed("--cause", "avro-damaged")["dead_letters"]
    lines = office.run("deadletters", "list").splitlines()
    assert f"{sum(COUNTS.values()):>8}  in all" in lines
    source = cut["source"]
    name = f"{source['topic']}:{source['partition']}:{source['offset']}"
    saved = office.folder / "saved.avro"
    shown = office.run("deadletters", "show", name, "--save", str(saved))
    assert saved.read_bytes() == office.bad[3].value
    assert "unreadable   stamps" in shown
    assert ["candid", cut["candid"]] in [line.split() for line in shown.splitlines()]
    assert "what to do" in shown
    assert "no dead letter 9:9" in office.run("deadletters", "show", "9:9", code=2)


def an_input_that_is_read_only_is_named(office: Office) -> None:
    before = len(office.input())
    planned = office.run("deadletters", "replay", "--dry-run", "--cause", "stamp-damaged")
    assert "3 would be put back." in planned
    told = office.run("deadletters", "replay", "--cause", "stamp-damaged", code=2)
    survey = office.settings["CONSUMER_SERVER"]
    assert f"the consumer's cluster {survey} does not let user" in told
    assert "grant WRITE" in told
    assert (len(office.input()), office.marks()) == (before, [])


def a_replay_that_cannot_be_marked_is_repeated(office: Office) -> None:
    clusters, dead = office.clusters, office.settings["DEADLETTER_TOPIC"]
    before = len(office.input())
    clusters.survey.grant(clusters.consumer.user, "WRITE", topic=office.settings["CONSUMER_TOPICS"])
    clusters.results.withdraw(clusters.producer.user, "WRITE", topic=dead)
    until_it_holds()
    told = office.run("deadletters", "replay", "--cause", "stamp-damaged", code=2)
    assert "the producer's cluster" in told
    clusters.results.grant(clusters.producer.user, "WRITE", topic=dead)
    until_it_holds()
    # They lie on the input, but nothing says so: they are put back again rather than lost.
    assert (len(office.input()), office.marks()) == (before + 3, [])
    told = office.run("deadletters", "replay", "--cause", "stamp-damaged")
    assert "3 put back where they came from, and marked." in told
    assert (len(office.input()), len(office.marks())) == (before + 6, 3)
    told = office.run("deadletters", "replay", "--cause", "stamp-damaged")
    assert told.splitlines()[0] == "0 put back where they came from, and marked."
    assert office.listed()["counts"]["stamp-damaged"] == {"all": 3, "replayed": 3}
    assert len(office.input()) == before + 6


def what_is_put_back_is_the_original(office: Office) -> None:
    (letter,) = office.listed("--cause", "not-avro")["dead_letters"]
    place = f"{letter['partition']}:{letter['offset']}"
    office.run("deadletters", "replay", place)
    original = office.bad[4]
    (back,) = (m for m in office.input() if m.value == b"{}" and m.timestamp != PAST)
    assert (back.key, back.value) == (original.key, original.value)
    assert back.partition == original.partition == letter["source"]["partition"]
    dead = office.settings["DEADLETTER_TOPIC"]
    assert back.headers == [*(original.headers or []), ("replayed.of", f"{dead}:{place}".encode())]
    # Old as it was, the topic's retention might take it before it is consumed.
    assert abs(back.timestamp / 1000 - time.time()) < 300
    (marked,) = office.listed("--cause", "not-avro")["dead_letters"]
    assert marked["replayed_as"]["offset"] == back.offset


def what_comes_back_dead_is_not_put_back_for_ever(office: Office) -> None:
    office.classify(7)
    found = office.listed("--cause", "stamp-damaged")
    assert found["counts"]["stamp-damaged"]["all"] == 9
    assert sum(one["replay_of"] is not None for one in found["dead_letters"]) == 6
    told = office.run("deadletters", "replay", "--cause", "stamp-damaged", "--dry-run")
    assert "0 would be put back." in told
    # Of each message only the last: it was put back twice.
    told = office.run("deadletters", "replay", "--cause", "stamp-damaged", "--dry-run", "--again")
    assert "6 would be put back." in told


def everything_is_accounted_for_all_the_same(office: Office) -> None:
    clusters, settings = office.clusters, office.settings
    told = office.run("reconcile", code=2)
    assert " read its topics: grant READ" in told
    nights = settings["PRODUCER_TOPIC_FORMAT"].removesuffix("%s")
    clusters.results.grant(clusters.producer.user, "READ", topics=nights)
    clusters.results.grant(clusters.scribe.user, "READ", topic=settings["SCRIBE_TOPIC"])
    until_it_holds()
    found = json.loads(office.run("reconcile", "--json"))
    assert found["complete"]
    assert found["consumed"] == GOOD + len(office.bad) + 7
    assert found["dead_lettered"] == len(office.bad) + 7
    assert found["classified"] + found["ruled_out"] == GOOD


def until_it_holds() -> None:
    """The broker takes a moment to act on a change of permissions."""
    time.sleep(1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show",), "show takes the places"),
        (("list", "--cause", "bad-luck"), "'bad-luck' is not one of"),
        (("list", "--from", "yesterday"), "--from"),
        (("burn",), "'burn' is not one of"),
    ],
)
def test_what_is_asked_wrongly_is_told(
    tansu: str, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = command("deadletters", *arguments, cwd=tmp_path, **minimal(tansu))
    assert done.returncode == 2
    assert words in done.stderr


def test_where_nothing_was_ever_dead_there_is_nothing_to_list(tansu: str, tmp_path: Path) -> None:
    create_topics(tansu, {"quiet": 1})
    done = command("deadletters", "list", cwd=tmp_path, **minimal(tansu))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].split() == ["0", "in", "all"]
    assert "no topic quiet-deadletter: nothing was dead-lettered so far" in done.stderr
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
