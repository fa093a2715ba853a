from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stampapp.alerts.alert import LabelledAlert
from stampapp.alerts.surveys import Survey
from stampapp.commands.simulate import (
    SimulateRequest,
    output_files,
    parse_version,
    publish_simulated,
    resume_files,
)
from stampapp.config import settings
from stampapp.config.environment import Reader
from stampapp.errors import ConfigError
from stampapp.feeds.avro_writer import write_alerts
from stampapp.feeds.unfinished_alerts import SimulationSource
from tests.support.alerts import alert

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
        ({}, Path("nowhere/sky.avro"), SKY, "nowhere is no folder"),
        ({}, SKY, Path("nowhere/truth.csv"), "nowhere is no folder"),
        ({}, Path(), SKY, "is a folder: name a file"),
        ({}, Path("/proc/sky.avro"), None, "/proc/sky.avro cannot be written: No such file"),
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
    assert str(request(count=1)) == "1 ZTF alert of seed 7"
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


def unfinished(folder: Path, **changes: Any) -> tuple[Path, Path]:
    """Write three alerts of seed 7."""
    alerts, labels = folder / "sky.avro", folder / "labels.csv"
    usual: dict[str, Any] = {"survey": Survey.ZTF, "seed": 7}
    source = SimulationSource(**usual | changes)
    drawn = [LabelledAlert(alert=alert(candid=str(number)), label="SN") for number in range(3)]
    write_alerts(drawn, alerts, labels, source)
    return alerts, labels


@pytest.mark.parametrize(
    ("of_files", "seed", "count", "words"),
    [
        ({"survey": Survey.ATLAS}, None, 10, "it has ATLAS alerts of seed 7 .*not ZTF alerts"),
        ({"version": "0.0.1"}, None, 10, r"of seed 7 by stampapp 0\.0\.1, not"),
        ({}, 8, 10, "of seed 7 by .*, not ZTF alerts of seed 8"),
        ({}, 7, 2, "has 3 alerts already: increase --count"),
    ],
)
def test_alerts_of_another_run_are_not_resumed(
    of_files: dict[str, Any], seed: int | None, count: int, words: str, tmp_path: Path
) -> None:
    files = unfinished(tmp_path, **of_files)
    with pytest.raises(ConfigError, match=words):
        resume_files(request(seed=1, count=count), seed, *files)


def test_what_has_all_alerts_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    alerts, labels = unfinished(tmp_path)
    content = alerts.read_bytes()
    assert resume_files(request(seed=1, count=3), None, alerts, labels) == 0
    assert alerts.read_bytes() == content
    said = f"{alerts} is finished: it has 3 ZTF alerts of seed 7, and {labels} their classes\n"
    assert capsys.readouterr().err == said
