"""`classify --output` writes tables, in bounded memory, and goes on after interruptions."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro
import pandas as pd
import pytest
from astropy.table import Table

from tests.support import alert_messages
from tests.support.stopwatch import AMPLE
from tests.support.worker import FAUST, clean_environment, command

COUNT, OBJECTS = 2000, 700
# The most by which the memory for COUNT alerts may exceed that for a tenth of them.
MIB = 15


def copies(path: Path, count: int) -> Iterator[dict[str, Any]]:
    _, alerts = alert_messages.records(path)
    for number in range(count):
        one = alerts[number % len(alerts)]
        yield one | {"candid": str(10**15 + number), "aid": f"AL{number % OBJECTS}"}


@pytest.fixture(scope="module")
def night(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `few.avro` and `many.avro`, of real alerts with other names."""
    folder = tmp_path_factory.mktemp("night")
    real = shared_data / "ztf_sorting_hat.avro"
    schema, _ = alert_messages.records(real)
    for name, count in {"few": COUNT // 10, "many": COUNT}.items():
        with (folder / f"{name}.avro").open("wb") as file:
            fastavro.writer(file, schema, copies(real, count))
    return folder


def classifying(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*FAUST, "classify", "--survey", "ZTF", *arguments],
        cwd=cwd,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def peak_mib(*arguments: str, cwd: Path) -> float:
    """Return the most memory that a classification takes."""
    process = classifying(*arguments, cwd=cwd)
    assert process.stdout
    assert process.stderr
    with process.stdout, process.stderr:
        errors = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, errors
    return used.ru_maxrss / 1024


def test_memory_does_not_grow_with_the_number_of_alerts(night: Path, tmp_path: Path) -> None:
    few, many = (
        peak_mib("--output", f"{name}.fits", str(night / f"{name}.avro"), cwd=tmp_path)
        for name in ("few", "many")
    )
    assert many < few + MIB
    assert len(Table.read(tmp_path / "many.fits")) == OBJECTS


def test_a_real_night_in_pandas_and_astropy(
    classified: dict[str, dict[str, Any]], model: Path, shared_data: Path, tmp_path: Path
) -> None:
    for name in ("night.parquet", "night.fits"):
        done = command(
            *("classify", "--survey", "ZTF", "--every-alert", "--model", str(model)),
            *("--output", name, str(shared_data / "ztf_sorting_hat.avro")),
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout == ""
        assert done.stderr.endswith(f"{name} has {len(classified)} results.\n")
    frame = pd.read_parquet(tmp_path / "night.parquet")
    assert list(frame["candid"]) == list(classified)
    assert list(frame["class_name"]) == [row["class_name"] or "" for row in classified.values()]
    table = Table.read(tmp_path / "night.fits")
    assert list(table["candid"]) == list(classified)
    for name in alert_messages.CLASSES:
        expected = [row["probabilities"][name] for row in classified.values()]
        assert list(frame[f"probability_{name}"]) == expected
        assert list(table[f"probability_{name}"]) == expected
    assert str(table["ra"].unit) == "deg"


@pytest.mark.parametrize(
    ("every_alert", "signals"),
    [(True, (signal.SIGINT, signal.SIGKILL)), (False, (signal.SIGTERM,))],
)
def test_an_interrupted_or_killed_run_goes_on_with_every_alert_once(
    every_alert: bool, signals: tuple[signal.Signals, ...], night: Path, tmp_path: Path
) -> None:
    options = ("--every-alert",) if every_alert else ()
    arguments = (*options, "--resume", "--output", "night.csv", str(night / "many.avro"))
    journal, rows = tmp_path / ".night.csv.unfinished", 0
    for signum in signals:
        with classifying(*arguments, cwd=tmp_path) as process:
            size = journal.stat().st_size if journal.exists() else 0
            deadline = time.monotonic() + AMPLE
            while not journal.exists() or journal.stat().st_size <= size + 1000:
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < deadline
                time.sleep(0.01)
            process.send_signal(signum)
            _, errors = process.communicate(timeout=AMPLE)
        if signum is signal.SIGKILL:
            continue
        assert process.returncode == 1
        said = re.search(
            r"^night\.csv has (\d+) results so far; --resume goes on with the others\.$",
            errors,
            re.M,
        )
        assert said, errors
        assert rows < int(said[1]) == len(pd.read_csv(tmp_path / "night.csv"))
        rows = int(said[1])
    done = command("classify", "--survey", "ZTF", *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"\n{COUNT} alerts: " in f"\n{done.stderr}"
    found = pd.read_csv(tmp_path / "night.csv", dtype={"candid": str, "aid": str})
    assert f"night.csv has {len(found)} results." in done.stderr
    assert list(tmp_path.iterdir()) == [tmp_path / "night.csv"]
    assert found["candid"].is_unique
    assert found["candid"].is_monotonic_increasing
    assert len(found) == (COUNT if every_alert else OBJECTS)
    assert found["aid"].nunique() == OBJECTS
