"""The C++ of the native engine under the address and undefined-behaviour sanitizers.

A program of its own calls it with random sizes, and with arrays that do not fit them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ENGINE = ROOT / "stampapp" / "native"
PROGRAM = ROOT / "tests" / "support" / "native" / "exercise.cpp"
OPTIONS = (
    *("-std=c++17", "-O1", "-g1", "-ffp-contract=fast", "-pthread"),
    *("-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
    *("-Wall", "-Wextra", "-Werror"),
)


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(one) for one in arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )


@pytest.fixture(scope="module")
def exercise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("g++")
    assert compiler, "g++ is not on the PATH: install it to test the native engine"
    program = tmp_path_factory.mktemp("sanitized") / "exercise"
    sources = [*sorted(ENGINE.glob("*.cpp")), PROGRAM]
    built = run(compiler, *OPTIONS, "-I", ENGINE, *sources, "-o", program)
    assert built.returncode == 0, built.stderr
    return program


def test_networks_of_any_size_stay_within_their_memory(exercise: Path) -> None:
    found = run(exercise, "sizes", "1", "20")
    assert (found.returncode, found.stdout) == (0, "all as expected\n"), found.stderr


def test_a_lack_of_memory_is_an_error_and_loses_none(exercise: Path) -> None:
    options = "allocator_may_return_null=1:max_allocation_size_mb=4"
    found = run(exercise, "memory", ASAN_OPTIONS=options)
    assert (found.returncode, found.stdout) == (0, "all as expected\n"), found.stderr


def test_what_a_sanitizer_finds_fails_the_program(exercise: Path) -> None:
    # Here the program itself lacks memory, which is no error of the engine.
    options = "allocator_may_return_null=1:max_allocation_size_mb=1"
    found = run(exercise, "memory", ASAN_OPTIONS=options)
    assert found.returncode != 0
    assert "ERROR: AddressSanitizer" in found.stderr
