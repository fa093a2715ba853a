"""`simulate` writes files, publishes to Apache Kafka, and can be interrupted."""

from __future__ import annotations

import csv
import json
import os
import re
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import alert_messages
from tests.support.apache_kafka import ApacheKafka
from tests.support.ports import free_ports
from tests.support.stopwatch import AMPLE
from tests.support.topics import create_topics, end_offsets, read_all, wait_for_count
from tests.support.worker import FAUST, clean_environment, command

SEEDED = ("--seed", "7", "--count", "12")


@contextmanager
def simulating(*arguments: str, cwd: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Run `simulate` in a new process group, as a terminal does."""
    process = subprocess.Popen(
        [*FAUST, "simulate", *arguments],
        cwd=cwd,
        env=clean_environment() | environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def eventually(condition: Callable[[], object], within: float = AMPLE) -> bool:
    deadline = time.monotonic() + within
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return bool(condition())


def processes_of(group: int) -> int:
    """Return how many processes of a group run."""
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            state, _, found = (process / "stat").read_text().rsplit(")", 1)[1].split()[:3]
        except OSError:
            continue
        count += int(found) == group and state != "Z"
    return count


@pytest.fixture
def models(ztf_model: Path, atlas_model: Path, lsst_model: Path) -> dict[str, Path]:
    return {"ZTF": ztf_model, "ATLAS": atlas_model, "LSST": lsst_model}


@pytest.mark.parametrize("survey", ["ZTF", "ATLAS", "LSST"])
def test_what_is_written_is_classified_and_labelled(
    survey: str, models: dict[str, Path], tmp_path: Path
) -> None:
    done = command("simulate", "--survey", survey, *SEEDED, "--to", "sky.avro", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(
        f"Writing 12 {survey} alerts of seed 7 to sky.avro, their classes to sky.avro.labels.csv\n"
    )
    with (tmp_path / "sky.avro.labels.csv").open() as file:
        labels = {row["candid"]: row["label"] for row in csv.DictReader(file)}
    options = ("--survey", survey, "--model", str(models[survey]), "--json", "--every-alert")
    done = command("classify", *options, "sky.avro", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["candid"] for row in rows] == list(labels)
    assert len(rows) == 12
    assert set(labels.values()) <= set(rows[0]["probabilities"])


def test_a_seed_makes_the_same_alerts_for_files_and_topics(
    kafka: ApacheKafka, tmp_path: Path
) -> None:
    first, second = (f"{name}-{secrets.token_hex(4)}" for name in ("first", "second"))
    create_topics(kafka.bootstrap, {first: 4, second: 1})
    done = command("simulate", "--survey", "ZTF", *SEEDED, "--to", "sky.avro", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    done = command(
        *("simulate", "--survey", "ZTF", *SEEDED, "--rate", "100"),
        cwd=tmp_path,
        CONSUMER_SERVER=kafka.bootstrap,
        CONSUMER_TOPICS=f"{first},{second}",
    )
    assert done.returncode == 0, done.stderr
    assert f"to {first}, the first of 2 CONSUMER_TOPICS, on {kafka.bootstrap}" in done.stderr
    assert "Published 12 alerts in " in done.stderr
    messages = read_all(kafka.bootstrap, first)
    published = alert_messages.decoded([message.value for message in messages])
    assert [message.key for message in messages] == [one["aid"].encode() for one in published]
    now = time.time() / 86400 + 40587
    assert all(now - 0.01 < one["mjd"] < now for one in published)
    _, written = alert_messages.records(tmp_path / "sky.avro")
    timeless = {"mjd", "extra_fields"}

    def by_candid(records: list[dict[str, object]]) -> dict[object, dict[str, object]]:
        return {
            one["candid"]: {name: one[name] for name in one if name not in timeless}
            for one in records
        }

    assert by_candid(published) == by_candid(written)
    assert end_offsets(kafka.bootstrap, second) == {0: 0}


def test_packets_are_published_in_wire_format_by_the_schema_of_a_version(
    kafka: ApacheKafka, tmp_path: Path
) -> None:
    topic = f"packets-{secrets.token_hex(4)}"
    create_topics(kafka.bootstrap, {topic: 1})
    settings = {"CONSUMER_SERVER": kafka.bootstrap, "CONSUMER_TOPICS": topic}
    for schema in ((), ("--schema", "7.4")):
        arguments = ("--survey", "LSST", "--count", "2", "--seed", "7", *schema)
        done = command("simulate", *arguments, cwd=tmp_path, **settings)
        assert done.returncode == 0, done.stderr
    messages = read_all(kafka.bootstrap, topic)
    heads = [(message.value or b"")[:5] for message in messages]
    assert heads == [b"\0" + number.to_bytes(4, "big") for number in (1000, 1000, 704, 704)]
    assert [message.key for message in messages] == [
        *(b"9000000007000000000", b"9000000007000000001"),
        *(b"9000000007000000000", b"9000000007000000001"),
    ]


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_an_endless_stream_and_every_alert_is_accounted_for(
    signum: signal.Signals, kafka: ApacheKafka, tmp_path: Path
) -> None:
    topic = f"endless-{secrets.token_hex(4)}"
    create_topics(kafka.bootstrap, {topic: 2})
    environment = {"CONSUMER_SERVER": kafka.bootstrap, "CONSUMER_TOPICS": topic}
    with simulating("--survey", "ZTF", "--rate", "30", cwd=tmp_path, **environment) as process:
        wait_for_count(kafka.bootstrap, topic, 20)
        # Ctrl-C at a terminal reaches every process of the group.
        (os.killpg if signum is signal.SIGINT else os.kill)(process.pid, signum)
        _, errors = process.communicate(timeout=AMPLE)
    assert process.returncode == 0, errors
    first, *progress, last = errors.splitlines()
    assert all(re.fullmatch(r"publishing: \d+/\?(, [\d.]+/s)?", line) for line in progress)
    assert re.match(rf"Publishing endless ZTF alerts of seed \d+ to {topic}, on ", first)
    total = re.match(r"Published (\d+) alerts? in [\d.]+ s \([\d.]+ per second\)\.$", last)
    assert total, errors
    assert int(total[1]) == sum(end_offsets(kafka.bootstrap, topic).values()) >= 20
    assert eventually(lambda: not processes_of(process.pid))


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_file_that_is_interrupted_has_what_was_finished(
    signum: signal.Signals, tmp_path: Path
) -> None:
    arguments = ("--survey", "ZTF", "--count", "100000", "--to", "sky.avro")
    with simulating(*arguments, cwd=tmp_path) as process:
        assert process.stderr
        first, progress = process.stderr.readline(), process.stderr.readline()
        (os.killpg if signum is signal.SIGINT else os.kill)(process.pid, signum)
        # A figure that was due before the signal may still come.
        last = process.communicate(timeout=AMPLE)[1].splitlines()[-1]
    assert process.returncode == 1
    assert first.startswith("Writing 100000 ZTF alerts of seed ")
    # The rate and the time that is left are shown once they are known.
    assert re.fullmatch(r"simulating: \d+/100000(, [\d.]+/s, \d.* left)?\n", progress)
    said = re.fullmatch(
        r"Stopped: sky\.avro has the (\d+) of 100000 alerts that were finished;"
        r" --resume goes on with the others\.",
        last,
    )
    assert said, last
    _, alerts = alert_messages.records(tmp_path / "sky.avro")
    with (tmp_path / "sky.avro.labels.csv").open() as file:
        labels = [row["candid"] for row in csv.DictReader(file)]
    assert labels == [one["candid"] for one in alerts]
    assert len(labels) == int(said[1]) >= int(re.findall(r"\d+", progress)[0]) > 0
    assert len(list(tmp_path.iterdir())) == 2


def test_an_interrupted_and_a_killed_file_go_on_with_the_same_alerts(tmp_path: Path) -> None:
    options = ("--survey", "ZTF", "--count", "60")
    resumed = ("--to", "sky.avro", "--resume")
    draft = tmp_path / ".sky.avro.labels.csv.draft"

    def drafted() -> int:
        try:
            return draft.read_bytes().count(b"\n")
        except FileNotFoundError:
            return 0

    with simulating(*options, "--seed", "7", *resumed, cwd=tmp_path) as process:
        assert eventually(lambda: drafted() > 10)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=AMPLE)
    assert process.returncode == 1
    finished = (tmp_path / "sky.avro.labels.csv").read_bytes().count(b"\n")
    # Without the seed, it is that of the file.
    with simulating(*options, *resumed, cwd=tmp_path) as process:
        assert eventually(lambda: drafted() > finished)
        process.kill()
    done = command("simulate", *options, *resumed, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.match(
        r"Writing 60 ZTF alerts of seed 7 to sky\.avro, after the \d+ that", done.stderr
    )
    done = command("simulate", *options, "--seed", "7", "--to", "once.avro", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found, expected = (
        (
            alert_messages.records(tmp_path / f"{name}.avro")[1],
            (tmp_path / f"{name}.avro.labels.csv").read_bytes(),
        )
        for name in ("sky", "once")
    )
    assert found == expected
    assert len(found[0]) == 60
    assert len(list(tmp_path.iterdir())) == 4


def test_nothing_is_left_of_a_file_that_is_interrupted_before_the_first_alert(
    tmp_path: Path,
) -> None:
    arguments = ("--survey", "ZTF", "--count", "100000", "--to", "sky.avro")
    with simulating(*arguments, cwd=tmp_path) as process:
        assert eventually((tmp_path / ".sky.avro.draft").exists)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=AMPLE)
    assert process.returncode == 1
    assert errors.endswith("Stopped: nothing was written.\n")
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


def test_a_killed_command_leaves_no_process_behind(tmp_path: Path) -> None:
    arguments = ("--survey", "ZTF", "--count", "100000", "--to", "sky.avro")
    with simulating(*arguments, cwd=tmp_path) as process:
        # The one that draws is the third, after that and the tracker of what they share.
        assert eventually(lambda: processes_of(process.pid) > 2)
        process.kill()
        process.wait()
        assert eventually(lambda: not processes_of(process.pid))


def test_a_lost_cluster_is_reported_with_the_alerts_published(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    server = f"127.0.0.1:{port}"
    environment = {
        "CONSUMER_SERVER": server,
        "CONSUMER_TOPICS": "alerts",
        "PRODUCER_IDEMPOTENCE": "false",
        "DELIVERY_TIMEOUT": "1",
    }
    with subprocess.Popen(
        [*FAUST, "broker", "--port", str(port)], stdout=subprocess.PIPE, text=True
    ) as broker:
        try:
            assert broker.stdout
            assert "Broker ready" in broker.stdout.readline()
            create_topics(server, {"alerts": 1})
            with simulating("--survey", "ZTF", "--rate", "20", cwd=tmp_path, **environment) as one:
                assert eventually(lambda: sum(end_offsets(server, "alerts").values()))
                broker.terminate()
                _, errors = one.communicate(timeout=AMPLE)
        finally:
            broker.kill()
    assert one.returncode == 1
    assert re.search(r"^Published [1-9]\d* alerts? in .* sent, but not confirmed\.$", errors, re.M)
    assert errors.splitlines()[-1].startswith(f"error: the consumer's cluster {server} has not")
    assert "Traceback" not in errors


def test_a_topic_needs_settings_and_a_cluster(tmp_path: Path) -> None:
    done = command("simulate", "--survey", "ZTF", "--count", "1", cwd=tmp_path)
    assert done.returncode == 2
    assert "CONSUMER_SERVER is not set" in done.stderr
    assert "CONSUMER_TOPICS is not set" in done.stderr
    assert "PRODUCER_TOPIC_FORMAT" not in done.stderr
    (port,) = free_ports(1)
    away = {"CONSUMER_SERVER": f"127.0.0.1:{port}", "CONSUMER_TOPICS": "alerts"}
    done = command("simulate", "--survey", "ZTF", "--count", "1", cwd=tmp_path, **away)
    assert done.returncode == 2
    assert "error: the consumer's cluster 127.0.0.1:" in done.stderr
    assert "no program listens on that port; check CONSUMER_SERVER" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--survey", "TOY"), "'TOY' is not one of 'ztf', 'atlas', 'lsst'"),
        (("--survey", "LSST", "--schema", "10"), "--schema is '10': give a version such as 10.0"),
        (("--survey", "ZTF", "--to", "sky.avro"), "--to needs --count"),
        (("--survey", "ZTF", "--count", "1", "--to", "no/sky.avro"), "no is no folder"),
    ],
)
def test_impossible_requests_are_reported(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    done = command("simulate", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert list(tmp_path.iterdir()) == []
