"""The commands that README, docs, help texts and messages show do what they should.

tests/unit/test_examples.py parses those that are not run here; tests/support/examples.py has the
reasons.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

from tests.support import alert_messages
from tests.support.apache_kafka import ApacheKafka
from tests.support.examples import ROOT, Example, examples
from tests.support.stopwatch import AMPLE
from tests.support.topics import Record, create_topics, produce
from tests.support.worker import clean_environment, command, worker
from tests.system.conftest import environment

# tests/system/test_tutorial.py runs its steps.
TUTORIAL = "docs/tutorial.md"
# Needs real data.
PUBLISHED = "model.zip"
# Examples that run until Ctrl-C → what they print by then.
ENDLESS = {
    "faust -A stampapp worker": "Worker ready",
    "faust -A stampapp simulate --survey ZTF --rate 30": "of seed ",
    "faust -A stampapp simulate --survey LSST --rate 100 --schema 10.0": "of seed ",
    "faust -A stampapp inspect deadletter --follow": "dead-letter",
}
# As an example names a dead letter by the offset 17.
DEAD_LETTERS = 18
KNOWN = "ZTF18aaxlzgi"


def is_mention(example: Example) -> bool:
    """Return whether a text only names a command that needs arguments."""
    bare = {"classify", "deadletters", "import-model", "inspect", "offsets", "replay", "simulate"}
    program, *words = example.words
    if program not in {"faust", "python"}:
        return False
    return len(words) < 3 or (len(words) == 3 and words[2] in bare)


def is_run(example: Example) -> bool:
    elsewhere = example.place == TUTORIAL or example.selects_tests
    return not (elsewhere or example.why_not_run or is_mention(example))


RUN = [example for example in examples() if is_run(example)]
SELECTIONS = [example for example in examples() if example.selects_tests]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the examples name."""
    path = tmp_path_factory.mktemp("reader")
    shutil.copytree(ROOT / "model", path / "model")
    shutil.copytree(ROOT / "model" / "ztf", path / "model" / "published")
    for name in (".env.example", "Makefile"):
        shutil.copy(ROOT / name, path)
    (path / ".venv").symlink_to(sys.prefix)
    for name in ("night", "alerts", "packets"):
        (path / name).mkdir()
    for survey, file in (("ZTF", "night/one.avro"), ("LSST", "packets/one.avro")):
        arguments = ("--survey", survey, "--count", "6", "--seed", "4", "--to", file)
        done = command("simulate", *arguments, cwd=path)
        assert done.returncode == 0, done.stderr
    for copy in ("alerts/one.avro", "more.avro"):
        shutil.copy(path / "night" / "one.avro", path / copy)
    for name in ("night.tar.gz", "ztf_public_20201010.tar.gz"):
        with tarfile.open(path / name, "w:gz") as archive:
            archive.add(path / "more.avro", "one.avro")
    return path


def messages(folder: Path) -> list[Record]:
    """Return alerts, one of them of the object that examples name, and bad ones."""
    schema, alerts = alert_messages.records(folder / "more.avro")
    alerts[0] |= {"aid": KNOWN, "oid": KNOWN}
    good = [Record(one["aid"].encode(), alert_messages.message(schema, one)) for one in alerts]
    return [*good, *[Record(b"bad", b"not an alert")] * DEAD_LETTERS]


@pytest.fixture(scope="module")
def settings(kafka: ApacheKafka, folder: Path) -> dict[str, str]:
    """The settings of a worker that has classified alerts."""
    found = environment(kafka.bootstrap, CLASSIFIER_STRATEGY="ZTF", CONSUMER_TOPICS="ztf_alerts")
    create_topics(kafka.bootstrap, {"ztf_alerts": 2})
    sent = messages(folder)
    produce(kafka.bootstrap, "ztf_alerts", sent)
    with worker(found, folder) as running:
        running.wait_for(f"{len(sent)} in all")
        running.terminate()
    return found


@pytest.mark.parametrize("example", RUN, ids=lambda one: one.command[:70])
def test_an_example_runs(
    example: Example, folder: Path, settings: dict[str, str], request: pytest.FixtureRequest
) -> None:
    if PUBLISHED in example.words:
        data: Path = request.getfixturevalue("shared_data")
        shutil.copy(data / "ztf_model_2020-06.zip", folder / PUBLISHED)
    if words := ENDLESS.get(example.command):
        _runs_until_interrupted(example, words, folder, settings)
        return
    done = _shell(example.command, folder, settings)
    assert done.returncode == 0, done.stdout + done.stderr


def _shell(line: str, folder: Path, settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euc", line],
        env=_surroundings() | settings,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=AMPLE,
        check=False,
    )


def _surroundings() -> dict[str, str]:
    surroundings = clean_environment()
    programs = f"{Path(sys.executable).parent}{os.pathsep}{surroundings['PATH']}"
    return surroundings | {"PATH": programs}


def _runs_until_interrupted(
    example: Example, words: str, folder: Path, settings: dict[str, str]
) -> None:
    log = folder / "endless.log"
    with (
        log.open("wb") as file,
        subprocess.Popen(
            example.words,
            env=_surroundings() | settings,
            cwd=folder,
            stdout=file,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            deadline = time.monotonic() + AMPLE
            while words not in log.read_text():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            assert process.wait(AMPLE) == 0, log.read_text()
        finally:
            process.kill()


@pytest.mark.parametrize("example", SELECTIONS, ids=lambda one: one.command)
def test_a_selection_of_tests_selects_some(example: Example) -> None:
    done = subprocess.run(
        ["make", "--dry-run", *example.words[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = re.findall(r"-m pytest .*", done.stdout.replace("\\\n", " "))
    listed = subprocess.run(
        ["bash", "-euc", f"{sys.executable} {line} --collect-only -qq {_candidates(line)}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert listed.returncode == 0, listed.stdout + listed.stderr


def _candidates(line: str) -> str:
    """Return the files in which a selection can find tests: to collect all takes half a minute."""
    wanted = re.search(r"-k (\w+)", line)
    found = [
        str(path)
        for path in sorted((ROOT / "tests" / "unit").rglob("test_*.py"))
        if wanted is None
        or wanted[1] in path.name
        or re.search(rf"def test\w*{wanted[1]}", path.read_text())
    ]
    assert found, f"no test is named for {line}"
    return " ".join(found[:3])
