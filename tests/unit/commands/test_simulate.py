from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stampapp.alerts.surveys import Survey
from stampapp.commands.simulate import (
    SimulateRequest,
    output_files,
    parse_version,
    publish_simulated,
)
from stampapp.config import settings
from stampapp.config.environment import Reader
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
        ({"schema_id": 1000}, SKY, None, "--schema is for publishing"),
        ({}, SKY, SKY, "--labels and --to are both"),
    ],
)
def test_what_makes_no_sense_together_is_refused(
    changes: dict[str, Any], to: Path | None, labels: Path | None, expected: str
) -> None:
    with pytest.raises(ConfigError, match=expected):
        output_files(request(**changes), to, labels)


@pytest.mark.parametrize(("text", "schema_id"), [(None, None), ("10.0", 1000), ("7.4", 704)])
def test_the_version_of_a_schema_is_its_id(text: str | None, schema_id: int | None) -> None:
    assert parse_version(text) == schema_id


@pytest.mark.parametrize("text", ["", "10", "1000", "10.0.1", "v10.0", "10.123"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"give a version such as 10\.0"):
        parse_version(text)


def test_a_request_as_text() -> None:
    assert str(request()) == "10 ZTF alerts of seed 7"
    assert str(request(count=None)) == "endless ZTF alerts of seed 7"


def test_an_interrupt_while_the_processes_start_ends_it_in_order(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("stampapp.commands.simulate.simulated.simulated_alerts", interrupted)
    environment = {
        "CLASSIFIER_STRATEGY": "ZTF",
        "CONSUMER_TOPICS": "ztf_alerts",
        "CONSUMER_SERVER": "127.0.0.1:1",
    }
    target = settings.input_settings(Reader(environment.get))
    assert publish_simulated(request(count=None, rate=30.0), target) == 0
    assert "Stopped: nothing was published." in capsys.readouterr().err
