"""`make demo` as a person sees it: a process, its lines, and that nothing is left behind."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

DEMO = [sys.executable, "-m", "stampapp.demo"]
ROW = re.compile(
    r"^\d\d:\d\d:\d\d (?P<aid>\S+) +(?P<class>AGN|SN|VS|asteroid|bogus) ", re.MULTILINE
)
TIMEOUT = 120.0


@contextmanager
def demo(cwd: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*DEMO, *arguments], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def first_row(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return next(line for line in process.stdout if ROW.match(line))


def programs_in(folder: Path) -> list[int]:
    """Processes whose working directory lies in the folder: the demo's worker does."""
    return [
        int(process.name)
        for process in Path("/proc").glob("[0-9]*")
        if _working_directory(process).is_relative_to(folder)
    ]


def _working_directory(process: Path) -> Path:
    try:
        return (process / "cwd").readlink()
    except OSError:
        return Path("/gone")


def eventually_no_programs_in(folder: Path, within: float = 5.0) -> bool:
    deadline = time.monotonic() + within
    while programs_in(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not programs_in(folder)


@pytest.fixture
def alerts(shared_data: Path) -> Path:
    return shared_data / "ztf_sorting_hat.avro"


def test_published_model_and_real_alerts_make_a_table(
    alerts: Path, shared_data: Path, tmp_path: Path, classified: dict[str, dict[str, Any]]
) -> None:
    # What is meant for the real clusters must not reach the demo.
    (tmp_path / ".env").write_text("SCRIBE_SERVER=127.0.0.1:9\nPRODUCER_SASL_USERNAME=someone\n")
    archive = shared_data / "ztf_model_2020-06.zip"
    arguments = ("--alerts", str(alerts), "--model", str(archive), "--count", "25", "--rate", "20")
    with demo(tmp_path, *arguments) as process:
        out, errors = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, errors) == (0, "")
    rows = ROW.findall(out)
    assert len(rows) == 25
    expected = {(row["aid"], row["class_name"]) for row in classified.values()}
    assert set(rows) <= expected
    assert re.search(r"^\d+ published · \d+ classified · ", out, re.MULTILINE)
    assert out.endswith("Stopping after 25 results.\n")
    assert eventually_no_programs_in(tmp_path)


def test_it_goes_on_under_new_names_and_shows_what_cannot_be_classified(
    model: Path, shared_data: Path, tmp_path: Path
) -> None:
    damaged = shared_data / "ztf_sorting_hat_unreadable.avro"
    arguments = ("--alerts", str(damaged), "--model", str(model), "--count", "7", "--rate", "20")
    with demo(tmp_path, *arguments) as process:
        out, _ = process.communicate(timeout=TIMEOUT)
    rows = [line for line in out.splitlines() if "dead letter: stamp-damaged: " in line]
    assert (process.returncode, len(rows)) == (0, 7)
    names = [row.split()[1] for row in rows]
    assert names[3:6] == [f"{name}-1" for name in names[:3]]


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything(
    signum: signal.Signals, alerts: Path, model: Path, tmp_path: Path
) -> None:
    with demo(tmp_path, "--alerts", str(alerts), "--model", str(model)) as process:
        first_row(process)
        process.send_signal(signum)
        out, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
    assert out.endswith("Stopped: worker, broker and all that they held are gone.\n")
    assert eventually_no_programs_in(tmp_path)


def test_a_worker_that_dies_has_its_last_lines_shown(
    alerts: Path, model: Path, tmp_path: Path
) -> None:
    with demo(tmp_path, "--alerts", str(alerts), "--model", str(model)) as process:
        first_row(process)
        (worker,) = programs_in(tmp_path / ".demo")
        subprocess.run(["kill", "-KILL", str(worker)], check=True)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert errors.startswith("error: the worker has ended with exit code -9; the end of ")
    assert "batch of" in errors


def test_it_says_what_to_pass_where_nothing_is_shipped(tmp_path: Path) -> None:
    done = subprocess.run(DEMO, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "make demo ALERTS=" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_is_none_is_told_in_the_words_of_the_import(
    alerts: Path, tmp_path: Path
) -> None:
    arguments = ("--alerts", str(alerts), "--model", str(alerts))
    done = subprocess.run(
        [*DEMO, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {alerts} is neither a folder nor a readable zip")
