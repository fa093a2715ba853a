"""Malicious messages are rejected quickly and in little memory; odd ones are classified."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.hostile import CLASSIFIED, everything

LIMIT_MIB, LIMIT_S = 256.0, 1.0
OUTCOMES = {one.name: one.outcome for one in everything()}


@pytest.fixture(scope="module")
def treated() -> dict[str, dict[str, Any]]:
    """The outcome of each message in a separate process, by name."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.support.hostile"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {result["name"]: result for result in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("name", OUTCOMES)
def test_each_message_has_its_outcome_at_little_cost(
    name: str, treated: dict[str, dict[str, Any]]
) -> None:
    result = treated[name]
    assert result["outcome"] == OUTCOMES[name], result["said"]
    # Of a processor: others may be at work on this machine.
    assert result["seconds"] < LIMIT_S
    assert result["mebibytes"] < LIMIT_MIB
    assert "\n" not in result["said"]


def test_both_outcomes_occur() -> None:
    assert CLASSIFIED in OUTCOMES.values()
    assert len(set(OUTCOMES.values())) > 15
