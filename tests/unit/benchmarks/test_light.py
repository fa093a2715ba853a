from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import light
from benchmarks.ratio_checks import RatioCheck, small_batch_check, speedup_check
from stampapp.native import engine as native


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> dict[str, RatioCheck]:
    """The checks that the light benchmark finds, which a test may replace."""
    found = {"speedup": speedup_check(1.8, 0.6), "small": small_batch_check(1.0, 0.9)}
    monkeypatch.setattr(native, "unavailable_reason", lambda: None)
    monkeypatch.setattr(light, "_speedup", lambda: [found["speedup"]])
    monkeypatch.setattr(light, "_small_batches", lambda: found["small"])
    return found


def test_good_ratios_pass(measured: dict[str, RatioCheck], tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    assert light.run(path) == 0
    ratios = [one["ratio"] for one in json.loads(path.read_text())["checks"]]
    assert ratios == pytest.approx([3.0, 0.9])


@pytest.mark.parametrize(
    ("name", "check"),
    [("speedup", speedup_check(1.8, 1.1)), ("small", small_batch_check(1.0, 0.8))],
)
def test_each_ratio_alone_can_fail(
    measured: dict[str, RatioCheck],
    name: str,
    check: RatioCheck,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    measured[name] = check
    assert light.run(tmp_path / "bench.json") == 1
    assert capsys.readouterr().out.count("FAILED") == 1


def test_without_a_native_engine_nothing_is_checked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(native, "unavailable_reason", lambda: "it was built without one")
    path = tmp_path / "bench.json"
    assert light.run(path) == 0
    assert json.loads(path.read_text()) == {"left_out": "it was built without one"}
    assert "Nothing is checked: it was built without one" in capsys.readouterr().out
