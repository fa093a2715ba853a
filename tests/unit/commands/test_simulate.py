from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stampapp.alerts.surveys import Survey
from stampapp.commands.simulate import SimulateRequest, output_files
from stampapp.errors import ConfigError

SKY = Path("sky.avro")


def request(**changes: Any) -> SimulateRequest:
    usual: dict[str, Any] = {"survey": Survey.ZTF, "seed": 7, "count": 10, "rate": None}
    return SimulateRequest(**usual | changes)


def test_labels_are_written_next_to_the_alerts_by_default() -> None:
    assert output_files(request(), SKY, None) == (SKY, Path("sky.avro.labels.csv"))
    assert output_files(request(), SKY, Path("truth.csv")) == (SKY, Path("truth.csv"))


def test_without_a_file_it_is_a_topic() -> None:
    assert output_files(request(count=None, rate=3.0), None, None) is None


@pytest.mark.parametrize(
    ("changes", "to", "labels", "expected"),
    [
        ({}, None, Path("truth.csv"), "--labels needs --to"),
        ({"count": None}, SKY, None, "--to needs --count"),
        ({"rate": 3.0}, SKY, None, "--rate is for publishing"),
        ({}, SKY, SKY, "--labels and --to are both"),
    ],
)
def test_what_makes_no_sense_together_is_refused(
    changes: dict[str, Any], to: Path | None, labels: Path | None, expected: str
) -> None:
    with pytest.raises(ConfigError, match=expected):
        output_files(request(**changes), to, labels)


def test_a_request_as_text() -> None:
    assert str(request()) == "10 ZTF alerts of seed 7"
    assert str(request(count=None)) == "endless ZTF alerts of seed 7"
