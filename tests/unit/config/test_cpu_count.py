from __future__ import annotations

import os
from pathlib import Path

import pytest

from stampapp.config import cpu_count


def test_the_number_of_processors_is_at_most_that_of_the_machine() -> None:
    assert 1 <= cpu_count.cores() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("quota", "found"),
    [("100000 100000", 1), ("50000 100000", 1), ("max 100000", None), ("", None), (None, None)],
)
def test_a_container_has_no_more_processors_than_its_share(
    quota: str | None, found: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if quota is not None:
        (tmp_path / "cpu.max").write_text(quota)
    monkeypatch.setattr(cpu_count, "_CPU_MAX", tmp_path / "cpu.max")
    assert cpu_count.cores() == (found or len(os.sched_getaffinity(0)))
