"""Every step of the tutorial runs, and prints what the page shows."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from tests.support.worker import clean_environment

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# The results of a network differ a little between processors.
CLOSE = 0.03


@dataclass(frozen=True, kw_only=True)
class Step:
    """A program of the page, and the lines of output that the page shows."""

    language: str
    program: str
    shown: list[str]


def steps() -> Iterator[Step]:
    blocks = BLOCK.findall((ROOT / "docs" / "tutorial.md").read_text())
    for number, (language, program) in enumerate(blocks):
        if language == "text":
            continue
        after = blocks[number + 1] if number + 1 < len(blocks) else ("", "")
        shown = after[1].splitlines() if after[0] == "text" else []
        yield Step(language=language, program=program, shown=shown)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the parts of the repository that the tutorial needs."""
    path = tmp_path_factory.mktemp("repository")
    (path / "model").symlink_to(ROOT / "model")
    (path / ".venv").symlink_to(sys.prefix)
    return path


def run(step: Step, folder: Path) -> list[str]:
    """Return what a step prints. Each step runs in a new shell."""
    console = step.language == "console"
    done = subprocess.run(
        ["bash", "-euc", f". .venv/bin/activate; {step.program if console else 'python -'}"],
        input=None if console else step.program,
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return (done.stdout + done.stderr).splitlines()


def alike(shown: str, printed: str) -> bool:
    """Return whether a line is as shown, except for small differences of probabilities."""
    pairs = list(zip(shown.split(), printed.split(), strict=False))
    same_length = len(shown.split()) == len(printed.split())
    return same_length and all(one == other or _close(one, other) for one, other in pairs)


def _close(one: str, other: str) -> bool:
    fraction = re.compile(r"[01]\.\d{3}")
    if not (fraction.fullmatch(one) and fraction.fullmatch(other)):
        return False
    return abs(float(one) - float(other)) < CLOSE


def test_every_step_prints_what_is_shown(folder: Path) -> None:
    found = list(steps())
    assert {step.language for step in found} == {"console", "python"}
    for step in found:
        printed = iter(run(step, folder))
        for line in step.shown:
            assert any(alike(line, one) for one in printed), f"not printed, or not here: {line}"
    _leaves_a_table_and_pictures(folder)


def _leaves_a_table_and_pictures(folder: Path) -> None:
    assert len(pd.read_parquet(folder / "night.parquet")) == 60
    pictures = list((folder / "album").rglob("*.png"))
    assert len(pictures) == 60
    assert {"SN", "AGN", "VS", "asteroid", "bogus"} <= {path.parent.name for path in pictures}


def test_a_line_that_differs_is_noticed() -> None:
    assert alike("1 SN 0.947 0.008", "1 SN 0.950 0.006")
    assert not alike("1 SN 0.947", "1 AGN 0.947")
    assert not alike("1 SN 0.947", "1 SN 0.847")
    assert not alike("VS 15", "VS 16")
    assert not alike("SN", "SN 1")
