"""Files of alerts to the topic of a worker, as operators publish them again."""

from __future__ import annotations

import gzip
import secrets
import signal
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support import alert_messages, atlas
from tests.support.apache_kafka import ApacheKafka
from tests.support.archives import tar
from tests.support.stopwatch import seconds_without_waiting
from tests.support.topics import create_topics, read_all, wait_for_count
from tests.support.worker import FAUST, clean_environment, command

Settings = dict[str, str]


@pytest.fixture
def target(kafka: ApacheKafka) -> Settings:
    topic = f"alerts-{secrets.token_hex(4)}"
    create_topics(kafka.bootstrap, {topic: 2})
    return {"CONSUMER_SERVER": kafka.bootstrap, "CONSUMER_TOPICS": topic}


def replay(target: Settings, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return command("replay", *map(str, arguments), cwd=None, **target)


def test_a_ztf_archive_is_published_unchanged_and_damage_is_printed(
    target: Settings, shared_data: Path, tmp_path: Path
) -> None:
    packets = {path.name: path.read_bytes() for path in sorted(shared_data.glob("ztf_raw/*"))}
    first, *_ = packets
    archived = packets | {first: packets[first][:-50], "words.avro": b"no alert"}
    night = tmp_path / "night.tar.gz"
    night.write_bytes(gzip.compress(tar(**archived)))
    done = replay(target, night)
    assert done.returncode == 1, done.stderr
    assert f"Published {len(packets) - 1} alerts in " in done.stderr
    assert f"damaged: {tmp_path}/night.tar.gz:{first}: " in done.stderr
    assert "words.avro: not an Avro object container" in done.stderr
    assert "2 files or members are damaged" in done.stderr
    assert "\x1b" not in done.stderr
    found = read_all(target["CONSUMER_SERVER"], target["CONSUMER_TOPICS"])
    assert {one.value for one in found} == set(packets.values()) - {packets[first]}
    aids = {
        one["objectId"].encode() for one in alert_messages.decoded([one.value for one in found])
    }
    assert {one.key for one in found} == aids


def test_atlas_packets_are_converted_as_the_sorting_hat_does(
    target: Settings, shared_data: Path
) -> None:
    done = replay(target, "--as-sorting-hat", shared_data / "atlas_raw")
    packets = atlas.packets(shared_data)
    found = read_all(target["CONSUMER_SERVER"], target["CONSUMER_TOPICS"])
    assert done.returncode == 0, done.stderr
    published = {one["candid"]: one for one in alert_messages.decoded([one.value for one in found])}
    assert published.keys() == packets.keys()
    for candid, packet in packets.items():
        expected = atlas.to_sorting_hat(packet)
        for name in ("oid", "pid", "mjd", "fid", "ra", "dec", "isdiffpos", "stamps"):
            assert published[candid][name] == expected[name], name
        assert published[candid]["extra_fields"] == pytest.approx(expected["extra_fields"])


def test_a_limit_and_a_rate_are_kept(target: Settings, shared_data: Path) -> None:
    path = shared_data / "ztf_sorting_hat.avro"
    done = replay(target, path, "--limit", "7", "--rate", "4")
    assert done.returncode == 0, done.stderr
    found = read_all(target["CONSUMER_SERVER"], target["CONSUMER_TOPICS"])
    _, alerts = alert_messages.records(path)
    assert sorted(one.key or b"" for one in found) == sorted(
        one["aid"].encode() for one in alerts[:7]
    )
    seconds = (max(one.timestamp for one in found) - min(one.timestamp for one in found)) / 1000
    assert seconds >= 1.3
    assert all(len(alert_messages.decoded([one.value])) == 1 for one in found)


def test_an_interrupt_ends_it_with_what_has_arrived(target: Settings, shared_data: Path) -> None:
    path = shared_data / "ztf_sorting_hat.avro"
    process = subprocess.Popen(
        [*FAUST, "replay", str(path), "--rate", "2"],
        env=clean_environment() | target,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process, ExitStack() as stack:
        stack.callback(process.kill)
        wait_for_count(target["CONSUMER_SERVER"], target["CONSUMER_TOPICS"], 2)
        process.send_signal(signal.SIGINT)
        assert seconds_without_waiting(process) < 10
        assert process.returncode == 1
        assert process.stderr
        printed = process.stderr.read()
    count = len(read_all(target["CONSUMER_SERVER"], target["CONSUMER_TOPICS"]))
    assert f"Published {count} alerts in " in printed
    assert printed.endswith("Stopped before the end of the files.\n")
    assert "Traceback" not in printed


def test_an_interrupt_before_the_first_connection_is_no_silent_end(shared_data: Path) -> None:
    # Nothing answers there, and the connection is not refused either.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = f"127.0.0.1:{silent.getsockname()[1]}"
        process = subprocess.Popen(
            [*FAUST, "replay", str(shared_data / "ztf_sorting_hat.avro")],
            env=clean_environment() | {"CONSUMER_SERVER": server, "CONSUMER_TOPICS": "alerts"},
            stderr=subprocess.PIPE,
            text=True,
        )
        with process, ExitStack() as stack:
            stack.callback(process.kill)
            assert process.stderr
            assert process.stderr.readline().startswith("Publishing alerts of 1 files to alerts")
            process.send_signal(signal.SIGINT)
            assert seconds_without_waiting(process) < 10
            printed = process.stderr.read()
    assert process.returncode == 1
    assert printed.splitlines()[0].startswith(("Nothing was published.", "Published 0 alerts in "))
    assert printed.endswith("Stopped before the end of the files.\n")
    assert "Traceback" not in printed


def test_unpublishable_alerts_are_printed(target: Settings, tmp_path: Path) -> None:
    nowhere = replay(target, tmp_path / "nowhere.avro")
    assert nowhere.returncode == 2
    assert nowhere.stderr == f"error: there is no {tmp_path}/nowhere.avro\n"
    (tmp_path / "empty").mkdir()
    assert "holds no alerts: give an Avro file" in replay(target, tmp_path / "empty").stderr
    (tmp_path / "words.avro").write_bytes(b"no alert")
    assert replay(target, tmp_path / "words.avro").returncode == 1
    away = replay(target | {"CONSUMER_SERVER": "127.0.0.1:1"}, tmp_path / "words.avro")
    assert away.returncode == 2
    assert "no program listens on that port; check CONSUMER_SERVER" in away.stderr
