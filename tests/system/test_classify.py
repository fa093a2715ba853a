"""`classify` and `import-model` on real alerts, against ALeRCE's own answers."""

from __future__ import annotations

import gzip
import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fastavro
import pytest

from tests.support import alert_messages
from tests.support.archives import tar
from tests.support.stopwatch import AMPLE
from tests.support.terminal import on_terminal
from tests.support.worker import FAUST, clean_environment, command, timed

TOLERANCE = 1e-5


def rows(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def assert_parity(found: list[dict[str, Any]], shared_data: Path) -> int:
    """Compare with the reference where the network decided; return how many that were."""
    reference = alert_messages.reference(shared_data)
    by_network = [row for row in found if "solar-system" not in (row["rule"] or "")]
    for row in by_network:
        expected = reference[row["candid"]]
        for name, probability in row["probabilities"].items():
            assert abs(probability - expected[name]) < TOLERANCE, row["candid"]
    return len(by_network)


def test_every_real_alert_gets_the_probabilities_of_the_original_network(
    classified: dict[str, dict[str, Any]], shared_data: Path
) -> None:
    found = list(classified.values())
    assert len(found) == 222
    assert [row["error"] for row in found] == [None] * 222
    assert assert_parity(found, shared_data) == 209
    asteroids = [row for row in found if row["rule"] and "solar-system" in row["rule"]]
    assert len(asteroids) == 13
    for row in asteroids:
        assert row["class_name"] == "asteroid"
        assert row["probabilities"] == {n: float(n == "asteroid") for n in alert_messages.CLASSES}


def test_raw_packets_get_the_same_probabilities(model: Path, shared_data: Path) -> None:
    done = command(
        *("classify", "--json", "--every-alert", "--model", str(model)),
        str(shared_data / "ztf_raw"),
        CLASSIFIER_STRATEGY="ZTF",
    )
    assert done.returncode == 0, done.stderr
    found = rows(done.stdout)
    assert len(found) == 38
    assert assert_parity(found, shared_data) == 28


def test_the_first_alert_of_each_object_is_kept(model: Path, shared_data: Path) -> None:
    path = shared_data / "ztf_sorting_hat.avro"
    done = command(
        "classify", "--json", str(path), CLASSIFIER_STRATEGY="ztf", MODEL_PATH=str(model)
    )
    assert done.returncode == 0, done.stderr
    first: dict[str, dict[str, Any]] = {}
    for alert in alert_messages.records(path)[1]:
        earliest = first.setdefault(alert["aid"], alert)
        if alert["mjd"] < earliest["mjd"]:
            first[alert["aid"]] = alert
    assert {row["candid"] for row in rows(done.stdout)} == {a["candid"] for a in first.values()}
    assert "27 superseded" in done.stderr


def test_damaged_alerts_are_named_and_set_the_exit_code(model: Path, shared_data: Path) -> None:
    path = shared_data / "ztf_sorting_hat_unreadable.avro"
    done = command("classify", "--json", "--survey", "ZTF", "--model", str(model), str(path))
    assert done.returncode == 1
    found = rows(done.stdout)
    assert len(found) == 3
    for row in found:
        assert row["candid"]
        assert "difference stamp" in row["error"]
        assert row["probabilities"] is None
        assert row["class_name"] is None


def test_a_night_in_an_archive_is_classified_and_its_damage_named(
    model: Path, shared_data: Path, tmp_path: Path
) -> None:
    packets = {path.name: path.read_bytes() for path in sorted(shared_data.glob("ztf_raw/*"))[:5]}
    first, *others = packets
    night = tmp_path / "night.tar.gz"
    night.write_bytes(gzip.compress(tar(**packets | {first: packets[first][:-50]})))
    done = command("classify", "--json", "--survey", "ZTF", "--model", str(model), str(night))
    assert done.returncode == 1, done.stderr
    damaged, *found = rows(done.stdout)
    assert damaged["error"].startswith(f"{night}:{first}: ")
    assert [row["candid"] for row in found] == [Path(name).stem for name in others]
    assert assert_parity(found, shared_data) > 0
    assert "1 with an error" in done.stderr


def test_a_mixed_folder_is_read_by_content(model: Path, shared_data: Path, tmp_path: Path) -> None:
    packets = sorted(shared_data.glob("ztf_raw/*"))[:4]
    plain, gzipped, first, second = (path.read_bytes() for path in packets)
    (tmp_path / "a.msg").write_bytes(plain)
    (tmp_path / "b").write_bytes(gzip.compress(gzipped))
    (tmp_path / "c.bin").write_bytes(tar(one=first, two=gzip.compress(second)))
    (tmp_path / "notes.json").write_text("{}")
    arguments = ("classify", "--json", "--survey", "ZTF", "--model", str(model))
    done = command(*arguments, str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert [row["candid"] for row in rows(done.stdout)] == [path.stem for path in packets]
    done = command(*arguments, str(tmp_path / "notes.json"))
    assert done.returncode == 2
    assert "notes.json is JSON: give an Avro file, a Kafka message (.msg), a tar" in done.stderr


def test_the_table_is_for_people(model: Path, shared_data: Path) -> None:
    path = shared_data / "ztf_raw" / "1048092120315015012.avro"
    done = command("classify", "--survey", "ZTF", "--model", str(model), str(path))
    assert done.returncode == 0
    heading, line = done.stdout.splitlines()
    assert heading.split() == ["candid", "object", "class", *alert_messages.CLASSES]
    assert line.split()[:2] == ["1048092120315015012", "ZTF18abvcdqu"]


def test_a_terminal_gets_a_table_as_wide_as_it_is(model: Path, shared_data: Path) -> None:
    arguments = ("classify", "--survey", "ZTF", "--model", str(model), str(shared_data / "ztf_raw"))
    piped = command(*arguments).stdout.splitlines()
    wide = on_terminal(200, *arguments)
    assert wide == piped
    narrow = on_terminal(40, *arguments)
    assert all(len(line) <= 40 for line in narrow)
    candid, name, class_name = piped[1].split()[:3]
    assert narrow[:3] == [f"candid    {candid}", f"object    {name}", f"class     {class_name}"]


def test_a_path_that_is_not_there_is_an_error_of_usage(model: Path) -> None:
    options = ("--survey", "ZTF", "--model", str(model))
    done, seconds = timed("classify", *options, "nowhere.avro", cwd=model)
    assert done.returncode == 2
    assert "there is no nowhere.avro" in done.stderr
    # The model is not loaded for it.
    assert seconds < 4


def test_a_model_that_is_not_there_names_the_remedy(tmp_path: Path, shared_data: Path) -> None:
    path = str(shared_data / "ztf_sorting_hat.avro")
    done = command("classify", "--survey", "ZTF", "--model", "nowhere", path, cwd=tmp_path)
    assert done.returncode == 2
    assert "import-model" in done.stderr


MANY = 400


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of alerts whose pictures take a minute."""
    path = tmp_path_factory.mktemp("many") / "many.avro"
    done = command(
        *("simulate", "--survey", "ZTF", "--count", "2", "--seed", "4", "--to", str(path))
    )
    assert done.returncode == 0, done.stderr
    schema, alerts = alert_messages.records(path)
    with path.open("wb") as file:
        copies = ({**alerts[n % 2], "candid": str(10**6 + n)} for n in range(MANY))
        fastavro.writer(file, schema, copies)
    return path


@contextmanager
def classifying(*arguments: str, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*FAUST, "classify", "--survey", "ZTF", "--json", "--every-alert", *arguments],
        cwd=cwd,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_keeps_what_is_finished_and_says_how_much(
    signum: signal.Signals, many: Path, tmp_path: Path
) -> None:
    with classifying("--pictures", "album", str(many), cwd=tmp_path) as process:
        deadline = time.monotonic() + AMPLE
        while len(list(tmp_path.rglob("*.png"))) < 5:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signum)
        out, errors = process.communicate(timeout=AMPLE)
    assert process.returncode == 1
    finished = [row["candid"] for row in rows(out)]
    assert 5 <= len(finished) < MANY
    assert {path.stem for path in tmp_path.rglob("*.png")} == set(finished)
    assert f"Stopped by a signal after {len(finished)} alerts: " in errors
    assert "Traceback" not in errors


def test_a_closed_output_is_reported_with_what_is_finished(many: Path, tmp_path: Path) -> None:
    with classifying(str(many), cwd=tmp_path) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
    assert process.returncode == 1
    found = re.search(r"^Stopped because its output was closed after (\d+) alerts: ", errors, re.M)
    assert found, errors
    assert 0 < int(found[1]) <= MANY
    assert "Error" not in errors


def test_in_a_pipe_it_says_now_and_then_how_far_it_is(many: Path, tmp_path: Path) -> None:
    with classifying("--pictures", "album", str(many), cwd=tmp_path) as process:
        assert process.stderr
        line = process.stderr.readline()
    assert re.fullmatch(
        r"classifying: \d+ % read(, \d+ alerts done)?(, [\d.]+/s)?(, \d.* left)?\n", line
    )
