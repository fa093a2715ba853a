from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stampapp.alerts.surveys import Survey
from stampapp.commands.classify_request import ClassifyRequest, run
from stampapp.errors import ConfigError
from stampapp.tables.result_journal import ResultJournal
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
        ({"output": Path("/proc/a.csv")}, "^/proc/a.csv cannot be written: No such file"),
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


def test_a_resumed_run_counts_its_own_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    alerts, album = tmp_path / "night.avro", tmp_path / "album"
    alerts.write_bytes(container(record()))
    monkeypatch.setattr("stampapp.classifiers.load", lambda _: FakeClassifier())
    # As if the first run had ended before its table was written.
    monkeypatch.setattr(ResultJournal, "delete", ResultJournal.close)
    common: dict[str, Any] = {"paths": (alerts,), "survey": Survey.ZTF, "pictures": album}
    run(request(output=tmp_path / "night.csv", **common))
    assert f"1 picture is in {album}.\n" in capsys.readouterr().err
    run(request(output=tmp_path / "night.csv", resume=True, **common))
    assert f"0 pictures of this run are in {album}.\n" in capsys.readouterr().err
