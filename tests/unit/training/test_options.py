from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from stampapp.alerts.surveys import Survey
from stampapp.training import options

TRAIN = ["train", "--survey", "ZTF"]
SIMULATED = [*TRAIN, "--count", "60", "--seed", "3"]


def test_command_line_repeats_the_arguments() -> None:
    chosen = options.parse_arguments([*SIMULATED, "--rate", "0.01", "--leave-out", "rb,ra"])
    words = shlex.split(options.command_line(chosen))
    assert words[:4] == ["python", "-m", "stampapp.training", "train"]
    assert options.parse_arguments(words[3:]) == chosen


def test_command_line_leaves_out_cache_and_workers() -> None:
    chosen = options.parse_arguments([*SIMULATED, "--cache", "/somewhere", "--workers", "3"])
    text = options.command_line(chosen)
    assert "somewhere" not in text
    assert "workers" not in text
    assert "--into" not in text


@pytest.mark.parametrize("survey", ["atlas", "ATLAS", "Atlas"])
def test_survey_is_written_in_any_case(survey: str) -> None:
    chosen = options.parse_arguments(["train", "--survey", survey, "--count", "60"])
    assert chosen.survey is Survey.ATLAS


def test_unknown_survey_is_reported_with_the_known_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="2"):
        options.parse_arguments(["train", "--survey", "GAIA", "--count", "60"])
    assert "--survey: one of ZTF, ATLAS, LSST is expected" in capsys.readouterr().err


def test_command_line_has_every_default() -> None:
    text = options.command_line(options.parse_arguments(SIMULATED))
    for part in (
        "--precision float32",
        "--epochs 16",
        "--rate 0.001",
        "--feature-dropout 0.1",
        "--version 0.1.0",
    ):
        assert part in text


@pytest.mark.parametrize(
    "arguments",
    [
        TRAIN,
        [*TRAIN, "--labels", "l.csv"],
        [*TRAIN, "--alerts", "folder"],
        [*SIMULATED, "--alerts", "folder", "--labels", "l.csv"],
        [*SIMULATED, "--labels", "l.csv"],
        ["evaluate", "model"],
    ],
)
def test_alerts_must_come_from_one_source(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        options.parse_arguments(arguments)
    assert end.value.code == 2
    assert "either --count (and --seed), or --alerts and --labels" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("--count", "0"),
        ("--seed", "-1"),
        ("--dropout", "1.5"),
        ("--rate", "x"),
        ("--precision", "half"),
    ],
)
def test_invalid_values_are_rejected(
    key: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        options.parse_arguments([*SIMULATED, key, value])
    assert f"argument {key}: invalid" in capsys.readouterr().err


def test_evaluate_takes_alerts_without_labels() -> None:
    chosen = options.parse_arguments(["evaluate", "model", "--alerts", "a"])
    assert (chosen.alerts, chosen.labels, chosen.count) == (Path("a"), None, None)


def test_compare_takes_real_and_simulated_alerts() -> None:
    chosen = options.parse_arguments(
        ["compare", "--survey", "ZTF", "--alerts", "a", "--count", "9", "--into", "f"]
    )
    assert (chosen.alerts, chosen.count, chosen.into) == (Path("a"), 9, Path("f"))
