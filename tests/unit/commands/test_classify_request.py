from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stampapp.alerts.surveys import Survey
from stampapp.commands.classify_request import ClassifyRequest, run
from stampapp.errors import ConfigError
from tests.support.alerts import container, record
from tests.support.fake_classifier import FakeClassifier


def request(**changes: Any) -> ClassifyRequest:
    usual: dict[str, Any] = {
        "paths": (Path("nowhere.avro"),),
        "as_json": False,
        "every_alert": False,
        "survey": None,
        "model": None,
        "pictures": None,
        "output": None,
        "resume": False,
    }
    return ClassifyRequest(**usual | changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"resume": True}, "--resume goes on with the table of --output: name it"),
        ({"output": Path("a.csv"), "as_json": True}, "--output writes a table, --json lines"),
        ({"output": Path("a.xls")}, r"end the name with \.parquet, \.csv, \.ecsv, \.vot or \.fits"),
        ({"output": Path("no/a.csv")}, "no is no folder"),
    ],
)
def test_an_impossible_output_is_refused_before_anything_is_loaded(
    changes: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stampapp.classifiers.load", None)
    with pytest.raises(ConfigError, match=words):
        run(request(**changes))


def test_alerts_are_not_replaced_by_their_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alerts = tmp_path / "night.csv"
    alerts.write_bytes(container(record()))
    monkeypatch.setattr("stampapp.classifiers.load", lambda _: FakeClassifier())
    for output in (alerts, tmp_path / "link.csv"):
        if output != alerts:
            output.symlink_to(alerts)
        with pytest.raises(ConfigError, match=r"which has alerts: name another file"):
            run(request(paths=(alerts,), output=output, survey=Survey.ZTF))
    assert alerts.read_bytes().startswith(b"Obj")
