"""`make demo`: its output, and that it leaves no processes or files."""

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

from tests.support.stopwatch import AMPLE
from tests.support.waiting import until

DEMO = [sys.executable, "-m", "stampapp.demo"]
SURVEYS = ("ZTF", "ATLAS", "LSST")
CLASSES = "AGN|SN|VS|asteroid|bogus"
# Whichever survey comes first, its spelling of the classes heads the table.
LINES = re.MULTILINE | re.IGNORECASE
ROW = re.compile(rf"^(?P<aid>\S+) +(?P<class>{CLASSES}) ", LINES)
SIMULATED_ROW = re.compile(
    rf"^(?P<survey>{'|'.join(SURVEYS)})-\d+ +({CLASSES}) +(?P<truth>{CLASSES}) ", LINES
)


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


def eventually_no_programs_in(folder: Path, within: float = AMPLE) -> bool:
    deadline = time.monotonic() + within
    while programs_in(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not programs_in(folder)


@pytest.fixture
def alerts(shared_data: Path) -> Path:
    return shared_data / "ztf_sorting_hat.avro"


@pytest.fixture
def clone(ztf_model: Path, atlas_model: Path, lsst_model: Path, tmp_path: Path) -> Path:
    """A folder with models where the repository has those that it ships."""
    (tmp_path / "model").mkdir()
    for survey, model in (("ztf", ztf_model), ("atlas", atlas_model), ("lsst", lsst_model)):
        (tmp_path / "model" / survey).symlink_to(model)
    return tmp_path


def test_all_surveys_are_simulated_and_classified_where_nothing_is_given(clone: Path) -> None:
    # What is meant for the real clusters must not reach the demo.
    (clone / ".env").write_text("SCRIBE_SERVER=127.0.0.1:9\nPRODUCER_SASL_USERNAME=someone\n")
    with demo(clone, "--count", "30", "--rate", "20") as process:
        out, errors = process.communicate(timeout=AMPLE)
    assert (process.returncode, errors) == (0, "")
    assert "ZTF model: tried_on_ztf 0.1, " in out
    assert "ATLAS model: tried_on_atlas 0.1, " in out
    assert "LSST model: tried_on_lsst 0.1, " in out
    for survey in SURVEYS:
        assert re.search(
            rf"^See the stamps of {survey}: http://127\.0\.0\.1:\d+/$", out, re.MULTILINE
        )
    waits = (
        "Waiting for the workers to load",
        "See the stamps of",
        "Waiting for the first results",
    )
    first = SIMULATED_ROW.search(out)
    assert first
    places = [*map(out.index, waits), first.start()]
    assert places == sorted(places)
    rows = SIMULATED_ROW.findall(out)
    assert len(rows) == len(ROW.findall(out)) == 30
    surveys, _, truths = zip(*rows, strict=True)
    assert min(surveys.count(survey) for survey in SURVEYS) > 3
    assert len(set(truths)) > 2
    right = sum(found.casefold() == truth.casefold() for _, found, truth in rows)
    assert f" · {right} of 30 right" in out
    assert out.endswith("Stopping after 30 results.\n")
    assert eventually_no_programs_in(clone)


def test_published_model_and_real_alerts_make_a_table(
    alerts: Path, shared_data: Path, tmp_path: Path, classified: dict[str, dict[str, Any]]
) -> None:
    archive = shared_data / "ztf_model_2020-06.zip"
    arguments = ("--alerts", str(alerts), "--model", str(archive), "--count", "25", "--rate", "20")
    with demo(tmp_path, *arguments) as process:
        out, errors = process.communicate(timeout=AMPLE)
    assert (process.returncode, errors) == (0, "")
    rows = ROW.findall(out)
    assert len(rows) == 25
    expected = {(row["aid"], row["class_name"]) for row in classified.values()}
    assert set(rows) <= expected
    assert re.search(r"^\d+ published", out, re.MULTILINE)
    assert out.endswith("Stopping after 25 results.\n")
    assert eventually_no_programs_in(tmp_path)


def test_it_goes_on_under_new_names_and_shows_what_cannot_be_classified(
    model: Path, shared_data: Path, tmp_path: Path
) -> None:
    damaged = shared_data / "ztf_sorting_hat_unreadable.avro"
    arguments = ("--alerts", str(damaged), "--model", str(model), "--count", "7", "--rate", "20")
    with demo(tmp_path, *arguments) as process:
        out, _ = process.communicate(timeout=AMPLE)
    rows = [line for line in out.splitlines() if "dead letter: stamp-damaged: " in line]
    assert (process.returncode, len(rows)) == (0, 7)
    names = [row.split()[0] for row in rows]
    assert names[3:6] == [f"{name}-1" for name in names[:3]]


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything(signum: signal.Signals, clone: Path) -> None:
    with demo(clone) as process:
        first_row(process)
        process.send_signal(signum)
        out, errors = process.communicate(timeout=AMPLE)
    assert (process.returncode, errors) == (0, "")
    assert out.endswith("Stopped: the workers and the broker, with all their topics, are gone.\n")
    assert eventually_no_programs_in(clone)


def test_a_worker_that_dies_has_its_last_lines_shown(
    alerts: Path, model: Path, tmp_path: Path
) -> None:
    with demo(tmp_path, "--alerts", str(alerts), "--model", str(model)) as process:
        first_row(process)
        # The line of a batch is written after its results are confirmed.
        log = tmp_path / ".demo" / "ztf.log"
        until(lambda: "batch of" in log.read_text(), AMPLE)
        # A survey that has no model has no worker.
        (worker,) = programs_in(tmp_path / ".demo")
        subprocess.run(["kill", "-KILL", str(worker)], check=True)
        _, errors = process.communicate(timeout=AMPLE)
    assert process.returncode == 1
    assert errors.startswith("error: the ZTF worker has ended with exit code -9; the end of ")
    assert "batch of" in errors


def test_it_says_what_is_missing_where_a_model_folder_is_empty(tmp_path: Path) -> None:
    (tmp_path / "model" / "ztf").mkdir(parents=True)
    done = subprocess.run(DEMO, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: there is no model in model/ztf ")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_an_invalid_model_is_reported_by_the_import(alerts: Path, tmp_path: Path) -> None:
    arguments = ("--alerts", str(alerts), "--model", str(alerts))
    done = subprocess.run(
        [*DEMO, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {alerts} is neither a folder nor a readable zip")
