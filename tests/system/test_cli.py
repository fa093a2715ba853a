"""The command line answers at once, without loading the network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.worker import FAUST, clean_environment, command, timed


@pytest.mark.parametrize("arguments", [["--help"], ["agents"]])
def test_answers_in_two_seconds_without_tensorflow(arguments: list[str], tmp_path: Path) -> None:
    script = [sys.executable, "-X", "importtime", *FAUST[1:], *arguments]
    traced = subprocess.run(
        script, env=clean_environment(), cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "stampapp.agents.forwarding" in traced.stderr
    for package in ("tensorflow", "keras", "astropy", "pandas"):
        assert package not in traced.stderr
    # The least of three: what runs beside it on the same core makes its own seconds longer.
    runs = (timed(*arguments, cwd=tmp_path) for _ in range(3))
    assert any(done.returncode == 0 and seconds < 2.0 for done, seconds in runs)


def test_help_lists_our_commands(tmp_path: Path) -> None:
    text = command("--help", cwd=tmp_path).stdout
    for name in (
        "add-self-test",
        "agents",
        "broker",
        "check",
        "classify",
        "deadletters",
        "import-model",
        "inspect",
        "reconcile",
        "replay",
        "topics",
        "worker",
    ):
        assert f"\n  {name} " in text


def test_the_agents_are_listed_with_their_topic(tmp_path: Path) -> None:
    done = command("agents", cwd=tmp_path, CONSUMER_TOPICS="alerts")
    assert "@classification" in done.stdout


def test_python_m_is_the_same_program(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stampapp", "agents"],
        env=clean_environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "@classification" in done.stdout


def test_nothing_is_written_where_it_runs(tmp_path: Path) -> None:
    command("agents", cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []
