"""Malicious messages on a real broker become dead letters and do not affect the others."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from itertools import zip_longest
from pathlib import Path

import pytest

from tests.support.alerts import container, record
from tests.support.apache_kafka import ApacheKafka
from tests.support.hostile import (
    CLASSIFIED,
    HostileMessage,
    containers,
    of_atlas,
    of_lsst,
    of_ztf,
)
from tests.support.lsst_packets import SCRIBE, container_messages
from tests.support.stopwatch import AMPLE
from tests.support.topics import (
    Headers,
    Message,
    Record,
    committed,
    create_topics,
    offsets_to_commit,
    produce,
    read_all,
)
from tests.support.waiting import until
from tests.support.worker import Worker, worker
from tests.system.conftest import environment

LARGEST = 8 * 2**20
LIMIT_MIB = 256.0
GOOD = [Record(f"G{n}".encode(), container(record(aid=f"G{n}"))) for n in range(60)]
LATER = [Record(f"L{n}".encode(), container(record(aid=f"L{n}"))) for n in range(60)]
YEAR_2100 = 4_102_444_800_000


@pytest.fixture
def ztf(kafka: ApacheKafka, ztf_model: Path) -> Callable[..., dict[str, str]]:
    """Settings of a worker, whose topics may be other than usual: config by role."""

    def settings(
        alerts: dict[str, str] | None = None, dead: dict[str, str] | None = None
    ) -> dict[str, str]:
        found = environment(kafka.bootstrap, CLASSIFIER_STRATEGY="ZTF", MODEL_PATH=str(ztf_model))
        for key, config in {"CONSUMER_TOPICS": alerts, "DEADLETTER_TOPIC": dead}.items():
            if config:
                found[key] = f"own-{found[key]}"
                create_topics(kafka.bootstrap, {found[key]: 1}, config)
        return found

    return settings


def sent(hostile: Iterable[HostileMessage]) -> list[Record]:
    return [Record(one.name.encode(), one.value) for one in hostile]


def memory(running: Worker, name: str) -> float:
    """Return a memory figure of the process from the kernel, in MiB."""
    status = Path("/proc", str(running.process.pid), "status").read_text()
    return next(float(line.split()[1]) for line in status.splitlines() if name in line) / 1024


def outcomes(kafka: ApacheKafka, settings: dict[str, str]) -> tuple[list[Message], set[bytes]]:
    """Return the dead letters and the keys of what was classified; all must be committed."""
    topic, group = settings["CONSUMER_TOPICS"], settings["CONSUMER_GROUP_ID"]
    assert committed(kafka.bootstrap, group, topic) == offsets_to_commit(kafka.bootstrap, topic)
    output = read_all(kafka.bootstrap, settings["PRODUCER_TOPIC_FORMAT"])
    dead = read_all(kafka.bootstrap, settings["DEADLETTER_TOPIC"])
    return dead, {message.key or b"" for message in output}


def test_each_is_dead_lettered_with_its_cause_in_little_memory(
    kafka: ApacheKafka, ztf: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    large = {"max.message.bytes": str(LARGEST)}
    settings = ztf(large, large)
    topic = settings["CONSUMER_TOPICS"]
    hostile = [*containers(), *of_ztf()]
    mixed = [one for pair in zip_longest(sent(hostile), LATER) for one in pair if one]
    produce(kafka.bootstrap, topic, GOOD)
    with worker(settings, tmp_path) as running:
        running.wait_for(f"{len(GOOD)} in all")
        before = memory(running, "VmRSS")
        Path("/proc", str(running.process.pid), "clear_refs").write_text("5")
        produce(kafka.bootstrap, topic, mixed, **{"message.max.bytes": LARGEST})
        running.wait_for(f"{len(GOOD) + len(mixed)} in all")
        grown = memory(running, "VmHWM") - before
        running.terminate()
        # A pickle that is opened ends the process.
        assert running.process.returncode == 0, running.text()
    dead, keys = outcomes(kafka, settings)
    bad = [one for one in hostile if one.outcome != CLASSIFIED]
    assert {(one.key, dict(one.headers)["error.type"]) for one in dead} == {
        (one.name.encode(), one.outcome.encode()) for one in bad
    }
    assert {(one.key, one.value or b"") for one in dead} == {
        (one.name.encode(), one.value or b"") for one in bad
    }
    assert {record.key for record in (*GOOD, *LATER)} <= keys
    assert len(keys) == len(GOOD) + len(LATER) + len(hostile) - len(bad)
    assert grown < LIMIT_MIB


def test_misleading_atlas_headers_are_dead_lettered(
    kafka: ApacheKafka, atlas_model: Path, tmp_path: Path
) -> None:
    settings = environment(
        kafka.bootstrap, CLASSIFIER_STRATEGY="ATLAS", MODEL_PATH=str(atlas_model)
    )
    hostile = list(of_atlas())
    produce(kafka.bootstrap, settings["CONSUMER_TOPICS"], sent(hostile))
    with worker(settings, tmp_path) as running:
        running.wait_for(f"{len(hostile)} in all")
        running.terminate()
        assert running.process.returncode == 0, running.text()
    dead, keys = outcomes(kafka, settings)
    assert {(one.key, dict(one.headers)["error.type"]) for one in dead} == {
        (one.name.encode(), one.outcome.encode()) for one in hostile if one.outcome != CLASSIFIED
    }
    assert len(keys) == sum(one.outcome == CLASSIFIED for one in hostile)


def test_hostile_packets_are_dead_lettered_in_little_memory(
    kafka: ApacheKafka, lsst_model: Path, tmp_path: Path
) -> None:
    settings = environment(
        kafka.bootstrap, CLASSIFIER_STRATEGY="LSST", MODEL_PATH=str(lsst_model), **SCRIBE
    )
    topic, dead_letters = "large-packets", "large-dead-letters"
    large = {"max.message.bytes": str(LARGEST)}
    create_topics(kafka.bootstrap, {topic: 1, dead_letters: 1}, large)
    settings |= {"CONSUMER_TOPICS": topic, "DEADLETTER_TOPIC": dead_letters}
    hostile = list(of_lsst())
    good = list(container_messages(60))
    produce(kafka.bootstrap, topic, good[:30])
    with worker(settings, tmp_path) as running:
        running.wait_for("30 in all")
        before = memory(running, "VmRSS")
        Path("/proc", str(running.process.pid), "clear_refs").write_text("5")
        rest = [*sent(hostile), *good[30:]]
        produce(kafka.bootstrap, topic, rest, **{"message.max.bytes": LARGEST})
        running.wait_for(f"{30 + len(rest)} in all")
        grown = memory(running, "VmHWM") - before
        running.terminate()
        assert running.process.returncode == 0, running.text()
    dead, keys = outcomes(kafka, settings)
    bad = [one for one in hostile if one.outcome != CLASSIFIED]
    assert {(one.key, dict(one.headers)["error.type"], one.value) for one in dead} == {
        (one.name.encode(), one.outcome.encode(), one.value) for one in bad
    }
    assert {record.key for record in good} <= keys
    assert grown < LIMIT_MIB


NOISE = b"x" * 1_000_000
MANY: Headers = [(f"header-{n}", b"v" * 50) for n in range(5000)]
ENVELOPES = {
    "neither key nor value": Record(None, None, 0, [("error.type", b"forged"), ("h", None)]),
    "thousands of headers": Record(b"many", None, 0, MANY),
    "a header of a megabyte": Record(b"large", b"x", 0, [("h", NOISE)]),
    "a key of a megabyte": Record(NOISE, b"x", 0, []),
    "a value of a megabyte": Record(b"full", NOISE, 0, []),
    "a timestamp in the future": Record(b"future", b"x", 0, [], YEAR_2100),
    "all of it": Record(b"all", NOISE, 0, [], YEAR_2100),
}


def test_messages_with_any_key_headers_and_timestamp_are_dead_lettered(
    kafka: ApacheKafka, ztf: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    # Just not enough for a message of a megabyte with all that a dead letter is given.
    settings = ztf({"message.timestamp.after.max.ms": str(2**62)}, {"max.message.bytes": "1000250"})
    envelopes = list(ENVELOPES.values())
    limit = {"message.max.bytes": LARGEST}
    produce(kafka.bootstrap, settings["CONSUMER_TOPICS"], [*envelopes, *GOOD], **limit)
    with worker(settings, tmp_path) as running:
        running.wait_for(f"{len(envelopes) + len(GOOD)} in all")
        running.terminate()
        assert running.process.returncode == 0, running.text()
    dead, keys = outcomes(kafka, settings)
    assert keys == {record.key for record in GOOD}
    by_key = {one.key: one for one in dead}
    assert len(dead) == len(by_key) == len(envelopes)
    for envelope in envelopes:
        found = by_key[envelope.key]
        own = envelope.headers or []
        assert found.value == (envelope.value or b"") or envelope.value is None
        assert found.headers[: len(own)] == own
        ours = dict(found.headers[len(own) :])
        assert ours["error.type"] == (b"not-avro" if envelope.value else b"empty")
        assert ours["source.topic"] == settings["CONSUMER_TOPICS"].encode()
        if envelope.timestamp:
            assert ours["source.timestamp"] == str(YEAR_2100).encode()
    assert "error.message" not in dict(by_key[b"full"].headers)
    assert "error.message" in dict(by_key[b"future"].headers)


def test_a_dead_letter_that_is_refused_says_what_to_do(
    kafka: ApacheKafka, ztf: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    settings = ztf(None, {"max.message.bytes": "10000"})
    produce(kafka.bootstrap, settings["CONSUMER_TOPICS"], [Record(b"k", b"x" * 20_000)])
    with worker(settings, tmp_path) as running:
        running.wait_for("Worker ready")
        assert running.exit_code(30) == 1
        last = running.text().splitlines()[-1]
    dead = settings["DEADLETTER_TOPIC"]
    assert f"refuses 1 message for {dead}: MessageSizeTooLarge" in last
    assert f"raise max.message.bytes of the topic {dead}: a message has 20" in last
    group = settings["CONSUMER_GROUP_ID"]
    assert not committed(kafka.bootstrap, group, settings["CONSUMER_TOPICS"])


def test_an_unreadable_header_is_reported_with_what_to_do(
    kafka: ApacheKafka, ztf: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    settings = ztf()
    topic, group = settings["CONSUMER_TOPICS"], settings["CONSUMER_GROUP_ID"]
    produce(kafka.bootstrap, topic, [one._replace(partition=0) for one in GOOD])
    everything = {0: len(GOOD)}
    with worker(settings, tmp_path) as running:
        # What is not committed when the worker stops is consumed again.
        until(lambda: committed(kafka.bootstrap, group, topic) == everything, AMPLE, running.text)
        subprocess.run(
            [sys.executable, "-m", "tests.support.non_utf8_header", kafka.bootstrap, topic],
            cwd=Path(__file__).parents[2],
            env=os.environ | {"AIOKAFKA_NO_EXTENSIONS": "1"},
            check=True,
        )
        assert running.exit_code(AMPLE) == 1
        last = running.text().splitlines()[-1]
    assert f"a message on {topic} has a header whose name is not UTF-8" in last
    assert f"group {group} past the message" in last
    assert committed(kafka.bootstrap, group, topic) == everything
